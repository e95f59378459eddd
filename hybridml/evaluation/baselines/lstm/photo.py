"""ResNet-50 features of whole photos: their embedding, or the pooled classes of their numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hybridml.evaluation.baselines.system import Dataset
from hybridml.ranking.embedding_pca import EmbeddingPCA
from hybridml.vision.photo_features import PhotoFeatures

from .tokens import Bools, Floats

PHOTO_INPUTS = ("number_classifier", "vectors", "none")


def features(dataset: Dataset, kind: str) -> list[Floats | None]:
    """Return each row's features of its photo, None where there are none.

    Parameters
    ----------
    dataset : Dataset
        Rows. The number classes of weakly labelled rows are left out: the classifier was trained on some of their
        photos, and is surer there than elsewhere.
    kind : {"number_classifier", "vectors", "none"}
        Mean and maximum of the number classifier's nine classes over the photo's numbers; the photo's embedding; or
        nothing.
    """
    found: list[Floats | None] = [None] * len(dataset)
    for i, (key, weak) in enumerate(zip(dataset.keys, weakly_labelled(dataset), strict=True)):
        if key is None:
            continue
        if kind == "vectors" and key in dataset.vectors:
            found[i] = np.asarray(dataset.vectors[key], np.float32)
        elif kind == "number_classifier" and not weak and key in dataset.photo_features:
            found[i] = _pooled(dataset.photo_features[key])
    return found


def weakly_labelled(dataset: Dataset) -> Bools:
    """Return which rows have weak labels, of a table that :meth:`Dataset.with_weak_labels` joined."""
    if "weak" not in dataset.frame:
        return np.zeros(len(dataset), dtype=bool)
    return dataset.frame["weak"].to_numpy(dtype=bool)


def _pooled(photo: PhotoFeatures) -> Floats | None:
    if photo.number_classes is None:
        return None
    known = photo.number_classes[~np.isnan(photo.number_classes).any(axis=1)]
    return np.concatenate([known.mean(axis=0), known.max(axis=0)]).astype(np.float32) if len(known) else None


def reduction(found: Sequence[Floats | None], components: int, seed: int) -> tuple[Floats, Floats]:
    """Return mean and components that reduce features, fitted on those of training photos.

    Features that are no more than ``components`` already stay as they are.
    """
    known = [line for line in found if line is not None]
    if not known:
        return np.zeros(1, np.float32), np.eye(1, dtype=np.float32)
    table = np.unique(np.stack(known), axis=0)
    if table.shape[1] <= components:
        return np.zeros(table.shape[1], np.float32), np.eye(table.shape[1], dtype=np.float32)
    pca = EmbeddingPCA.fit(table, components, seed)
    return pca.mean, pca.components
