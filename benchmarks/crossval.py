"""Cross-validated F1 on the real labelled photos, for the rules and for the ranker on each reader.

    python -m benchmarks.crossval --shared ../shared

Reads the photos that the store lacks, then runs every system on the same folds: no group and no photo is in two
folds. The folds are the file benchmarks/folds_labelled.csv. ``--out DIR`` writes the out-of-fold predictions of every
system, ``--hand-corrected`` repeats the run with the labels that people corrected, where a truth can be empty.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hybridml import baselines, folds, links, metrics, photos
from hybridml.answer import Answer
from hybridml.engines import Engine, embedding_engine, reader_engine
from hybridml.errors import HybridmlError
from hybridml.evaluation import evaluate
from hybridml.featurize import featurize
from hybridml.model import Model, ModelSettings
from hybridml.ocr.textline import Reading
from hybridml.parts import photo_names
from hybridml.store import FeatureStore

FOLDS = Path(__file__).parent / "folds_labelled.csv"


@dataclass
class Result:
    """Out-of-fold answers of one system."""

    name: str
    reader: str
    predictions: list[str]
    confidence: list[float] = field(default_factory=list)
    fold_f1: list[float] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Data:
    """Rows with their folds, and what was read and seen on their photos."""

    frame: pd.DataFrame
    fold: np.ndarray
    keys: list[str | None]
    readings: dict[str, Reading]
    vectors: dict[str, np.ndarray]
    seconds_a_photo: float


def load(
    frame: pd.DataFrame, fold: np.ndarray, images: Path, store: Path, reader: Engine, look: Engine | None
) -> Data:
    """Read what is missing and return the rows with their readings and vectors."""
    features = FeatureStore(store)
    report = featurize(photos.photo_paths(frame, images), features, reader, look)
    for name, cause in report.failed.items():
        print(f"failed: {name}: {cause}", file=sys.stderr)
    keys = [report.keys.get(name) for name in photo_names(frame)]
    present = {k for k in keys if k}
    table = features.table("readings", reader.settings)
    seconds = [r["seconds"] for r in table.records(present) if r["error"] is None]
    return Data(
        frame,
        fold,
        keys,
        dict(features.readings(reader.settings, present)),
        dict(features.embeddings(look.settings, present)) if look else {},
        float(np.mean(seconds)) if seconds else float("nan"),
    )


def fit(data: Data, keep: np.ndarray, settings: ModelSettings) -> Model:
    """Fit a model on the rows where ``keep`` holds."""
    at = np.flatnonzero(keep)
    keys = [data.keys[i] for i in at]
    present = {k for k in keys if k}
    # a fitted model must not be able to see what it is not given
    readings = [(k, r) for k, r in data.readings.items() if k in present]
    vectors = {k: v for k, v in data.vectors.items() if k in present}
    return Model(settings).fit(data.frame.iloc[at].reset_index(drop=True), keys, readings, vectors)


def ranker(data: Data, name: str, settings: ModelSettings) -> tuple[Result, list[Answer]]:
    """Answer every row with a model that saw neither its group nor its photo."""
    answers: list[Answer] = [Answer(e) for e in data.frame["entity_name"]]
    start = time.perf_counter()
    for k in np.unique(data.fold):
        model = fit(data, data.fold != k, settings)
        at = np.flatnonzero(data.fold == k)
        keys = [data.keys[i] for i in at]
        readings = [(key, data.readings[key]) for key in dict.fromkeys(keys) if key in data.readings]
        entities = [data.frame["entity_name"].iloc[i] for i in at]
        for i, answer in zip(at, model.answer(keys, entities, readings, data.vectors.items()), strict=True):
            answers[i] = answer
    result = Result(name, "", [a.prediction for a in answers], [a.confidence for a in answers])
    result.seconds = time.perf_counter() - start
    return result, answers


def kept(values: Sequence[Any], keep: np.ndarray) -> list[Any]:
    """Return the values where ``keep`` holds."""
    return [value for value, k in zip(values, keep, strict=False) if k]


def only(data: Data, keep: np.ndarray) -> Data:
    """Return the data with those rows only, to score on."""
    frame = data.frame[keep].reset_index(drop=True)
    return replace(data, frame=frame, fold=data.fold[keep], keys=kept(data.keys, keep))


def with_fold_f1(result: Result, data: Data) -> Result:
    """Add the F1 of each fold."""
    truth = list(data.frame["entity_value"])
    for k in np.unique(data.fold):
        at = np.flatnonzero(data.fold == k)
        result.fold_f1.append(metrics.score([truth[i] for i in at], [result.predictions[i] for i in at]).f1)
    return result


def corrected(frame: pd.DataFrame, path: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the rows with the labels that people corrected, empty where the value is not in the photo, and which."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    by_row = {
        (links.image_name(link), entity): value
        for link, entity, value in zip(table.image_link, table.entity_name, table.entity_value, strict=True)
    }
    names = photo_names(frame)
    values = [
        by_row.get((name, entity), value)
        for name, entity, value in zip(names, frame.entity_name, frame.entity_value, strict=True)
    ]
    looked_at = np.array([(n, e) in by_row for n, e in zip(names, frame.entity_name, strict=True)])
    changed = sum(a != b for a, b in zip(values, frame.entity_value, strict=True))
    empty = sum(not v for v in values)
    print(f"hand-corrected labels: {looked_at.sum()} rows looked at, {changed} changed, {empty} now empty")
    return frame.assign(entity_value=values), looked_at


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
                result.reader,
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
        "reader",
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


def difference(
    truth: Sequence[str], ours: Sequence[str], theirs: Sequence[str], groups: Sequence[object], n: int = 2000
) -> tuple[float, float, float]:
    """Return how much higher the F1 of ``ours`` is, and its 95 % interval from drawing whole groups."""
    _, at = np.unique([str(g) for g in groups], return_inverse=True)
    counts = np.zeros((2, at.max() + 1, 3))
    for system, predictions in enumerate((ours, theirs)):
        for column, kind in enumerate(("tp", "fp", "fn")):
            np.add.at(counts[system, :, column], at, metrics.outcomes(truth, predictions) == kind)
    rng = np.random.default_rng(0)
    drawn = [
        np.arange(counts.shape[1]),
        *(rng.integers(0, counts.shape[1], counts.shape[1]) for _ in range(n)),
    ]
    gaps = [metrics.f1_of(*a) - metrics.f1_of(*b) for a, b in (counts[:, d].sum(axis=1) for d in drawn)]
    low, high = np.quantile(gaps[1:], [0.025, 0.975])
    return gaps[0], float(low), float(high)


def report_differences(results: list[tuple[Result, Data, dict[str, Any]]]) -> None:
    """Print how far the ranker is above each rule on the same reading."""
    lines = []
    for ranked, data, _ in results:
        for rule, _, _ in results:
            if ranked.name == "ranker" and rule.name != "ranker" and rule.reader == ranked.reader:
                truth, groups = list(data.frame["entity_value"]), list(data.frame["group_id"])
                gap, low, high = difference(truth, ranked.predictions, rule.predictions, groups)
                lines.append([ranked.reader, rule.name, f"{gap:+.3f}", f"{low:+.3f} to {high:+.3f}"])
    table("F1 of the ranker above the rule", ("reader", "rule", "F1", "95 % interval, by group"), lines)


def report_ranker(result: Result, scores: dict[str, Any], answers: list[Answer], data: Data) -> None:
    """Print the ranker's results per entity, its candidates, calibration and precision against coverage."""
    truth, predictions = list(data.frame["entity_value"]), result.predictions
    lines = []
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
            ]
        )
    table(
        f"{result.name} with {result.reader}, per entity",
        ("entity", "rows", "F1", "sd of folds", "F1 any unit", "oracle F1"),
        lines,
    )
    reached = metrics.reachable(truth, [a.candidates for a in answers])
    print(f"\nright answer among the candidates: {np.mean(reached):.1%} of rows")
    counts = [len(a.candidates) for a in answers]
    print(
        f"candidates a row: median {np.median(counts):.0f}, 95th percentile {np.percentile(counts, 95):.0f}"
    )
    kinds = metrics.outcomes(truth, predictions)
    said = [i for i, p in enumerate(predictions) if p]
    confidence, right = [result.confidence[i] for i in said], [kinds[i] == "tp" for i in said]
    low, high = metrics.bootstrap_interval(kinds, list(data.frame["group_id"]))
    print(f"95 % interval of F1, bootstrap by group: {low:.3f} to {high:.3f}")
    print(f"expected calibration error: {metrics.expected_calibration_error(confidence, right):.3f}")
    curve = metrics.precision_coverage(confidence, right, len(truth))
    lines = []
    for share in (0.2, 0.4, 0.6, 0.8, 1.0):
        point = curve[curve["coverage"] <= share + 1e-9].tail(1)
        if len(point):
            coverage, precision, threshold = (
                float(point[c].iloc[0]) for c in ("coverage", "precision", "threshold")
            )
            lines.append([f"{coverage:.0%}", f"{precision:.3f}", f"{threshold:.2f}"])
    table("Precision against coverage", ("rows answered", "precision", "confidence at least"), lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--shared", type=Path, default=Path("../shared"), help="folder with data/ (default: %(default)s)"
    )
    parser.add_argument(
        "--store", type=Path, default=Path("features"), help="feature store (default: %(default)s)"
    )
    parser.add_argument(
        "--readers", nargs="+", default=["tesseract", "rapidocr"], help="readers (default: both)"
    )
    parser.add_argument("--embedding", default="resnet50", help="resnet50 or none (default: %(default)s)")
    parser.add_argument("--resnet-weights", default="IMAGENET1K_V2", help="as in 'hybridml features'")
    parser.add_argument("--blocks", nargs="+", help="feature blocks (default: all)")
    parser.add_argument("--hand-corrected", action="store_true", help="use the labels people corrected")
    parser.add_argument("--out", type=Path, help="folder for out-of-fold predictions")
    parser.add_argument("--json", type=Path, help="write all scores to this file")
    parser.add_argument("--draw-folds", action="store_true", help=f"draw {FOLDS.name} again")
    options = parser.parse_args(argv)
    source = options.shared / "data" / "labelled"
    if not source.is_dir():
        raise HybridmlError(f"no labelled photos at {source}: name the folder that has data/ with --shared")
    frame, _ = photos.checked(source / "train.csv", truth=True)
    if options.draw_folds:
        folds.save_folds(FOLDS, frame, folds.assign_folds(frame, 5, 0))
    fold = np.asarray(folds.load_folds(FOLDS, frame))
    shown = np.ones(len(frame), dtype=bool)
    if options.hand_corrected:
        frame, shown = corrected(frame, options.shared / "data" / "hand_corrected.csv")
        print("scores below are over the rows looked at only; the others train")
    print(f"{len(frame)} rows, {frame.group_id.nunique()} groups; rows a fold: {np.bincount(fold).tolist()}")
    look, reason = embedding_engine(options.embedding, options.resnet_weights)
    print(f"image features: {look.settings if look else f'none ({reason})'}")
    settings = (
        ModelSettings() if options.blocks is None else replace(ModelSettings(), blocks=tuple(options.blocks))
    )

    results: list[tuple[Result, Data, dict[str, Any]]] = []
    details: list[tuple[Result, dict[str, Any], list[Answer], Data]] = []
    for name in options.readers:
        data = load(frame, fold, source / "images", options.store, reader_engine(name), look)
        found, answers = ranker(data, "ranker", settings)
        candidates = [a.candidates for a in answers]
        rules = [
            Result(
                rule,
                name,
                baselines.answer(function, data.keys, list(frame.entity_name), data.readings.items()),
            )
            for rule, function in baselines.RULES.items()
        ]
        part = only(data, shown)
        for result in (*rules, found):
            result.reader = name
            if options.out:
                options.out.mkdir(parents=True, exist_ok=True)
                written = frame.assign(fold=fold, prediction=result.predictions)
                if result.confidence:
                    written = written.assign(confidence=result.confidence)
                written.to_csv(options.out / f"{result.name}-{name}.csv", index=False)
            result.predictions = kept(result.predictions, shown)
            result.confidence = kept(result.confidence, shown)
            with_fold_f1(result, part)
            scores = evaluate(
                list(part.frame["entity_value"]),
                result.predictions,
                list(part.frame["entity_name"]),
                kept(candidates, shown),
            )
            results.append((result, part, scores))
        details.append((found, results[-1][2], kept(answers, shown), part))
    report_systems(results)
    report_differences(results)
    for detail in details:
        report_ranker(*detail)
    if options.json:
        everything = [
            {"system": r.name, "reader": r.reader, "fold_f1": r.fold_f1, **s} for r, _, s in results
        ]
        options.json.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HybridmlError as error:
        sys.exit(f"error: {error}")
