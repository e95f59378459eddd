"""The number classifier with trained weights; torch is imported when it computes, not before."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hybridml.errors import WeightsError
from hybridml.utils.hashing import sha256_of
from hybridml.utils.paths import PRETRAINED_FOLDER
from hybridml.utils.registry import in_range
from hybridml.utils.torch import inferring
from hybridml.vision.text_line import TextLine
from hybridml.vision.weights import fold_batch_norms, loaded

from .inputs import CLASSES, SIZE, has_digit, look_at
from .onnx_backbone import Maps, maps_of

# Of this package: counts up with every change that changes a probability.
VERSION = 2
WHAT = "the number classifier"
REMEDY = "train weights anew with 'python -m benchmarks.train_number_classifier'"

SHIPPED_WEIGHTS = PRETRAINED_FOLDER / "number-classifier-resnet50.pt"
"""Our own weights of the ResNet-50 that sees the photo around each number."""


class NumberClassifier:
    """Predicts what each number on a photo measures, from the lines and shapes around it.

    Parameters
    ----------
    weights : str or path, optional
        File that ``benchmarks.train_number_classifier`` wrote; by default the shipped one.
    threads : int, optional
        Threads of torch while it computes, by default torch's own choice; changes speed only.

    Raises
    ------
    WeightsError
        When there is no such file, or, on first use, when it does not fit; says what to do.
    MissingExtraError
        On first use, when torch or torchvision is not installed.
    """

    name = "number_classifier"

    def __init__(self, weights: str | os.PathLike[str] | None = None, threads: int | None = None) -> None:
        if threads is not None:
            in_range("threads", threads, 1, 1024, whole=True)
        self.threads = threads
        self._path = SHIPPED_WEIGHTS if weights is None else Path(weights)
        if not self._path.is_file():
            raise WeightsError(
                f"no weights of the number classifier at {str(self._path)!r}: name a file that "
                "'python -m benchmarks.train_number_classifier' wrote, or train one with it"
            )
        self._digest = sha256_of(self._path, WeightsError)
        self._loaded: tuple[Maps, Any] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the network behind: each process loads its own."""
        return {**self.__dict__, "_loaded": None}

    def settings(self) -> dict[str, Any]:
        """Return everything that changes a probability, with the SHA-256 of the weights."""
        return {"name": self.name, "version": VERSION, "size": SIZE, "weights": self._digest}

    def classify(self, image: NDArray[np.uint8], lines: Sequence[TextLine]) -> NDArray[np.float32]:
        """Return the probability of each class for each text line.

        Parameters
        ----------
        image : ndarray of uint8, shape (H, W, 3)
            RGB.
        lines : sequence of TextLine
            Polygons in pixels of ``image``.

        Returns
        -------
        ndarray of float32, shape (len(lines), 9)
            Columns as in :data:`~hybridml.vision.number_classifier.CLASSES`; NaN for a line without a digit.
        """
        result = np.full((len(lines), len(CLASSES)), np.nan, dtype=np.float32)
        asked = np.array([has_digit(line.text) for line in lines], dtype=bool)
        if not asked.any():
            return result
        maps, head = self._load()
        import torch

        from .network import answer

        view = look_at(image, lines)
        local, whole = (
            torch.from_numpy(m) for m in maps(np.divide(view.planes[None], 255, dtype=np.float32))
        )
        with inferring(self.threads):
            geometry = torch.from_numpy(view.geometry[asked])
            photo = torch.zeros(len(geometry), dtype=torch.int64)
            result[asked] = answer(head, local, whole, geometry, photo).softmax(1).numpy()
        return result

    def _load(self) -> tuple[Maps, Any]:
        if self._loaded is None:
            maps = maps_of(lambda: load_network(self._path), self._digest, VERSION, self.threads)
            self._loaded = maps, load_head(self._path)
        return self._loaded


def load_network(path: Path) -> Any:
    """Return the network with the weights of ``path``, ready for inference.

    Raises
    ------
    WeightsError
        When the file cannot be loaded or does not fit; says what to do.
    """
    import torch

    from .network import NumberClassifierNetwork

    network = loaded(NumberClassifierNetwork, path, WHAT, REMEDY)
    fold_batch_norms(network.backbone)
    return network.to(memory_format=torch.channels_last)


def load_head(path: Path) -> Any:
    """Return the network's head alone, which is all that is needed where the backbone runs on ONNX Runtime.

    Raises
    ------
    WeightsError
        As for :func:`load_network`.
    """
    from .network import new_head

    return loaded(new_head, path, WHAT, REMEDY, prefix="head.")
