"""Sections of a report that compare: this run with another, and systems with one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from hybridml.evaluation.compare import scores

from . import plots
from .run_comparison import CHANGES, RunComparison
from .sections import OverviewWriter, Section, TextTable, text_table, with_interval

SystemScores = Mapping[str, Any]

RANKER, RANKER_WITHOUT = "ranker", "ranker-without-"
"""Name of the ranker, and of rankers that lack a part of it, in :data:`hybridml.evaluation.baselines.SYSTEMS`."""


def run_section(writer: OverviewWriter, comparison: RunComparison) -> Section:
    """Return the section that compares the run with another."""
    writer.numbers["against"] = comparison.to_dict()
    sentences = []
    if comparison.compared:
        gap = with_interval(comparison.gap, comparison.low, comparison.high)
        sentences += [
            f"F1 {comparison.f1:.3f}, the other's {comparison.other_f1:.3f}: a difference of {gap}; the 95 % interval "
            "is from drawing whole groups for both",
            f"McNemar's exact test on {comparison.better} better and {comparison.worse} worse: "
            f"p = {comparison.p_value:.2g} (assuming independent rows)",
        ]
    if comparison.unpaired:
        sentences.append(f"{comparison.unpaired:,} rows are not in the other run")
    titles = {"name": "entity", "rows": "rows", **{c: c for c in CHANGES}, "f1": "F1", "other_f1": "other F1"}
    table = comparison.per_entity
    return Section(
        "against",
        f"Against {comparison.name or 'the other run'}",
        warning="The rows compared were TRAINED ON: no measure of quality." if comparison.trained else "",
        notes=()
        if comparison.trained
        else ("F1 and test are on labelled rows that this run's model was not trained on.",),
        sentences=tuple(sentences),
        tables=(text_table("Per entity, of labelled rows", table, titles),) if len(table) else (),
        files=(writer.write_table("changes", table),),
    )


def systems_section(writer: OverviewWriter, results: Sequence[SystemScores]) -> Section | None:
    """Return the section that shows the systems of :func:`read_scores`, the best first; None where there are none."""
    if not results:
        return None
    good = sorted((r for r in results if not r["error"]), key=lambda r: -r["all"]["f1_mean"])
    lines = list(scores.csv_lines([*good, *(r for r in results if r["error"])]))
    files = (writer.write_table("systems", pd.DataFrame(lines, columns=list(scores.CSV_COLUMNS))),)
    writer.numbers["systems"] = list(results)
    name, title, failed = "systems", "Systems compared", tuple(scores.failures(results))
    if not good:
        return Section(name, title, warning="Every system failed.", sentences=failed, files=files)
    caption = "F1 of each system: mean and standard deviation of the folds, and each fold"
    names, folds = [scores.named(result) for result in good], [result["all"]["fold_f1"] for result in good]
    return Section(
        name,
        title,
        notes=(
            "'hybridml compare' trained and tested each system fold by fold, on the same folds for all, which share "
            "neither a group nor a photo. The rows, and so the numbers, are those of that run, not of this page.",
        ),
        sentences=failed,
        figures=(writer.draw("systems", caption, plots.systems_plot, names, folds),),
        tables=(
            TextTable("All rows", *scores.overall(good)),
            TextTable(scores.PER_ENTITY, *scores.per_entity(good)),
        ),
        footnotes=(
            "SMAPE is the error of the number where answer and label have the same unit; it means little without the "
            "number of such rows, in brackets. Seconds to train and to predict do not include OCR, which has its own "
            "column; size is that of what was learned.",
        ),
        files=files,
    )


def ablation_of(results: Sequence[SystemScores]) -> list[tuple[str, float]]:
    """Return each part of the ranker, and how its F1 changes without it, where both were compared on one OCR engine.

    Examples
    --------
    >>> f1 = {"ranker": 0.75, "ranker-without-layout": 0.74, "first": 0.65}
    >>> results = [{"system": n, "ocr": "rapidocr", "error": "", "all": {"f1": f}} for n, f in f1.items()]
    >>> [(part, round(change, 3)) for part, change in ablation_of(results)]
    [('layout', -0.01)]
    """
    good = {(r["system"], r["ocr"]): r["all"]["f1"] for r in results if not r["error"]}
    return [
        (system.removeprefix(RANKER_WITHOUT), f1 - good[RANKER, ocr])
        for (system, ocr), f1 in good.items()
        if system.startswith(RANKER_WITHOUT) and (RANKER, ocr) in good
    ]
