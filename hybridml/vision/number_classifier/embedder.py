"""The shipped ResNet-50 as an embedding of the whole photo: there without a download."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hybridml.datasets.images import RGB
from hybridml.utils.registry import in_range
from hybridml.utils.torch import inferring

from .classifier import NumberClassifier, default_weights, load_network
from .inputs import SIZE, look_at

# Of this module: counts up with every change that changes a vector.
VERSION = 1


class ShippedEmbedder:
    """Global average pool of the ResNet-50 that sees the photo around each number: 2,048 numbers per photo.

    Its weights are our own, trained to tell what a number on a photo labels, from gray and thin lines on a small
    square. Where text stands, which that network also sees, is left out: an embedding does not depend on an OCR engine.

    Parameters
    ----------
    threads : int, optional
        Threads of torch while it computes, by default torch's own choice; changes speed only.

    Raises
    ------
    WeightsError
        When the weights are not there or do not fit; says what to do.
    """

    name = "resnet50-shipped"
    dimension = 2048

    def __init__(self, threads: int | None = None) -> None:
        if threads is not None:
            in_range("threads", threads, 1, 1024, whole=True)
        self.threads = threads
        self._digest = NumberClassifier().settings()["weights"]
        self._backbone: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the network behind: each process loads its own."""
        return {**self.__dict__, "_backbone": None}

    def settings(self) -> dict[str, Any]:
        """Return everything that changes a vector, with the SHA-256 of the weights."""
        return {"embedding": self.name, "version": VERSION, "size": SIZE, "weights": self._digest}

    def embed(self, images: Iterable[RGB]) -> NDArray[np.float32]:
        """Return one row per photo.

        Parameters
        ----------
        images : iterable of ndarray of uint8, shape (H, W, 3)
            RGB, of any sizes.

        Returns
        -------
        ndarray of float32, shape (n, 2048)
        """
        import torch

        planes = [look_at(image, ()).planes for image in images]
        if not planes:
            return np.empty((0, self.dimension), dtype=np.float32)
        if self._backbone is None:
            self._backbone = load_network(default_weights()).backbone
        with inferring(self.threads):
            pixels = torch.from_numpy(np.stack(planes)).float() / 255
            vectors: NDArray[np.float32] = self._backbone((pixels - 0.5) * 2).numpy()
        return vectors
