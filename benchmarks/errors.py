"""Why answers are wrong: every wrong row of a cross-validation sorted by cause.

    python -m benchmarks.crossval --shared ../shared --readers rapidocr --out build/crossval
    python -m benchmarks.errors --shared ../shared --predictions build/crossval/ranker-rapidocr.csv

Causes are told from what was read: whether the label's number stands anywhere on the photo as read, became a
candidate, and what was chosen in its place. Whether a value is missing on the photo or was not read, only a person can
tell: errors_seen.csv has ninety wrong rows of an early ranker that were looked at as pictures, with cause and one
observation each, and is set beside the table. ``--list CAUSE`` prints the rows of one cause.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import command
from benchmarks.labelled import Data, Sources, load, stages_of
from benchmarks.tables import table
from hybridml.candidates.find import ocr_result_for
from hybridml.datasets.labels import parse_truth
from hybridml.entities import default_entities
from hybridml.errors import HybridmlError
from hybridml.evaluation import metrics
from hybridml.report.causes import CAUSES, cause_of
from hybridml.vision.photo_features import as_photo_features
from hybridml.vision.presets import PRESETS

SEEN = Path(__file__).parent / "errors_seen.csv"


def add_predictions(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where out-of-fold predictions are, and how their photos were read."""
    parser.add_argument(
        "--predictions", type=Path, required=True, help="ranker-rapidocr.csv that crossval --out wrote"
    )
    parser.add_argument(
        "--first-reading", action="store_true", help="the predictions were made without a second look"
    )
    command.add_effort(parser, "with which they were made")


def read_predictions(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """Return out-of-fold predictions that crossval wrote; raise HybridmlError when they are not about these rows."""
    found = pd.read_csv(path, dtype=str, keep_default_na=False)
    if list(found["index"]) != [str(i) for i in frame["index"]]:
        raise HybridmlError(f"{path} is not about the rows of labelled/: run crossval --out again")
    return found


@dataclass(frozen=True)
class Wrong:
    """Out-of-fold predictions: rows, what was predicted and read, and causes by position of the wrong rows."""

    frame: pd.DataFrame
    found: pd.DataFrame
    data: Data
    causes: dict[int, str]


def wrong_rows(options: argparse.Namespace) -> Wrong:
    """Return why each wrong row is wrong."""
    sources, schema = Sources(options.shared, options.store), default_entities()
    frame = sources.rows("labelled")
    found = read_predictions(options.predictions, frame)
    further = (
        []
        if options.first_reading or "second_pass" not in PRESETS[options.effort].further
        else ["second_pass"]
    )
    stages = stages_of("rapidocr", further=further, effort=options.effort)
    data = load(frame, np.zeros(len(frame), dtype=int), sources, stages)
    truths = parse_truth(frame["entity_value"], schema)
    predictions = metrics.parse_predictions(found["prediction"], schema)
    wrong = metrics.outcomes(list(frame["entity_value"]), list(found["prediction"])) != "tp"
    causes: dict[int, str] = {}
    for i in np.flatnonzero(wrong).tolist():
        entity, seen = (
            schema.entity(frame["entity_name"][i]),
            as_photo_features(data.ocr_results[data.keys[i] or ""]),
        )
        causes[i] = cause_of(truths[i], predictions[i], ocr_result_for(seen, entity, schema), entity, schema)
    return Wrong(frame, found, data, causes)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = command.parser(__doc__)
    command.add_sources(parser)
    add_predictions(parser)
    parser.add_argument("--list", metavar="CAUSE", help="print the rows of one cause")
    options = parser.parse_args(argv)
    told = wrong_rows(options)
    frame, found, data, causes = told.frame, told.found, told.data, told.causes
    wrong = np.isin(np.arange(len(frame)), list(causes))
    entities = list(dict.fromkeys(frame["entity_name"]))
    lines = []
    for cause in (c for c in CAUSES if c in causes.values()):
        counts = [
            sum(c == cause and frame["entity_name"][i] == e for i, c in causes.items()) for e in entities
        ]
        lines.append([cause, str(sum(counts)), *map(str, counts)])
    lines.append(
        ["all wrong", str(len(causes)), *(str(int(wrong[frame["entity_name"] == e].sum())) for e in entities)]
    )
    table(f"Wrong rows of {len(frame)}, by cause", ("cause", "rows", *entities), lines)
    notes = pd.read_csv(SEEN, dtype=str)
    still = notes["index"].astype(int).isin([int(frame["index"][i]) for i in causes])
    lines = [
        [cause, str(len(part)), str(int(still[part.index].sum()))] for cause, part in notes.groupby("cause")
    ]
    table("Rows looked at as pictures", ("cause", "rows", "still wrong"), lines)
    if options.list:
        for i, cause in causes.items():
            if cause == options.list:
                print(
                    frame["index"][i], frame["entity_name"][i], data.keys[i], found["prediction"][i], sep="\t"
                )
    return 0


if __name__ == "__main__":
    command.run(main)
