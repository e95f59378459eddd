"""Suspect labels: what speaks against each label, as a score and in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from hybridml.datasets.labels import Label, Quantity, parse_label, parse_labels
from hybridml.entities import EntitySchema, default_entities
from hybridml.evaluation import metrics
from hybridml.quantity import format_quantity
from hybridml.quantity.unit_pairs import same_quantity

from . import causes
from .outcomes import UNLABELLED

DISAGREEMENT_WEIGHT = 1.0
"""Weight of a disagreement, times the model's confidence; it is halved where the label could have been chosen, and
halved on a row that the model was trained on.
"""

IMPOSSIBLE_WEIGHT, SAME_PHOTO_WEIGHT, NOT_FOUND_WEIGHT, GROUP_WEIGHT = 1.0, 0.8, 0.6, 0.5
"""Weights of the other reasons; the group's, times the share of it that agrees on something else."""

NOT_FOUND = {
    causes.NOT_READ: "its number was read nowhere on the photo",
    causes.MISREAD: "only a number like it was read on the photo",
    causes.NO_CANDIDATE: "its number was read on the photo, but not as such a quantity",
}
"""Causes by which the label could not have been chosen, in words."""

MIN_CONFIDENCE = 0.5
"""Confidence from which on a disagreement speaks against the label."""

MIN_AGREEING, MIN_MAJORITY = 3, 2 / 3
"""How many other photos of a group, and what share of them, must agree on something else."""


def suspects(rows: pd.DataFrame, schema: EntitySchema | None = None) -> pd.DataFrame:
    """Return how suspect each row's label is, and why.

    Reasons, whose weights add up: no answer can equal the label (zero, not understood, or in a unit that the entity
    does not allow); the model is confident of something else; the same photo has other labels for the entity; the
    label's quantity was not found on the photo; nearly all other photos of its group agree on something else.

    The weights follow from 269 official labels that people checked, 58 of which were wrong: seven in ten of those
    whose quantity was not found on the photo, three in ten of confident disagreements.

    Rows have ``index, photo, group, entity, truth, prediction, confidence, outcome, cause, trained, text``; each gets a
    line with ``suspect`` (0: nothing speaks against the label, or there is none) and ``suspect_why``.
    """
    schema = schema or default_entities()
    rows = rows.reset_index(drop=True)
    labelled = rows["outcome"] != UNLABELLED
    truths = parse_labels(rows["truth"], schema)
    reasons: list[list[tuple[float, str]]] = [[] for _ in range(len(rows))]
    for row, weight, words in (
        *_impossible(rows, truths, schema),
        *_disagreements(rows, truths, schema),
        *_same_photo(rows[labelled], truths, schema),
        *_group(rows[labelled], truths, schema),
        *_not_found(rows),
    ):
        if labelled[row]:
            reasons[row].append((weight, words))
    return pd.DataFrame(
        {
            "suspect": [round(sum(weight for weight, _ in of_row), 4) for of_row in reasons],
            "suspect_why": ["; ".join(words for _, words in of_row) for of_row in reasons],
        }
    )


Reasons = Iterator[tuple[int, float, str]]


def _impossible(rows: pd.DataFrame, truths: Sequence[Label], schema: EntitySchema) -> Reasons:
    for row, (truth, entity) in enumerate(zip(truths, rows["entity"], strict=True)):
        asked = schema.entities.get(entity)
        if truth.kind == "unreadable":
            yield row, IMPOSSIBLE_WEIGHT, "the label is not understood"
        elif truth.kind == "foreign unit":
            yield row, IMPOSSIBLE_WEIGHT, "the label's unit is not known"
        elif truth.quantity and asked and truth.quantity[1] not in asked.units:
            yield row, IMPOSSIBLE_WEIGHT, f"the label's unit is not one of {entity}"
        elif truth.quantity and truth.quantity[0] <= 0:
            yield row, IMPOSSIBLE_WEIGHT, "the label is zero"


def _disagreements(rows: pd.DataFrame, truths: Sequence[Label], schema: EntitySchema) -> Reasons:
    sure = (rows["confidence"] >= MIN_CONFIDENCE) & (rows["prediction"] != "")
    answers = metrics.parse_predictions(rows["prediction"], schema)
    for row in np.flatnonzero(sure).tolist():
        answer, entity = answers[row], str(rows["entity"][row])
        ends = _ends(str(rows["truth"][row]), schema)
        if answer is None or any(same_quantity(answer, end, entity, schema) for end in ends):
            continue
        confidence, trained = float(rows["confidence"][row]), bool(rows["trained"][row])
        words = f"the model is {100 * confidence:.0f} % sure of {rows['prediction'][row]}"
        weight = DISAGREEMENT_WEIGHT * confidence
        if not truths[row].blank and rows["cause"][row] not in NOT_FOUND:
            weight /= 2
        if trained:
            yield row, weight / 2, f"{words}, though it was trained on this photo or group"
        else:
            yield row, weight, words


def _ends(label: str, schema: EntitySchema) -> list[Quantity]:
    """Return the quantity of a label; of a range, both ends."""
    parsed = parse_label(label, schema)
    if parsed.kind not in ("plain", "range") or parsed.unit is None:
        return []
    return [(end, parsed.unit) for end in (parsed.low, parsed.high) if end is not None]


def _same_photo(labelled: pd.DataFrame, truths: Sequence[Label], schema: EntitySchema) -> Reasons:
    several = labelled[labelled.duplicated(["photo", "entity"], keep=False) & labelled["photo"].ne("")]
    for (_, entity), part in several.groupby(["photo", "entity"], sort=False):
        known = [(row, q) for row in part.index if (q := truths[row].quantity) is not None]
        for row, own in known:
            others = {_text(q): None for _, q in known if not same_quantity(q, own, str(entity), schema)}
            if others:
                yield int(row), SAME_PHOTO_WEIGHT, f"the same photo is also labelled {' and '.join(others)}"


def _group(labelled: pd.DataFrame, truths: Sequence[Label], schema: EntitySchema) -> Reasons:
    for (_, entity), part in labelled[labelled["group"] != ""].groupby(["group", "entity"], sort=False):
        if len(part) <= MIN_AGREEING:
            continue
        by_photo: dict[str, dict[str, Quantity]] = {}
        for row, photo in zip(part.index, part["photo"], strict=True):
            if (quantity := truths[row].quantity) is not None:
                by_photo.setdefault(photo or f"row {row}", {}).setdefault(_text(quantity), quantity)
        counts = pd.Series([text for texts in by_photo.values() for text in texts]).value_counts()
        if not len(counts) or counts.iloc[0] < MIN_AGREEING:
            continue
        usual = next(q for texts in by_photo.values() for text, q in texts.items() if text == counts.index[0])
        for row in part.index:
            own = truths[row].quantity
            share = counts.iloc[0] / max(len(by_photo) - 1, 1)
            if own and share >= MIN_MAJORITY and not same_quantity(own, usual, str(entity), schema):
                words = (
                    f"{counts.iloc[0]} of {len(by_photo) - 1} other photos of its group say {counts.index[0]}"
                )
                yield int(row), GROUP_WEIGHT * share, words


def _text(quantity: Quantity) -> str:
    return format_quantity(abs(quantity[0]), quantity[1])


def _not_found(rows: pd.DataFrame) -> Reasons:
    for row in np.flatnonzero(rows["cause"].isin(NOT_FOUND) & (rows["text"] != "")).tolist():
        yield row, NOT_FOUND_WEIGHT, NOT_FOUND[rows["cause"][row]]
