"""Embeddings: a photo as a vector, by an embedder that is chosen by name.

torch is imported when an embedder computes, not before.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hybridml.datasets.images import RGB
from hybridml.errors import WeightsError
from hybridml.utils.hashing import sha256_of
from hybridml.utils.optional import missing
from hybridml.utils.registry import SettingsError, build, in_range, one_of, settings_of
from hybridml.utils.torch import inferring

from .weights import fitting, fold_batch_norms

#: Weights of torchvision by name: file name in the torch cache, as published by PyTorch.
PRETRAINED = {
    "IMAGENET1K_V2": "resnet50-11ad3fa6.pth",
    "IMAGENET1K_V1": "resnet50-0676ba61.pth",
}
DOWNLOAD = "https://download.pytorch.org/models/"
RANDOM = "random"
SEED = 0
# Of this module: counts up with every change that changes a vector.
VERSION = 1

# Of ImageNet, in RGB order: what the weights were trained with.
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
# The last layer, which embeddings leave out: weights without it are as good.
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


class NoEmbedder:
    """Looks at nothing: zero numbers per photo."""

    name = "none"
    dimension = 0

    def settings(self) -> dict[str, Any]:
        """Return the name alone."""
        return {"embedding": self.name}

    def embed(self, images: Iterable[RGB]) -> NDArray[np.float32]:
        """Return an array of shape ``(n, 0)``."""
        return np.empty((sum(1 for _ in images), 0), dtype=np.float32)


@dataclass(frozen=True)
class ResNet50Settings:
    """Settings of :class:`ResNet50Embedder` that change a vector, besides its weights.

    Parameters
    ----------
    size : int
        Side of the square that the network sees, in pixels.
    fit : {"letterbox", "stretch", "crop"}
        How a photo becomes a square. ``"letterbox"``: scaled to fit, white bars on both sides, so that the
        numbers at its borders stay and proportions hold; ``"stretch"``: squeezed; ``"crop"``: shortest side
        scaled to 232/224 of ``size``, its middle cut out, as the weights were validated: it loses the
        borders, where dimension labels stand.
    """

    size: int = 224
    fit: str = "letterbox"

    def __post_init__(self) -> None:
        in_range("size", self.size, 32, 2048, whole=True)
        one_of("fit", self.fit, ("letterbox", "stretch", "crop"))


class ResNet50Embedder:
    """Global average pool of torchvision's ResNet-50: 2,048 numbers per photo.

    Batches, channels-last, batch norms folded into the convolutions before them (exact up to rounding).

    Parameters
    ----------
    weights : str or path
        ``"IMAGENET1K_V2"`` or ``"IMAGENET1K_V1"``: from the torch cache (``$TORCH_HOME/hub/checkpoints``), or
        downloaded into it. The path of a file with a ``state_dict`` of torchvision's ``resnet50``. Or
        ``"random"``: seeded random weights, for trying things out; never chosen unasked.
    batch_size : int
        Photos per step; changes speed and memory only.
    threads : int, optional
        Threads of torch while it computes, by default torch's own choice; changes speed only.
    **settings
        See :class:`ResNet50Settings`.

    Raises
    ------
    WeightsError
        When the weights cannot be had or do not fit; says what to do.
    MissingExtraError
        When torch or torchvision is not installed.
    """

    name = "resnet50"
    dimension = 2048

    def __init__(
        self,
        weights: str | os.PathLike[str] = "IMAGENET1K_V2",
        batch_size: int = 16,
        threads: int | None = None,
        **settings: Any,
    ) -> None:
        in_range("batch_size", batch_size, 1, 4096, whole=True)
        if threads is not None:
            in_range("threads", threads, 1, 1024, whole=True)
        self.config = settings_of(ResNet50Settings, "embedding 'resnet50'", settings)
        self.batch_size = batch_size
        self.threads = threads
        self.weights = os.fspath(weights)
        self._path = None if self.weights == RANDOM else find_weights(self.weights)
        self._digest = RANDOM + f":{SEED}" if self._path is None else sha256_of(self._path, WeightsError)
        self._network: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the network behind: each process loads its own."""
        return {**self.__dict__, "_network": None}

    def settings(self) -> dict[str, Any]:
        """Return the settings and the SHA-256 of the weights."""
        return {"embedding": self.name, "version": VERSION, "weights": self._digest, **asdict(self.config)}

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
        network = self._loaded()
        with inferring(self.threads):
            rows = [network(_tensor(batch)).numpy() for batch in self._batches(images)]
        return np.concatenate(rows) if rows else np.empty((0, self.dimension), dtype=np.float32)

    def _batches(self, images: Iterable[RGB]) -> Iterator[NDArray[np.uint8]]:
        squares = (square(image, self.config.size, self.config.fit) for image in images)
        while batch := list(islice(squares, self.batch_size)):
            yield np.stack(batch)

    def _loaded(self) -> Any:
        if self._network is None:
            self._network = build_network(self._path)
        return self._network


def _shipped(**settings: Any) -> Embedder:
    from .number_classifier.embedder import ShippedEmbedder

    return ShippedEmbedder(**settings)


#: The packaged embedders.
EMBEDDERS: dict[str, Callable[..., Embedder]] = {
    "resnet50": ResNet50Embedder,
    "resnet50-shipped": _shipped,
    "none": NoEmbedder,
}


def create(name: str, **settings: Any) -> Embedder:
    """Create the embedder called ``name``.

    Parameters
    ----------
    name : str
        ``"resnet50"``, ``"resnet50-shipped"`` (our own weights, see :mod:`hybridml.vision.number_classifier.embedder`), ``"none"``, or
        ``"module:name"`` of a callable of your own that returns an :class:`Embedder`.
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
    >>> create("none").dimension
    0
    """
    embedder = build("embedding", name, EMBEDDERS, settings)
    if not isinstance(embedder, Embedder):
        raise SettingsError(
            f"embedding {name!r}: expected an object with name, dimension, settings() and embed(images), "
            f"got {embedder!r}"
        )
    return embedder


def square(image: RGB, size: int, fit: str) -> RGB:
    """Make a photo a square of ``size`` pixels; see :class:`ResNet50Settings` for ``fit``."""
    import cv2

    height, width = image.shape[:2]
    if fit == "stretch":
        new = (size, size)
    elif fit == "letterbox":
        factor = size / max(height, width)
        new = (max(1, round(width * factor)), max(1, round(height * factor)))
    else:
        factor = size * 232 / 224 / min(height, width)
        new = (max(size, round(width * factor)), max(size, round(height * factor)))
    how = cv2.INTER_AREA if new[0] * new[1] < width * height else cv2.INTER_CUBIC
    scaled = cv2.resize(image, new, interpolation=how)
    left, top = (new[0] - size) // 2, (new[1] - size) // 2
    if fit == "crop":
        return scaled[top : top + size, left : left + size]
    result = np.full((size, size, 3), 255, dtype=np.uint8)
    result[-top : new[1] - top, -left : new[0] - left] = scaled
    return result


def _tensor(batch: NDArray[np.uint8]) -> Any:
    import torch

    pixels = torch.from_numpy(batch).permute(0, 3, 1, 2)  # channels-last in memory as it stands
    floats = pixels.to(torch.float32, memory_format=torch.channels_last) / 255
    mean, deviation = (torch.tensor(v).view(1, 3, 1, 1) for v in (MEAN, DEVIATION))
    return (floats - mean) / deviation


def build_network(path: Path | None) -> Any:
    """Return torchvision's ResNet-50 without its last layer, ready for inference.

    Parameters
    ----------
    path : Path or None
        File with the ``state_dict``; None for seeded random weights.

    Raises
    ------
    WeightsError
        When the file is no ``state_dict`` or does not fit; names the keys that are missing or too many.
    """
    from .torchvision_compat import import_torchvision

    torchvision = import_torchvision()
    import torch

    if path is None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            network = torchvision.models.resnet50(weights=None)
    else:
        # Without storage: initial values would be drawn for a second only to be replaced.
        with torch.device("meta"):
            network = torchvision.models.resnet50(weights=None)
        state = fitting(path, network, "torchvision's resnet50", optional=UNUSED.__contains__)
        network.load_state_dict(state, strict=False, assign=True)
    network.fc = torch.nn.Identity()
    network.float().eval().requires_grad_(False)
    fold_batch_norms(network)
    return network.to(memory_format=torch.channels_last)


def find_weights(weights: str) -> Path:
    """Return the file of ``weights``, downloading it into the torch cache when it is a known name.

    Raises
    ------
    WeightsError
        When there is no such file and none can be downloaded; says what to do.
    """
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
