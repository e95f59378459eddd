"""Simple systems to beat: rules that pick a candidate without learning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Self

import numpy as np

from hybridml.candidates.features import PhotoView
from hybridml.candidates.find import Candidate, for_entity
from hybridml.entities import Entity, EntitySchema, default_entities
from hybridml.quantity import PER_AREA, format_quantity
from hybridml.vision.photo_features import PhotoFeatures, as_photo_features
from hybridml.vision.text_line import OCRResult

from .system import Given, System

Rule = Callable[[Sequence[Candidate], Entity, PhotoView], Candidate | None]

LINE_ANGLES = {"upright": (75.0, 105.0), "level": (0.0, 60.0)}
"""Degrees of the nearest line that mean height and width in the published recipe."""


def first(candidates: Sequence[Candidate], entity: Entity, photo: PhotoView) -> Candidate | None:
    """Return the first candidate in reading order, one as read before a repaired one."""
    return next(iter(_as_read(candidates)), None)


def largest(candidates: Sequence[Candidate], entity: Entity, photo: PhotoView) -> Candidate | None:
    """Return the candidate of the largest quantity."""
    return max(_as_read(candidates), key=lambda c: photo.schema.to_base(c.value, c.unit), default=None)


def line_angle(candidates: Sequence[Candidate], entity: Entity, photo: PhotoView) -> Candidate | None:
    """Return the largest of the candidates whose nearest line runs as the entity is measured, else the largest.

    The recipe published with PaddleOCR: a line at 75 to 105 degrees beside a number means height, one at 0 to
    60 degrees width; what is asked along neither axis, and a photo without lines, gets the largest value.
    """
    drawing = photo.drawing
    if entity.axis not in LINE_ANGLES or drawing is None or not len(drawing.segments):
        return largest(candidates, entity, photo)
    a, b = drawing.segments[:, :2].astype(float), drawing.segments[:, 2:4].astype(float)
    angle = np.degrees(np.arctan2(*(b - a).T[::-1])) % 180
    low, high = LINE_ANGLES[entity.axis]
    fits = [
        c
        for c in _as_read(candidates)
        if low <= angle[_distance(np.asarray(c.center), a, b).argmin()] <= high
    ]
    return largest(fits or candidates, entity, photo)


def _distance(point: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the distance of a point from each segment."""
    along = b - a
    t = ((point - a) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-9)
    nearest = a + np.clip(t, 0, 1)[:, None] * along
    return np.asarray(np.hypot(*(point - nearest).T))


def _as_read(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    own = [c for c in candidates if c.form != PER_AREA] or candidates
    return [c for c in own if not c.repaired] or own


RULES: dict[str, Rule] = {"first": first, "largest": largest, "line-angle": line_angle}
"""The rules by name."""


def answer(
    rule: Rule,
    keys: Sequence[str | None],
    entities: Sequence[str],
    ocr_results: Iterable[tuple[str, PhotoFeatures | OCRResult]],
    schema: EntitySchema | None = None,
) -> list[str]:
    """Answer rows by a rule.

    Parameters
    ----------
    rule : callable
        Picks one of an entity's candidates, or None.
    keys, entities : sequences, one per row
        The row's photo and what it asks.
    ocr_results : iterable of (key, PhotoFeatures or OCRResult)
        Each photo once. Rules see the first reading only.
    schema : EntitySchema, optional
        Entities and units.

    Returns
    -------
    list of str
        Predictions as a submission writes them.
    """
    schema = schema or default_entities()
    rows_of: dict[str, list[int]] = {}
    for i, (key, entity) in enumerate(zip(keys, entities, strict=True)):
        if key is not None and entity in schema.entities:
            rows_of.setdefault(key, []).append(i)
    answers = [""] * len(keys)
    for key, found in ocr_results:
        seen = as_photo_features(found)
        photo = PhotoView(seen.ocr_result, schema, seen.drawing)
        for i in rows_of.get(key, []):
            asked = schema.entity(entities[i])
            chosen = rule(for_entity(photo.candidates, asked), asked, photo)
            if chosen:
                answers[i] = format_quantity(chosen.value, chosen.unit)
    return answers


class RuleSystem(System):
    """A rule as a system: learns nothing, and answers from the first reading."""

    rule: ClassVar[str]
    """Of :data:`RULES`."""

    def further(self, offered: frozenset[str]) -> frozenset[str]:
        """Return none: a rule goes by the reading."""
        return frozenset()

    def fit(self, given: Given) -> Self:
        """Return itself: there is nothing to learn."""
        return self

    def predict(self, given: Given) -> list[str]:
        """Return the candidate that the rule picks for each row, blank where there is none."""
        return answer(
            RULES[self.rule], given.keys, list(given.frame["entity_name"]), given.seen.items(), given.schema
        )


class First(RuleSystem):
    """The first value in an allowed unit, in reading order."""

    rule = "first"


class Largest(RuleSystem):
    """The largest value in an allowed unit."""

    rule = "largest"


class LineAngle(RuleSystem):
    """The largest value, of width and height of those whose nearest line runs that way."""

    rule = "line-angle"

    def further(self, offered: frozenset[str]) -> frozenset[str]:
        """Return lines, whether or not the effort takes them."""
        return frozenset({"lines"})
