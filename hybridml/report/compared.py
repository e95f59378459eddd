"""Systems run on the same folds, as ``hybridml compare --json`` scored them: a section of a report's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hybridml.evaluation.compare.scores import (
    CSV_COLUMNS,
    PER_ENTITY,
    csv_lines,
    failures,
    named,
    overall,
    per_entity,
)

from . import plots
from .sections import Section, Shown
from .sheet import Sheet

Scores = Mapping[str, Any]

RANKER, WITHOUT = "ranker", "ranker-without-"
"""Names of the ranker and of those that lack a part, as :data:`hybridml.evaluation.baselines.SYSTEMS` has them."""


def systems_section(sheet: Sheet, results: Sequence[Scores]) -> Section | None:
    """Return the section that shows the systems, the best first; None where none was compared.

    Parameters
    ----------
    sheet : Sheet
        Of the report.
    results : sequence of mapping
        As :func:`hybridml.evaluation.compare.files.read_scores` returns them.
    """
    if not results:
        return None
    good = ranked(results)
    table = pd.DataFrame(
        list(csv_lines([*good, *(r for r in results if r["error"])])), columns=list(CSV_COLUMNS)
    )
    files = (sheet.table("systems", table),)
    sheet.numbers["systems"] = list(results)
    if not good:
        return Section(
            "systems",
            "Systems compared",
            warning="Every system failed.",
            sentences=_failed(results),
            files=files,
        )
    words = "F1 of each system: mean and standard deviation of the folds, and each fold"
    return Section(
        "systems",
        "Systems compared",
        notes=(
            "Each system was fitted and asked fold by fold by 'hybridml compare', all on the same folds, which share "
            "neither a group nor a photo: the rows, and so the numbers, are those of that run and not of this page.",
        ),
        sentences=_failed(results),
        pictures=(sheet.picture("systems", words, lambda path: systems_plot(path, good)),),
        tables=(_shown("Over all", *overall(good)), _shown(PER_ENTITY, *per_entity(good))),
        footnotes=(
            "SMAPE is the error of the number where answer and label have the same unit, and says little without the "
            "rows in brackets. Seconds to train and to predict come after reading, which is a column of its own; size "
            "is of what was learned.",
        ),
        files=files,
    )


def ablation_of(results: Sequence[Scores]) -> list[tuple[str, float]]:
    """Return what leaving a part out of the ranker does to its F1, where both were compared on the same reader.

    Parameters
    ----------
    results : sequence of mapping
        As for :func:`systems_section`.

    Returns
    -------
    list of (part, change of F1)

    Examples
    --------
    >>> scored = [("ranker", 0.75), ("ranker-without-lines", 0.74), ("first", 0.65)]
    >>> told = [{"system": n, "ocr": "rapidocr", "error": "", "all": {"f1": f}} for n, f in scored]
    >>> [(part, round(change, 3)) for part, change in ablation_of(told)]
    [('lines', -0.01)]
    """
    good = {(r["system"], r["ocr"]): r["all"]["f1"] for r in results if not r["error"]}
    return [
        (system.removeprefix(WITHOUT), f1 - good[RANKER, ocr])
        for (system, ocr), f1 in good.items()
        if system.startswith(WITHOUT) and (RANKER, ocr) in good
    ]


def ranked(results: Sequence[Scores]) -> list[Scores]:
    """Return the systems that did not fail, the best mean of folds first."""
    return sorted((r for r in results if not r["error"]), key=lambda r: -r["all"]["f1_mean"])


def _failed(results: Sequence[Scores]) -> tuple[str, ...]:
    return tuple(failures(results))


def _shown(words: str, head: Sequence[str], lines: Sequence[Sequence[str]]) -> Shown:
    return Shown(words, tuple(head), tuple(map(tuple, lines)))


def systems_plot(path: Path, results: Sequence[Scores]) -> None:
    """Draw the F1 of each system, the first on top: a dot with the spread of its folds, and a stroke for each fold."""
    lines = list(reversed(results))
    at = np.arange(len(lines))
    mean = np.array([line["all"]["f1_mean"] for line in lines])
    spread = np.array([line["all"]["f1_sd"] or 0.0 for line in lines])
    with plots.drawn(path, 7.0, 1.1 + 0.34 * len(lines)) as axes:
        folds = [(f1, y) for y, line in zip(at, lines, strict=True) for f1 in line["all"]["fold_f1"]]
        axes.plot(*zip(*folds, strict=True), "|", color=plots.BLACK, markersize=10, zorder=3, label="a fold")
        axes.errorbar(
            mean, at, xerr=spread, fmt="o", color=plots.BLUE, capsize=3, label="mean ± standard deviation"
        )
        for y, value in zip(at, mean, strict=True):
            axes.annotate(
                f"{value:.2f}", (value, y), (0, 5), textcoords="offset points", ha="center", fontsize=8
            )
        axes.set_yticks(at, [named(line) for line in lines])
        axes.set_xlim(0, 1.02)
        axes.set_ylim(-0.6, len(lines) - 0.3)
        axes.grid(axis="x", color="#dddddd", linewidth=0.6)
        axes.set_xlabel("F1")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
