"""Tables of a cross-validation, printed in Markdown."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.labelled import Data, Result
from hybridml.evaluation import metrics
from hybridml.evaluation.bootstrap import bootstrap_interval, draw_sums, interval
from hybridml.evaluation.calibration_error import expected_calibration_error, precision_coverage
from hybridml.ranking.answer import Answer
from hybridml.report.outcomes import score_labelled
from hybridml.report.run_comparison import f1_difference as difference

PRECISIONS = (0.80, 0.90, 0.95)
CONFIDENCES = (0.5, 0.7, 0.9)
"""Values of ``predict --precision`` and ``--min-confidence`` whose answers are counted."""


def table(title: str, head: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Print a table in Markdown."""
    print(f"\n{title}\n\n| {' | '.join(head)} |\n|{'|'.join('---' for _ in head)}|")
    for line in lines:
        print(f"| {' | '.join(line)} |")
    sys.stdout.flush()


def report_systems(results: list[tuple[Result, Data, dict[str, Any]]]) -> None:
    """Print the comparison of the systems."""
    lines = []
    for result, data, scores in results:
        every = scores["all"]
        lines.append(
            [
                result.name,
                result.ocr,
                f"{every['f1']:.3f}",
                f"{np.mean(result.fold_f1):.3f} ± {np.std(result.fold_f1, ddof=1):.3f}",
                f"{every['precision']:.3f}",
                f"{np.mean([bool(p) for p in result.predictions]):.0%}",
                f"{every['f1_any_unit']:.3f}",
                f"{every['oracle_f1']:.3f}",
                f"{every['smape']:.1f}",
                f"{data.seconds_a_photo:.2f}",
            ]
        )
    head = (
        "system",
        "ocr",
        "F1",
        "mean ± sd of folds",
        "precision",
        "answered",
        "F1 any unit",
        "oracle F1",
        "SMAPE %",
        "read s/photo",
    )
    table("Systems, same folds", head, lines)


def report_differences(results: list[tuple[Result, Data, dict[str, Any]]]) -> None:
    """Print how far the ranker is above each rule with the same OCR engine."""
    lines = []
    for ranked, data, _ in results:
        for rule, _, _ in results:
            if ranked.name == "ranker" and rule.name != "ranker" and rule.ocr == ranked.ocr:
                truth, groups = list(data.frame["entity_value"]), list(data.frame["group_id"])
                gap, low, high = difference(truth, ranked.predictions, rule.predictions, groups)
                lines.append([ranked.ocr, rule.name, f"{gap:+.3f}", f"{low:+.3f} to {high:+.3f}"])
    table("F1 of the ranker above the rule", ("ocr", "rule", "F1", "95 % interval, by group"), lines)


def report_ranker(result: Result, scores: dict[str, Any], answers: list[Answer], data: Data) -> None:
    """Print the ranker's results per entity, its candidates, calibration and precision."""
    truth, predictions = list(data.frame["entity_value"]), result.predictions
    lines = []
    rows = score_labelled(
        pd.DataFrame(
            {"truth": truth, "prediction": predictions, "entity": data.frame["entity_name"], "outcome": ""}
        ),
        [a.candidates for a in answers],
    )
    right, reached = (rows["kind"] == "tp").to_numpy(), rows["reached"].to_numpy(dtype=bool)
    alike = right | rows["same"].to_numpy(dtype=bool)
    for name, part in scores["per_entity"].items():
        at = np.flatnonzero(data.frame["entity_name"] == name)
        per_fold = [
            metrics.score(
                [truth[i] for i in at if data.fold[i] == k], [predictions[i] for i in at if data.fold[i] == k]
            ).f1
            for k in np.unique(data.fold[at])
        ]
        lines.append(
            [
                name,
                str(part["rows"]),
                f"{part['f1']:.3f}",
                f"{np.nanstd(per_fold, ddof=1):.3f}" if len(per_fold) > 1 else "-",
                f"{part['f1_any_unit']:.3f}",
                f"{part['oracle_f1']:.3f}",
                f"{reached[at].mean():.3f}",
                f"{right[at].sum() / max(reached[at].sum(), 1):.3f}",
                f"{(alike & reached)[at].sum() / max(reached[at].sum(), 1):.3f}",
            ]
        )
    table(
        f"{result.name} with {result.ocr}, per entity",
        ("entity", "rows", "F1", "sd of folds", "F1 any unit", "oracle F1", "reached", "chosen", "any unit"),
        lines,
    )
    print(f"\nright answer among the candidates: {np.mean(reached):.1%} of rows")
    counts = [len(a.candidates) for a in answers]
    print(
        f"candidates a row: median {np.median(counts):.0f}, 95th percentile {np.percentile(counts, 95):.0f}"
    )
    kinds = metrics.outcomes(truth, predictions)
    answered = [i for i, p in enumerate(predictions) if p]
    confidence, right = [result.confidence[i] for i in answered], [kinds[i] == "tp" for i in answered]
    low, high = bootstrap_interval(kinds, list(data.frame["group_id"]))
    print(f"95 % interval of F1, bootstrap by group: {low:.3f} to {high:.3f}")
    print(f"expected calibration error: {expected_calibration_error(confidence, right):.3f}")
    curve = precision_coverage(confidence, right, len(truth))
    lines = []
    for share in (0.2, 0.4, 0.6, 0.8, 1.0):
        point = curve[curve["coverage"] <= share + 1e-9].tail(1)
        if len(point):
            coverage, precision, threshold = (
                float(point[c].iloc[0]) for c in ("coverage", "precision", "threshold")
            )
            lines.append([f"{coverage:.0%}", f"{precision:.3f}", f"{threshold:.2f}"])
    table("Precision against coverage", ("rows answered", "precision", "confidence at least"), lines)
    report_thresholds(result, data)


def report_thresholds(result: Result, data: Data) -> None:
    """Print the precision of the answers that the thresholds of each fold's model keep, on its validation rows."""
    right = metrics.outcomes(list(data.frame["entity_value"]), result.predictions) == "tp"
    confidence, entities = np.asarray(result.confidence), list(data.frame["entity_name"])
    answered = np.array([bool(p) for p in result.predictions])
    options = []
    for precision in PRECISIONS:
        calibrators = [result.calibrators[int(k)] for k in data.fold]
        least = [c.threshold(precision, entity) for c, entity in zip(calibrators, entities, strict=True)]
        options.append((f"--precision {precision:.2f}", answered & (confidence >= least)))
    options += [(f"--min-confidence {least}", answered & (confidence >= least)) for least in CONFIDENCES]
    lines = []
    for option, kept in options:
        cells = ["-", "-", "-"]
        if kept.any():
            sums = draw_sums(np.stack([right & kept, kept], axis=1), list(data.frame["group_id"]), 2000)
            with np.errstate(invalid="ignore"):
                low, high = interval(sums[:, 0] / sums[:, 1])
            cells = [
                f"{confidence[kept].mean():.3f}",
                f"{right[kept].mean():.3f}",
                f"{low:.3f} to {high:.3f}",
            ]
        lines.append([option, *cells, f"{kept.mean():.1%}"])
    head = ("option", "mean confidence", "precision", "95 % interval, by group", "rows answered")
    table("Answers that 'hybridml predict' keeps", head, lines)
