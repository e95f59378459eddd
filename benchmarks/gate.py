"""The quality gate: cross-validated F1 from stored readings, in minutes, with no photo opened.

    python -m benchmarks.gate --shared ../shared

Trains and validates on the same folds as benchmarks.crossval, on the readings that lie beside the photos, without what
looking at photos adds. The test suite runs it and compares with :data:`FLOOR`.
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
"""F1 below which a change is refused: within two points of what the README says of this command."""

WEAK_WEIGHT = {"depth": 0.0}
"""How far others' rows are trusted here; finding it out takes three times as long."""

SETTINGS = ModelSettings(
    blocks=("form", "layout", "keywords", "comparison"),
    folds=3,
    ranker=RankerSettings(seeds=1),
    weak_weight=WEAK_WEIGHT,
)


def stored_readings(path: Path) -> dict[str, OCRResult]:
    """Return the readings of one file by photo name."""
    if not path.is_file():
        raise HybridmlError(f"no readings at {path}: name the folder that has data/ with --shared")
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
    """Return the rows with stored readings."""
    sources = Sources(shared, Path("features"))
    folder = shared / "data" / "readings"
    ocr_results = stored_readings(folder / "rapidocr_labelled.jsonl.gz")
    ocr_results |= stored_readings(folder / "rapidocr_agreed.jsonl.gz")
    frame, weak_labels = sources.rows("labelled"), sources.rows("agreed")
    fold = np.asarray(folds.load_folds(FOLDS, frame))
    keys, other_keys = list(photo_names(frame)), list(photo_names(weak_labels))
    return Data(
        frame, fold, list(keys), ocr_results, {}, 0.0, weak_labels, list(other_keys), sources.labels()
    )


def f1(data: Data, settings: ModelSettings = SETTINGS) -> float:
    """Return the F1 over all rows, each answered by a model that saw neither its group nor its photo."""
    predictions = ranker(data, "gate", settings)[0].predictions
    return metrics.score(list(data.frame["entity_value"]), predictions).f1


def degraded(settings: ModelSettings = SETTINGS) -> ModelSettings:
    """Return settings of a ranker that a change has broken: it sees nothing of numbers, units and words."""
    return replace(settings, blocks=("layout",), priors=False, joint=False)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = command.parser(__doc__)
    command.add_shared(parser)
    parser.add_argument(
        "--degraded", action="store_true", help="run a ranker that a change has broken: it must not pass"
    )
    options = parser.parse_args(argv)
    found = f1(load(options.shared), degraded() if options.degraded else SETTINGS)
    print(f"F1 {found:.3f}, floor {FLOOR:.3f}")
    return 0 if found >= FLOOR else 1


if __name__ == "__main__":
    command.run(main)
