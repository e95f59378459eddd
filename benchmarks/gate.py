"""The quality gate: cross-validated F1 from stored OCR results, in minutes, without opening a photo.

    python -m benchmarks.gate --shared ../shared

It trains and validates on the same folds as benchmarks.crossval, on the OCR results beside the photos alone. The test
suite runs it and compares with :data:`FLOOR`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import command
from benchmarks.labelled import FOLDS, Data, Sources, ranker
from hybridml.datasets import folds
from hybridml.datasets.groups import photo_names
from hybridml.errors import HybridmlError
from hybridml.evaluation import metrics
from hybridml.ranking.model import ModelSettings
from hybridml.ranking.ranker import RankerSettings
from hybridml.vision.text_line import OCRResult, TextLine

FLOOR = 0.751
"""F1 below which a change is refused: two points below the documented F1 of this command."""

WEAK_WEIGHT = {"depth": 0.0}
"""Weights of weak labels; choosing them would take three times as long."""

SETTINGS = ModelSettings(
    blocks=("form", "layout", "keywords", "comparison"),
    folds=3,
    ranker=RankerSettings(seeds=1),
    weak_weight=WEAK_WEIGHT,
)


def stored_results(path: Path) -> dict[str, OCRResult]:
    """Return the OCR results of one file by photo name."""
    if not path.is_file():
        raise HybridmlError(f"no OCR results at {path}: name the folder with data/ as --shared")
    found = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for record in map(json.loads, file):
            lines = tuple(
                TextLine(text, confidence, tuple((float(x), float(y)) for x, y in polygon))
                for text, confidence, polygon in record["toks"]
            )
            found[record["image"]] = OCRResult(lines, record["w"], record["h"])
    return found


def load(shared: Path) -> Data:
    """Return the rows with stored OCR results."""
    sources = Sources(shared, Path("features"))
    folder = shared / "data" / "readings"
    ocr_results = stored_results(folder / "rapidocr_labelled.jsonl.gz")
    ocr_results |= stored_results(folder / "rapidocr_agreed.jsonl.gz")
    frame, weak_labels = sources.rows("labelled"), sources.rows("agreed")
    fold = np.asarray(folds.load_folds(FOLDS, frame))
    keys: list[str | None] = [*photo_names(frame)]
    weak_keys: list[str | None] = [*photo_names(weak_labels)]
    return Data(frame, fold, keys, ocr_results, {}, 0.0, weak_labels, weak_keys, sources.labels())


def f1(data: Data, settings: ModelSettings = SETTINGS, fold: int | None = None) -> float:
    """Return the F1 over all rows, or those of one fold, by models trained on neither their groups nor their photos."""
    predictions = ranker(data, "gate", settings, only=fold)[0].predictions
    rows = np.flatnonzero((data.fold == fold) | (fold is None))
    truth = list(data.frame["entity_value"])
    return metrics.score([truth[i] for i in rows], [predictions[i] for i in rows]).f1


def degraded(settings: ModelSettings = SETTINGS) -> ModelSettings:
    """Return settings of a broken ranker, which has no features of numbers, units and keywords."""
    return replace(settings, blocks=("layout",), priors=False, joint=False)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = command.parser(__doc__)
    command.add_shared(parser)
    parser.add_argument(
        "--degraded", action="store_true", help="run a broken ranker, which must not pass, on one fold"
    )
    options = parser.parse_args(argv)
    data = load(options.shared)
    found = f1(data, degraded(), fold=0) if options.degraded else f1(data)
    print(f"F1 {found:.3f}, floor {FLOOR:.3f}")
    return 0 if found >= FLOOR else 1


if __name__ == "__main__":
    command.run(main)
