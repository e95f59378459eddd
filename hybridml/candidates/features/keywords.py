"""Features of the neighbourhood: which words stand near the number, how near and on which side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from hybridml.candidates.find import Candidate
from hybridml.entities import Entity

from .photo_context import Hits, PhotoView

FAR = 99.0
"""Stands for "nowhere on the photo", in font sizes or characters."""


def _merged(hits: Iterable[Hits]) -> Hits:
    parts = list(hits)
    return Hits(
        np.concatenate([h.line for h in parts] or [np.zeros(0, int)]),
        np.concatenate([h.start for h in parts] or [np.zeros(0, int)]),
        np.concatenate([h.end for h in parts] or [np.zeros(0, int)]),
        np.concatenate([h.center for h in parts] or [np.zeros((0, 2))]),
    )


class _Spans:
    """Candidates' places, to measure from."""

    def __init__(self, photo: PhotoView, candidates: Sequence[Candidate]) -> None:
        self.line = np.array([c.line for c in candidates], dtype=int)
        self.start = np.array([c.start for c in candidates], dtype=int)
        self.end = np.array([c.end for c in candidates], dtype=int)
        self.center = np.array([c.center for c in candidates], dtype=float).reshape(-1, 2)
        self.font = np.maximum(photo.font[self.line], 1.0)

    def before(self, hits: Hits) -> np.ndarray:
        """Characters from the nearest hit before the span on the same line."""
        gap = self.start[:, None] - hits.end[None, :]
        return self._nearest(np.where((self.line[:, None] == hits.line) & (gap >= 0), gap, FAR))

    def after(self, hits: Hits) -> np.ndarray:
        """Characters to the nearest hit after the span on the same line."""
        gap = hits.start[None, :] - self.end[:, None]
        return self._nearest(np.where((self.line[:, None] == hits.line) & (gap >= 0), gap, FAR))

    def near(self, hits: Hits) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Distance to the nearest hit in font sizes, and its direction (dx, dy)."""
        n = len(self.line)
        if not len(hits):
            return np.full(n, FAR), np.zeros(n), np.zeros(n)
        delta = (hits.center[None] - self.center[:, None]) / self.font[:, None, None]
        # a word on the same row, or right above, belongs to a number more than one beside and below
        distance = np.hypot(delta[..., 0], delta[..., 1] * 1.5)
        nearest = distance.argmin(axis=1)
        rows = np.arange(n)
        return (
            np.minimum(distance[rows, nearest], FAR),
            np.clip(delta[rows, nearest, 0], -FAR, FAR),
            np.clip(delta[rows, nearest, 1], -FAR, FAR),
        )

    @staticmethod
    def _nearest(gaps: np.ndarray) -> np.ndarray:
        return np.minimum(gaps.min(axis=1, initial=FAR), FAR)


def block(photo: PhotoView, entity: Entity, candidates: Sequence[Candidate]) -> dict[str, np.ndarray]:
    """Return the keyword and context features of each candidate."""
    spans = photo.shared("spans", entity, lambda: _Spans(photo, candidates))
    n = len(candidates)
    own = photo.words[f"entity:{entity.name}"]
    rivals = _merged(
        photo.words[f"entity:{e.name}"]
        for e in photo.schema.entities.values()
        if e.family == entity.family and e.name != entity.name
    )
    columns: dict[str, np.ndarray] = {}
    for name, hits in (("own", own), ("rival", rivals)):
        distance, dx, dy = spans.near(hits)
        columns[f"keywords.{name}_before"] = spans.before(hits)
        columns[f"keywords.{name}_after"] = spans.after(hits)
        columns[f"keywords.{name}_near"] = distance
        columns[f"keywords.{name}_dx"] = dx
        columns[f"keywords.{name}_dy"] = dy
        columns[f"keywords.{name}_count"] = np.full(n, float(len(hits)))
    columns["keywords.own_minus_rival"] = columns["keywords.own_near"] - columns["keywords.rival_near"]
    columns["keywords.own_nearest_here"] = columns["keywords.own_near"] - columns["keywords.own_near"].min(
        initial=FAR
    )
    return columns | photo.shared("contexts", entity, lambda: _contexts(photo, spans))


def _contexts(photo: PhotoView, spans: _Spans) -> dict[str, np.ndarray]:
    columns = {}
    nowhere = np.full(len(spans.line), FAR)
    for name in photo.schema.contexts:
        hits = photo.words[f"context:{name}"]
        if not len(hits):
            columns[f"keywords.{name}_on_line"] = columns[f"keywords.{name}_near"] = nowhere
            continue
        columns[f"keywords.{name}_on_line"] = np.minimum(spans.before(hits), spans.after(hits))
        columns[f"keywords.{name}_near"] = spans.near(hits)[0]
    return columns
