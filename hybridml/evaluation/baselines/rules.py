"""Rule systems: baselines that pick a candidate without learning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from hybridml.candidates.features import PhotoContext
from hybridml.candidates.find import Candidate, for_entity
from hybridml.datasets.images import decode
from hybridml.entities import Entity, EntitySchema, default_entities
from hybridml.quantity import PER_AREA, format_quantity
from hybridml.vision.photo_features import PhotoFeatures, as_photo_features
from hybridml.vision.text_line import OCRResult

from .line_segments import find_segments
from .system import OCR, PHOTOS, Dataset, System

Array = npt.NDArray[Any]

Rule = Callable[[Sequence[Candidate], Entity, PhotoContext, Array | None], Candidate | None]
"""Function that picks one of an entity's candidates, given the photo and its line segments."""

LINE_ANGLES = {"upright": (75.0, 105.0), "level": (0.0, 60.0)}
"""Angles in degrees of the nearest line that mean height and width in the published recipe."""


def first(
    candidates: Sequence[Candidate], entity: Entity, photo: PhotoContext, segments: Array | None
) -> Candidate | None:
    """Return the first candidate in reading order, one as read before a repaired one."""
    return next(iter(_as_read(candidates)), None)


def largest(
    candidates: Sequence[Candidate], entity: Entity, photo: PhotoContext, segments: Array | None
) -> Candidate | None:
    """Return the candidate of the largest quantity."""
    return max(_as_read(candidates), key=lambda c: photo.schema.to_base(c.value, c.unit), default=None)


def line_angle(
    candidates: Sequence[Candidate], entity: Entity, photo: PhotoContext, segments: Array | None
) -> Candidate | None:
    """Return the largest of the candidates whose nearest line runs along the entity's axis, else the largest of all.

    The recipe published with PaddleOCR: a line at 75 to 105 degrees beside a number means height, one at 0 to 60
    degrees width; entities with neither axis, and photos without lines, get the largest value.
    """
    if entity.axis not in LINE_ANGLES or segments is None or not len(segments):
        return largest(candidates, entity, photo, segments)
    a, b = segments[:, :2], segments[:, 2:]
    angle = np.degrees(np.arctan2(*(b - a).T[::-1])) % 180
    low, high = LINE_ANGLES[entity.axis]
    fits = [
        c
        for c in _as_read(candidates)
        if low <= angle[_distance(np.asarray(c.center), a, b).argmin()] <= high
    ]
    return largest(fits or candidates, entity, photo, segments)


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
    segments: Mapping[str, Array] | None = None,
) -> list[str]:
    """Answer rows by a rule.

    Parameters
    ----------
    rule : callable
        Picks one of an entity's candidates, or None.
    keys, entities : sequences, one per row
        The row's photo and entity.
    ocr_results : iterable of (key, PhotoFeatures or OCRResult)
        Each photo once. Rules use the result of the first pass only.
    schema : EntitySchema, optional
        Entities and units.
    segments : mapping of key to array, optional
        Line segments of the photos, as :func:`find_segments` returns them.

    Returns
    -------
    list of str
        Predictions as a submission writes them.
    """
    schema = schema or default_entities()
    rows_of: dict[str, list[int]] = {}
    for i, (key, name) in enumerate(zip(keys, entities, strict=True)):
        if key is not None and name in schema.entities:
            rows_of.setdefault(key, []).append(i)
    answers = [""] * len(keys)
    for key, found in ocr_results:
        photo = PhotoContext(as_photo_features(found).ocr_result, schema)
        for i in rows_of.get(key, []):
            entity = schema.entity(entities[i])
            chosen = rule(for_entity(photo.candidates, entity), entity, photo, (segments or {}).get(key))
            if chosen:
                answers[i] = format_quantity(chosen.value, chosen.unit)
    return answers


class RuleSystem(System):
    """A rule as a system: it learns nothing, and answers from the first OCR pass."""

    rule: ClassVar[str]
    """Name of the rule in :data:`RULES`."""

    def stages(self, offered: frozenset[str]) -> frozenset[str]:
        """Return none: rules use the OCR result alone."""
        return frozenset()

    def fit(self, dataset: Dataset) -> Self:
        """Return itself: there is nothing to learn."""
        return self

    def _segments(self, dataset: Dataset) -> dict[str, Array]:
        return {}

    def predict(self, dataset: Dataset) -> list[str]:
        """Return the candidate that the rule picks for each row, blank where there is none."""
        return answer(
            RULES[self.rule],
            dataset.keys,
            list(dataset.frame["entity_name"]),
            dataset.photo_features.items(),
            dataset.schema,
            self._segments(dataset),
        )


class First(RuleSystem):
    """The first value in an allowed unit, in reading order."""

    rule = "first"


class Largest(RuleSystem):
    """The largest value in an allowed unit."""

    rule = "largest"


class LineAngle(RuleSystem):
    """The largest value; for width and height the largest of those whose nearest line runs that way."""

    rule = "line-angle"

    needs = frozenset({OCR, PHOTOS})

    def _segments(self, dataset: Dataset) -> dict[str, Array]:
        """Return the line segments of the photos of rows that ask for a width or a height."""
        rows = zip(dataset.keys, dataset.frame["entity_name"], strict=True)
        keys = {
            key
            for key, name in rows
            if key is not None and key in dataset.photos and dataset.schema.entity(name).axis in LINE_ANGLES
        }
        return {key: find_segments(decode(dataset.photos[key])) for key in sorted(keys)}
