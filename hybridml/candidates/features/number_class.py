"""Features of the region: what the network that sees the photo around a number takes it for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hybridml.candidates.find import Candidate
from hybridml.entities import Entity
from hybridml.vision.number_classifier import CLASSES

from .photo_context import PhotoView


def block(photo: PhotoView, entity: Entity, candidates: Sequence[Candidate]) -> dict[str, np.ndarray]:
    """Return the network's probabilities for each candidate; all NaN on a photo that it did not see."""
    n = len(candidates)
    line = np.array([c.line for c in candidates], dtype=int)
    photo_features = (
        np.full((n, len(CLASSES)), np.nan)
        if photo.number_classes is None
        else photo.number_classes[line].astype(float)
    )
    with np.errstate(divide="ignore"):
        log = np.log(np.maximum(photo_features, 1e-4))
    columns = {f"number_class.{name}": log[:, i] for i, name in enumerate(CLASSES)}
    own = log[:, CLASSES.index(entity.name)] if entity.name in CLASSES else np.full(n, np.nan)
    rivals = [
        log[:, CLASSES.index(e.name)]
        for e in photo.schema.entities.values()
        if e.family == entity.family and e.name != entity.name and e.name in CLASSES
    ]
    rival = np.max(rivals, axis=0) if rivals else np.full(n, np.nan)
    best = own[np.isfinite(own)].max(initial=-np.inf)
    columns["number_class.own"] = own
    columns["number_class.own_lead"] = own - rival
    columns["number_class.own_beside"] = own - best if np.isfinite(best) else np.full(n, np.nan)
    return columns
