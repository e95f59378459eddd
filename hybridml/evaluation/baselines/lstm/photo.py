"""What ResNet-50 makes of whole photos: their embedding, or what it says of their numbers, pooled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from hybridml.evaluation.baselines.system import Given
from hybridml.ranking.embedding_pca import EmbeddingPCA
from hybridml.vision.photo_features import PhotoFeatures

from .tokens import Bools, Floats

KINDS = ("number_classifier", "vectors", "none")


def features(given: Given, kind: str) -> list[Floats | None]:
    """Return each row's features of its photo, None where there are none.

    Parameters
    ----------
    given : Given
        Rows. What the region network says of others' rows is left out: it was trained on photos of theirs, and is
        surer there than elsewhere.
    kind : {"number_classifier", "vectors", "none"}
        The nine classes of the region network, their mean and largest over the photo's numbers; the photo's
        embedding; or nothing.
    """
    if kind == "vectors":
        return [
            np.asarray(given.vectors[key], np.float32) if key is not None and key in given.vectors else None
            for key in given.keys
        ]
    if kind == "none":
        return [None] * len(given)
    return [
        None if key is None or other else _pooled(given.photo_features, key)
        for key, other in zip(given.keys, weakly_labelled(given), strict=True)
    ]


def weakly_labelled(given: Given) -> Bools:
    """Return which rows others labelled, as :meth:`hybridml.evaluation.baselines.Given.with_weak_labels` tells them apart."""
    if "weak" not in given.frame:
        return np.zeros(len(given), dtype=bool)
    return given.frame["weak"].to_numpy(dtype=bool)


def _pooled(photo_features: Mapping[str, PhotoFeatures], key: str) -> Floats | None:
    number_classes = photo_features[key].number_classes if key in photo_features else None
    if number_classes is None:
        return None
    known = number_classes[~np.isnan(number_classes).any(axis=1)]
    if not len(known):
        return None
    return np.concatenate([known.mean(axis=0), known.max(axis=0)]).astype(np.float32)


def reduction(found: Sequence[Floats | None], components: int, seed: int) -> tuple[Floats, Floats]:
    """Return mean and components that reduce features, learned from those of training photos.

    Features that are few already stay as they are.
    """
    known = [line for line in found if line is not None]
    if not known:
        return np.zeros(1, np.float32), np.eye(1, dtype=np.float32)
    table: npt.NDArray[np.float32] = np.unique(np.stack(known), axis=0)
    if table.shape[1] <= components:
        return np.zeros(table.shape[1], np.float32), np.eye(table.shape[1], dtype=np.float32)
    block = EmbeddingPCA.fit(table, components, seed)
    return block.mean, block.components
