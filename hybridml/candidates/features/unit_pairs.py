"""Features of a quantity that is given in two units: how the two are written beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hybridml.candidates.find import Candidate
from hybridml.entities import Entity
from hybridml.quantity.unit_pairs import PairMember, describe_pair, pair_tolerance, same_size

from .column import Column, flag
from .photo_context import PhotoContext

VERSION = 1

_DECLARED = (
    flag("unit_pairs.imperial_first", "its {} unit comes first", "imperial", "metric"),
    flag("unit_pairs.same_line", "its units are in {}", "one text line", "two text lines"),
    Column("unit_pairs.gap", "characters between its two units"),
    flag("unit_pairs.imperial_spaced", "{} space stands before its imperial unit", "a", "no"),
    flag("unit_pairs.metric_spaced", "{} space stands before its metric unit", "a", "no"),
    Column("unit_pairs.imperial_written", "how its imperial unit is written"),
    Column("unit_pairs.metric_written", "how its metric unit is written"),
    Column("unit_pairs.sign", "sign between its two units"),
    flag("unit_pairs.blank_before_sign", "{} space follows the first of its units", "a", "no"),
    flag("unit_pairs.blank_after_sign", "{} space stands before its second number", "a", "no"),
    Column("unit_pairs.imperial_decimals", "decimals of its imperial number"),
    Column("unit_pairs.metric_decimals", "decimals of its metric number"),
    flag("unit_pairs.page_imperial_first", "the photo's first quantity is {}", "imperial", "metric"),
    Column("unit_pairs.difference", "difference between its metric and its imperial size"),
    flag("unit_pairs.capitals", "its imperial unit is in {}", "capitals", "small letters"),
    flag("unit_pairs.closed", "{} bracket closes after the pair", "a", "no"),
)
COLUMNS = tuple(replace(column, missing="it is not given in a second unit") for column in _DECLARED)

NAMES = tuple(column.name for column in COLUMNS)
"""The columns in the order of :func:`hybridml.quantity.unit_pairs.describe_pair`; NaN for a quantity in one unit."""


def block(photo: PhotoContext, entity: Entity, candidates: Sequence[Candidate]) -> dict[str, np.ndarray]:
    """Return how each candidate's pair is written."""
    return photo.shared("unit_pairs", entity, lambda: _columns(photo, candidates, entity.family))


def _columns(photo: PhotoContext, candidates: Sequence[Candidate], family: str) -> dict[str, np.ndarray]:
    schema = photo.schema
    found = np.full((len(candidates), len(NAMES)), np.nan)
    imperial = np.array([schema.is_imperial(c.unit) for c in candidates], dtype=bool)
    base = np.array([schema.to_base(c.value, c.unit) for c in candidates], dtype=float)
    repaired = np.array([c.repaired for c in candidates], dtype=bool)
    twins = (
        same_size(base[:, None], base, pair_tolerance(family)) & (imperial[:, None] != imperial) & ~repaired
    )
    for i in np.flatnonzero(twins.any(axis=1)).tolist():
        one = candidates[i]
        other = min(
            (candidates[j] for j in np.flatnonzero(twins[i]).tolist()), key=lambda c: _distance(one, c)
        )
        found[i] = describe_pair(_mention(photo, one), _mention(photo, other), bool(imperial[0]), schema)
    return dict(zip(NAMES, found.T, strict=True))


def _mention(photo: PhotoContext, c: Candidate) -> PairMember:
    text = photo.ocr_result.lines[c.line].text
    return PairMember(c.value, c.unit, text, c.start, c.end, c.number_text, c.line)


def _distance(one: Candidate, other: Candidate) -> tuple[bool, float]:
    """Return how far two candidates are apart: those of one text line come before those of two."""
    if one.line == other.line:
        return False, abs(one.start - other.start)
    return True, float(np.hypot(one.center[0] - other.center[0], one.center[1] - other.center[1]))
