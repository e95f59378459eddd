"""Embeddings: a photo as a vector, by an embedder that is chosen by name.

torch is imported when an embedder computes, not before.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hybridml.datasets.images import RGB
from hybridml.errors import WeightsError
from hybridml.utils.hashing import sha256_of
from hybridml.utils.optional import missing
from hybridml.utils.registry import SettingsError, build, in_range
from hybridml.utils.torch import inferring

from .number_classifier.classifier import SHIPPED_WEIGHTS, NumberClassifier, load_network
from .number_classifier.inputs import SIZE as SHIPPED_SIZE
from .number_classifier.inputs import look_at
from .torchvision_compat import import_torchvision
from .weights import fold_batch_norms, loaded

#: Weights of torchvision by name: file name in the torch cache, as published by PyTorch.
PRETRAINED = {
    "IMAGENET1K_V2": "resnet50-11ad3fa6.pth",
    "IMAGENET1K_V1": "resnet50-0676ba61.pth",
}
DOWNLOAD = "https://download.pytorch.org/models/"
RANDOM = "random"
SEED = 0
INPUT_SIZE = 224
"""Side of the square that torchvision's network sees, in pixels."""

BATCH = 16
"""Photos that are embedded together; changes speed and memory only."""

# Of this module: counts up with every change that changes a vector.
VERSION = 1
# Of ImageNet, in RGB order: what the weights were trained with.
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
# The last layer, which embeddings leave out.
UNUSED = ("fc.weight", "fc.bias")


@runtime_checkable
class Embedder(Protocol):
    """What every embedder offers.

    Attributes
    ----------
    name : str
        Under which it is created.
    dimension : int
        Numbers per photo.
    """

    name: str
    dimension: int

    def settings(self) -> dict[str, Any]:
        """Return everything that changes a vector, as plain values."""
        ...

    def embed(self, images: Iterable[RGB]) -> NDArray[np.float32]:
        """Return one row per RGB photo ``(H, W, 3)``, shape ``(n, dimension)``."""
        ...


class _ResNet50:
    """An embedder whose vectors are the global average pool of a ResNet-50."""

    dimension = 2048

    def __init__(self, threads: int | None) -> None:
        if threads is not None:
            in_range("threads", threads, 1, 1024, whole=True)
        self.threads = threads
        self._network: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the network behind: each process loads its own."""
        return {**self.__dict__, "_network": None}

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
        if self._network is None:
            self._network = self._loaded()
        left, rows = iter(images), [np.empty((0, self.dimension), dtype=np.float32)]
        with inferring(self.threads):
            while batch := list(islice(left, BATCH)):
                rows.append(self._network(self._inputs(batch)).numpy())
        return np.concatenate(rows)

    def _loaded(self) -> Any:
        """Return the network without its last layer, ready for inference."""
        raise NotImplementedError

    def _inputs(self, images: Sequence[RGB]) -> Any:
        """Return the tensor that the network takes for some photos."""
        raise NotImplementedError


class ResNet50Embedder(_ResNet50):
    """Global average pool of torchvision's ResNet-50: 2,048 numbers per photo.

    Batches, channels-last, batch norms folded into the convolutions before them (exact up to rounding).

    Parameters
    ----------
    weights : str or path
        ``"IMAGENET1K_V2"`` or ``"IMAGENET1K_V1"``: from the torch cache (``$TORCH_HOME/hub/checkpoints``), or
        downloaded into it. The path of a file with a ``state_dict`` of torchvision's ``resnet50``. Or
        ``"random"``: seeded random weights, for trying things out; never chosen unasked.
    threads : int, optional
        Threads of torch while it computes, by default torch's own choice; changes speed only.

    Raises
    ------
    WeightsError
        When the weights cannot be had or do not fit; says what to do.
    MissingExtraError
        When torch or torchvision is not installed.
    """

    name = "resnet50"

    def __init__(self, weights: str | os.PathLike[str] = "IMAGENET1K_V2", threads: int | None = None) -> None:
        super().__init__(threads)
        weights = os.fspath(weights)
        self._path = None if weights == RANDOM else _find_weights(weights)
        self._digest = RANDOM + f":{SEED}" if self._path is None else sha256_of(self._path, WeightsError)

    def settings(self) -> dict[str, Any]:
        """Return everything that changes a vector, with the SHA-256 of the weights."""
        square = {"size": INPUT_SIZE, "fit": "letterbox"}
        return {"embedding": self.name, "version": VERSION, "weights": self._digest, **square}

    def _loaded(self) -> Any:
        resnet50 = import_torchvision().models.resnet50
        import torch

        if self._path is None:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(SEED)
                network = resnet50(weights=None).eval().requires_grad_(False)
        else:
            network = loaded(resnet50, self._path, "torchvision's resnet50", unused=UNUSED)
        network.fc = torch.nn.Identity()
        fold_batch_norms(network)
        return network.to(memory_format=torch.channels_last)

    def _inputs(self, images: Sequence[RGB]) -> Any:
        import torch

        batch = torch.from_numpy(np.stack([letterboxed(image) for image in images]))
        pixels = batch.permute(0, 3, 1, 2)  # channels-last in memory as it stands
        floats = pixels.to(torch.float32, memory_format=torch.channels_last) / 255
        mean, deviation = (torch.tensor(v).view(1, 3, 1, 1) for v in (MEAN, DEVIATION))
        return (floats - mean) / deviation


class ShippedEmbedder(_ResNet50):
    """Global average pool of the number classifier's ResNet-50: 2,048 numbers per photo, without a download.

    Its weights are our own, trained to predict what a number on a photo measures, from gray and thin lines on a small
    square. The positions of text, which that network also sees, are left out, so that an embedding needs no OCR engine.

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

    def __init__(self, threads: int | None = None) -> None:
        super().__init__(threads)
        self._digest = NumberClassifier().settings()["weights"]

    def settings(self) -> dict[str, Any]:
        """Return everything that changes a vector, with the SHA-256 of the weights."""
        return {"embedding": self.name, "version": VERSION, "size": SHIPPED_SIZE, "weights": self._digest}

    def _loaded(self) -> Any:
        return load_network(SHIPPED_WEIGHTS).backbone

    def _inputs(self, images: Sequence[RGB]) -> Any:
        import torch

        planes = np.stack([look_at(image, ()).planes for image in images])
        return (torch.from_numpy(planes).float() / 255 - 0.5) * 2


#: The packaged embedders.
EMBEDDERS: dict[str, Callable[..., Embedder]] = {
    "resnet50": ResNet50Embedder,
    "resnet50-shipped": ShippedEmbedder,
}


def create(name: str, **settings: Any) -> Embedder:
    """Create the embedder called ``name``.

    Parameters
    ----------
    name : str
        ``"resnet50"``, ``"resnet50-shipped"``, or ``"module:name"`` of a callable of your own that returns an
        :class:`Embedder`.
    **settings
        Keyword arguments of that embedder.

    Raises
    ------
    SettingsError
        When the name or a setting is not known.
    WeightsError, MissingExtraError
        See :class:`ResNet50Embedder`.

    Examples
    --------
    >>> create("resnet50", weights="random").dimension
    2048
    """
    embedder = build("embedding", name, EMBEDDERS, settings)
    if not isinstance(embedder, Embedder):
        raise SettingsError(
            f"embedding {name!r}: expected an object with name, dimension, settings() and embed(images), "
            f"got {embedder!r}"
        )
    return embedder


def letterboxed(image: RGB) -> RGB:
    """Scale a photo to fit into a square of :data:`INPUT_SIZE` with white bars, in its proportions."""
    import cv2

    height, width = image.shape[:2]
    factor = INPUT_SIZE / max(height, width)
    new = (max(1, round(width * factor)), max(1, round(height * factor)))
    how = cv2.INTER_AREA if new[0] * new[1] < width * height else cv2.INTER_CUBIC
    left, top = (INPUT_SIZE - new[0] + 1) // 2, (INPUT_SIZE - new[1] + 1) // 2
    result = np.full((INPUT_SIZE, INPUT_SIZE, 3), 255, dtype=np.uint8)
    result[top : top + new[1], left : left + new[0]] = cv2.resize(image, new, interpolation=how)
    return result


def _find_weights(weights: str) -> Path:
    """Return the file of ``weights``, downloading it into the torch cache when it is a known name."""
    if weights not in PRETRAINED:
        path = Path(weights)
        if not path.is_file():
            raise WeightsError(
                f"no weights at {weights!r}: expected a file with a state_dict of torchvision's resnet50, "
                f"{' or '.join(map(repr, PRETRAINED))}, or {RANDOM!r}"
            )
        return path
    try:
        import torch
    except ImportError as error:
        raise missing("ResNet-50", "torch", error) from error
    name = PRETRAINED[weights]
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    path = folder / name
    if not path.is_file():
        try:
            torch.hub.load_state_dict_from_url(
                DOWNLOAD + name, model_dir=str(folder), map_location="cpu", progress=True, check_hash=True
            )
        except Exception as error:  # network, disk and hash each have their own
            raise WeightsError(
                f"cannot download the ResNet-50 weights {weights} from {DOWNLOAD + name}: {error}. "
                f"Put that file at {path}, or name one with --resnet-weights FILE, "
                "or ask for untrained ones with --resnet-weights random"
            ) from error
    return path
