"""Features of the set: how a candidate compares with the others that could answer the same entity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hybridml.candidates.find import Candidate
from hybridml.entities import Entity

from .photo_context import PhotoView

SAME = 0.015
"""Two quantities in different units within this share of each other are one quantity given twice."""


def _share_above(values: np.ndarray, distinct: np.ndarray) -> np.ndarray:
    """Return how many of ``distinct`` are larger than each of ``values``."""
    return len(distinct) - np.searchsorted(np.sort(distinct), values * (1 + 1e-9), side="right")


def block(photo: PhotoView, entity: Entity, candidates: Sequence[Candidate]) -> dict[str, np.ndarray]:
    """Return the set features of each candidate."""
    return photo.shared("rivals", entity, lambda: _columns(photo, entity, candidates))


def _columns(photo: PhotoView, entity: Entity, candidates: Sequence[Candidate]) -> dict[str, np.ndarray]:
    n = len(candidates)
    schema = photo.schema
    base = np.array([schema.to_base(c.value, c.unit) for c in candidates], dtype=float)
    unit = np.array([entity.units.index(c.unit) for c in candidates], dtype=int)
    value = np.array([c.value for c in candidates], dtype=float)
    line = np.array([c.line for c in candidates], dtype=int)
    start = np.array([c.start for c in candidates], dtype=int)
    repaired = np.array([c.repaired for c in candidates], dtype=bool)
    imperial = np.array([schema.is_imperial(c.unit) for c in candidates], dtype=bool)
    center = np.array([c.center for c in candidates], dtype=float).reshape(-1, 2)
    font = photo.font[line]
    confidence = photo.confidence[line]

    solid = ~repaired if (~repaired).any() else np.ones(n, dtype=bool)
    distinct = np.unique(np.round(base[solid], 9))
    largest, smallest = max(float(distinct.max()), 1e-9), max(float(distinct.min()), 1e-9)
    middle = max(float(np.median(distinct)), 1e-9)
    tiny = np.maximum(base, 1e-9)

    close = np.abs(base[:, None] - base[None]) <= SAME * np.maximum(base[:, None], base[None])
    other_unit = unit[:, None] != unit[None]
    same_line = line[:, None] == line[None]
    dual = close & other_unit
    dual_beside = dual & same_line
    identical = (value[:, None] == value[None]) & ~other_unit
    apart = ~same_line | (start[:, None] != start[None])
    elsewhere = close & ~same_line

    def rank(values: np.ndarray) -> np.ndarray:
        return (values[None, solid] > values[:, None] + 1e-9).sum(axis=1).astype(float)

    above = _share_above(base, distinct)
    is_part = np.array([c.part is not None for c in candidates], dtype=bool)
    part_index = np.array([c.part[0] if c.part else -1 for c in candidates], dtype=int)
    in_product = np.full(n, -1.0)
    for i in range(n):
        same = np.flatnonzero(close[i] & is_part)
        if len(same):
            in_product[i] = part_index[same[0]]
    families = [schema.unit(c.unit).family for c in photo.candidates]
    return {
        "comparison.count": np.full(n, float(n)),
        "comparison.distinct": np.full(n, float(len(distinct))),
        "comparison.larger": above.astype(float),
        "comparison.smaller": (len(distinct) - 1 - above).astype(float),
        "comparison.to_largest": np.log10(tiny / largest),
        "comparison.to_smallest": np.log10(tiny / smallest),
        "comparison.to_middle": np.log10(tiny / middle),
        "comparison.larger_font": rank(font),
        "comparison.font_to_largest": font / max(float(font[solid].max()), 1e-6),
        "comparison.surer": rank(confidence),
        "comparison.order": np.arange(n, dtype=float),
        "comparison.order_share": np.arange(n) / max(n - 1, 1),
        "comparison.solid_before": np.concatenate([[0.0], np.cumsum(solid)[:-1].astype(float)]),
        "comparison.right_of": rank(-center[:, 0]),
        "comparison.left_of": rank(center[:, 0]),
        "comparison.below": rank(-center[:, 1]),
        "comparison.above": rank(center[:, 1]),
        "comparison.repeats": (identical & apart & solid[None]).sum(axis=1).astype(float),
        "comparison.elsewhere": (elsewhere & solid[None]).sum(axis=1).astype(float),
        "comparison.pair": (dual & solid[None]).any(axis=1).astype(float),
        "comparison.pair_beside": (dual_beside & solid[None]).any(axis=1).astype(float),
        "comparison.pair_first": (dual_beside & (start[:, None] < start[None])).any(axis=1).astype(float),
        "comparison.pair_second": (dual_beside & (start[:, None] > start[None])).any(axis=1).astype(float),
        "comparison.same_unit": (~other_unit & solid[None]).mean(axis=1),
        "comparison.imperial": imperial.astype(float),
        "comparison.imperial_share": np.full(n, float(imperial[solid].mean())),
        "comparison.on_line": (same_line & solid[None]).sum(axis=1).astype(float),
        "comparison.in_product": in_product,
        "comparison.products": np.full(n, float(is_part.sum())),
        "comparison.of_family": np.full(n, float(families.count(entity.family))),
        "comparison.all": np.full(n, float(len(families))),
    }
