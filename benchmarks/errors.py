"""Causes of errors: every wrong row of a cross-validation, by the cause of its error.

    python -m benchmarks.crossval --shared ../shared --ocr rapidocr --out build/crossval
    python -m benchmarks.errors --shared ../shared --predictions build/crossval/ranker-rapidocr.csv

The cause follows from the OCR results: whether they contain the label's number, whether it became a candidate, and what
was chosen in its place. Whether a value is missing on the photo or was not read, only a person can see. ``--list
CAUSE`` prints the rows of one cause.
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
from hybridml.datasets.labels import parse_labels
from hybridml.entities import default_entities
from hybridml.errors import HybridmlError
from hybridml.evaluation import metrics
from hybridml.report.causes import CAUSES, cause_of
from hybridml.vision.photo_features import as_photo_features
from hybridml.vision.presets import PRESETS


def add_predictions(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the file of out-of-fold predictions, and how their photos were read."""
    parser.add_argument(
        "--predictions", type=Path, required=True, help="file ranker-rapidocr.csv that crossval --out wrote"
    )
    parser.add_argument(
        "--first-pass", action="store_true", help="the predictions were made without a second pass"
    )
    command.add_effort(parser, "preset with which they were made")


def read_predictions(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """Return out-of-fold predictions that crossval wrote; raise HybridmlError when they are of other rows."""
    found = pd.read_csv(path, dtype=str, keep_default_na=False)
    if list(found["index"]) != [str(i) for i in frame["index"]]:
        raise HybridmlError(f"{path} has other rows than labelled/: run crossval --out again")
    return found


@dataclass(frozen=True)
class Errors:
    """Rows, their out-of-fold predictions and photo features, and the cause of each wrong row by its position."""

    frame: pd.DataFrame
    found: pd.DataFrame
    data: Data
    causes: dict[int, str]


def errors_of(options: argparse.Namespace) -> Errors:
    """Return the cause of each wrong row."""
    sources, schema = Sources(options.shared, options.store), default_entities()
    frame = sources.rows("labelled")
    found = read_predictions(options.predictions, frame)
    further = {"second_pass"} & set(PRESETS[options.effort].further)
    stages = stages_of(
        "rapidocr", further=[] if options.first_pass else sorted(further), effort=options.effort
    )
    data = load(frame, np.zeros(len(frame), dtype=int), sources, stages)
    truths = parse_labels(frame["entity_value"], schema)
    predictions = metrics.parse_predictions(found["prediction"], schema)
    wrong = metrics.outcomes(list(frame["entity_value"]), list(found["prediction"])) != "tp"
    causes: dict[int, str] = {}
    for i in np.flatnonzero(wrong).tolist():
        entity = schema.entity(frame["entity_name"][i])
        photo = as_photo_features(data.ocr_results[data.keys[i] or ""])
        causes[i] = cause_of(truths[i], predictions[i], ocr_result_for(photo, entity, schema), entity, schema)
    return Errors(frame, found, data, causes)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = command.parser(__doc__)
    command.add_sources(parser)
    add_predictions(parser)
    parser.add_argument("--list", metavar="CAUSE", help="print the rows of one cause")
    options = parser.parse_args(argv)
    errors = errors_of(options)
    frame, found, data, causes = errors.frame, errors.found, errors.data, errors.causes
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
    if options.list:
        for i, cause in causes.items():
            if cause == options.list:
                print(
                    frame["index"][i], frame["entity_name"][i], data.keys[i], found["prediction"][i], sep="\t"
                )
    return 0


if __name__ == "__main__":
    command.run(main)
