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
import difflib
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.crossval import add_sources
from benchmarks.labelled import Sources, engines_of, load
from benchmarks.tables import table
from hybridml import metrics
from hybridml.candidates import Candidate, find_candidates, for_entity
from hybridml.effort import DEFAULT_EFFORT, EFFORTS
from hybridml.entities import Entity, EntityBook, default_entities
from hybridml.errors import HybridmlError
from hybridml.ocr.textline import Reading
from hybridml.seen import as_seen

SEEN = Path(__file__).parent / "errors_seen.csv"

SAME = 0.035
"""Both units of a pair are rounded: within this share they are one quantity."""

CAUSES = (
    "no such label",
    "nothing read near the value",
    "read wrong",
    "read, not a candidate",
    "other unit of a pair",
    "other axis",
    "range end",
    "part of a product or multipack",
    "other quantity",
)


def cause_of(
    truth: metrics.Truth,
    predicted: tuple[float, str] | None,
    reading: Reading,
    entity: Entity,
    book: EntityBook,
) -> str:
    """Return why a wrong answer is wrong."""
    if truth.quantity is None or truth.quantity[0] == 0:
        return "no such label"
    candidates = for_entity(find_candidates(reading, book), entity)
    right = [c for c in candidates if (c.value, c.unit) == truth.quantity]
    if not right:
        return _not_reached(truth.quantity[0], [line.text for line in reading.lines])
    return _not_chosen(right, candidates, truth.quantity, predicted, entity, book)


def _not_reached(value: float, texts: Sequence[str]) -> str:
    digits = f"{value:g}".replace(".", "")
    numbers = [re.sub(r"[^\d]", "", n) for text in texts for n in re.findall(r"\d[\d.,]*", text)]
    if digits in (n.lstrip("0") or n for n in numbers) or f"{value:g}" in " ".join(texts).replace(",", "."):
        return "read, not a candidate"
    if len(digits) > 1 and any(difflib.SequenceMatcher(None, digits, n).ratio() >= 0.75 for n in numbers):
        return "read wrong"
    return "nothing read near the value"


def _not_chosen(
    right: Sequence[Candidate],
    candidates: Sequence[Candidate],
    truth: tuple[float, str],
    predicted: tuple[float, str] | None,
    entity: Entity,
    book: EntityBook,
) -> str:
    if predicted is None:
        return "other quantity"
    here, there = book.to_base(*truth), book.to_base(*predicted)
    if abs(here / max(there, 1e-9) - 1) <= SAME and predicted[1] != truth[1]:
        return "other unit of a pair"
    chosen = [c for c in candidates if (c.value, c.unit) == predicted]
    forms = {c.form for c in (*right, *chosen)}
    if any(form.startswith("range") for form in forms):
        return "range end"
    if any(form.startswith("multipack") for form in forms):
        return "part of a product or multipack"
    return "other axis" if entity.axis else "other quantity"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_sources(parser)
    parser.add_argument(
        "--predictions", type=Path, required=True, help="ranker-rapidocr.csv that crossval --out wrote"
    )
    parser.add_argument(
        "--first-reading", action="store_true", help="the predictions were made without a second look"
    )
    parser.add_argument(
        "--effort",
        choices=list(EFFORTS),
        default=DEFAULT_EFFORT,
        help="with which they were made (default: %(default)s)",
    )
    parser.add_argument("--list", metavar="CAUSE", help="print the rows of one cause")
    options = parser.parse_args(argv)
    sources, book = Sources(options.shared, options.store), default_entities()
    frame = sources.rows("labelled")
    found = pd.read_csv(options.predictions, dtype=str, keep_default_na=False)
    if list(found["index"]) != [str(i) for i in frame["index"]]:
        raise HybridmlError(
            f"{options.predictions} is not about the rows of labelled/: run crossval --out again"
        )
    looks = [] if options.first_reading or "second" not in EFFORTS[options.effort].looks else ["second"]
    engines = engines_of("rapidocr", looks=looks, effort=options.effort)
    data = load(frame, np.zeros(len(frame), dtype=int), sources, engines)
    truths = metrics.parse_truth(frame["entity_value"], book)
    predictions = metrics.parse_predictions(found["prediction"], book)
    wrong = metrics.outcomes(list(frame["entity_value"]), list(found["prediction"])) != "tp"
    causes: dict[int, str] = {}
    for i in np.flatnonzero(wrong):
        entity, seen = book.entity(frame["entity_name"][i]), as_seen(data.readings[data.keys[i] or ""])
        causes[int(i)] = cause_of(truths[i], predictions[i], seen.reading_for(entity, book), entity, book)
    entities = list(dict.fromkeys(frame["entity_name"]))
    lines = []
    for cause in CAUSES:
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
    try:
        sys.exit(main())
    except HybridmlError as error:
        sys.exit(f"error: {error}")
