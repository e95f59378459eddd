"""The image block: the photo's ResNet-50 embedding, reduced by a PCA that is fitted on training photos only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

MAX_PCA_PHOTOS = 5000
"""Photos that the PCA is fitted on at most, drawn at random."""


@dataclass(frozen=True)
class EmbeddingPCA:
    """A fitted reduction of embeddings.

    Parameters
    ----------
    mean : array (n_features,)
        Mean of the training photos' vectors.
    components : array (n_components, n_features)
        Principal axes, divided by the spread along them, so that each column has unit variance.
    """

    mean: Array
    components: Array

    @classmethod
    def fit(cls, vectors: Array, components: int, seed: int = 0) -> EmbeddingPCA:
        """Fit on the vectors of training photos (n_photos, n_features), each photo once."""
        from sklearn.decomposition import PCA

        if len(vectors) > MAX_PCA_PHOTOS:
            chosen = np.random.default_rng(seed).choice(len(vectors), MAX_PCA_PHOTOS, replace=False)
            vectors = vectors[np.sort(chosen)]
        n = min(components, len(vectors) - 1, vectors.shape[1])
        if n < 1:
            return cls(np.zeros(vectors.shape[1], np.float32), np.zeros((0, vectors.shape[1]), np.float32))
        pca = PCA(n, svd_solver="randomized" if n < min(vectors.shape) // 2 else "full", random_state=seed)
        pca.fit(vectors.astype(np.float64))
        spread = np.sqrt(np.maximum(pca.explained_variance_, 1e-12))[:, None]
        return cls(pca.mean_.astype(np.float32), (pca.components_ / spread).astype(np.float32))

    @property
    def columns(self) -> list[str]:
        """Names of the columns that it makes."""
        return [f"image.{i}" for i in range(len(self.components))]

    def project(self, vectors: Iterable[tuple[str, Array]]) -> dict[str, Array]:
        """Return key to components (n_components,) of each photo: a hundredth of the size of the vectors."""
        return {key: self.components @ (vector - self.mean) for key, vector in vectors}

    def of_rows(self, keys: Iterable[str | None], projected: Mapping[str, Array]) -> Array:
        """Return one line per row (n_rows, n_components); NaN for rows whose photo has no vector."""
        empty = np.full(len(self.components), np.nan, np.float32)
        lines = [projected.get(key, empty) if key else empty for key in keys]
        return np.asarray(lines, dtype=np.float32).reshape(-1, len(self.components))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data from which :meth:`from_dict` restores the reduction."""
        return {"mean": self.mean, "components": self.components}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> EmbeddingPCA:
        """Return the reduction that :meth:`to_dict` described."""
        return cls(np.asarray(data["mean"]), np.asarray(data["components"]))
