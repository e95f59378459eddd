"""Embeddings of varied copies of photos: turned, darker or brighter, blurred; made once and kept in the store."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hybridml.datasets.images import RGB, decode
from hybridml.errors import HybridmlError, ImageError
from hybridml.evaluation.baselines.system import Given
from hybridml.store.extraction import extract_photos
from hybridml.store.feature_store import FeatureStore
from hybridml.utils.registry import SettingsError
from hybridml.vision.embedding import Embedder
from hybridml.vision.stages import DEFAULT_WEIGHTS, VisionStages, embedding_stage

from .tokens import Floats

log = logging.getLogger(__name__)

# Of this module: counts up with every change that changes a vector.
VERSION = 1

TURN, BRIGHTNESS, BLUR = 8.0, 0.3, 0.004
"""Degrees, share of the brightness and share of the longer side by which a copy differs from its photo at most."""

VARIED = f"{__name__}:VariedEmbedder"

# Share by which an embedding kept in float16 differs at most from one made now.
_ALIKE = 1e-2


def varied(image: RGB, rng: np.random.Generator) -> RGB:
    """Return a photo turned about its centre on white, made darker or brighter, and blurred, all at random."""
    import cv2

    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-TURN, TURN), 1.0)
    turned = cv2.warpAffine(image, turn, (width, height), borderValue=(255, 255, 255))
    lit = cv2.convertScaleAbs(turned, alpha=1 + rng.uniform(-BRIGHTNESS, BRIGHTNESS))
    sigma = rng.uniform(0, BLUR) * max(height, width)
    blurred: RGB = np.asarray(cv2.GaussianBlur(lit, (0, 0), max(sigma, 0.1)), dtype=np.uint8)
    return blurred


class VariedEmbedder:
    """An embedding of a varied copy of each photo, the same for the same photo and number.

    Parameters
    ----------
    embedding, resnet_weights : str
        What embeds, as in :func:`hybridml.vision.stages.embedding_stage`.
    copy : int
        Which copy.
    """

    name = "varied"

    def __init__(
        self, embedding: str = "resnet50", resnet_weights: str = DEFAULT_WEIGHTS, copy: int = 1
    ) -> None:
        self._embedder = _embedder(embedding, resnet_weights)
        self._copy = copy
        self.dimension = self._embedder.dimension

    def settings(self) -> dict[str, Any]:
        """Return those of the embedding, which copy it is, and how much it can differ."""
        varied = {"copy": self._copy, "turn": TURN, "brightness": BRIGHTNESS, "blur": BLUR}
        return {**self._embedder.settings(), "varied": {"version": VERSION, **varied}}

    def embed(self, images: Iterable[RGB]) -> npt.NDArray[np.float32]:
        """Return one row per photo."""
        return self._embedder.embed(varied(image, self._seeded(image)) for image in images)

    def _seeded(self, image: RGB) -> np.random.Generator:
        return np.random.default_rng([zlib.crc32(image.tobytes()), self._copy])


def _embedder(embedding: str, resnet_weights: str) -> Embedder:
    stage, reason = embedding_stage(embedding, resnet_weights)
    if stage is None:
        raise SettingsError(f"augment needs an embedding: {reason}")
    # each process that embeds has one thread
    made: Embedder = stage.create(threads=1)
    return made


def with_copies(
    given: Given,
    found: list[Floats | None],
    count: int,
    embedding: str,
    resnet_weights: str,
    store: str | Path,
    progress: bool = False,
) -> list[Floats | None]:
    """Return each row's embedding (1 + copies, numbers): as given, and of the photo's varied copies.

    Parameters
    ----------
    given : Given
        Rows with their photos; one that is not on this machine has no copies.
    found : list of array (1, numbers) or None, one per row
        Embeddings as given.
    count : int
        Copies of each photo.
    embedding, resnet_weights : str
        What made the embeddings given.
    store : path
        Feature store that has the copies' embeddings, or will have them.
    progress : bool
        Show a progress bar.

    Raises
    ------
    HybridmlError
        When the embeddings given are none of that embedding's, or a store or weights cannot be had.
    """
    paths = {key: given.photos[key] for key in given.keys if key is not None and key in given.photos}
    _check_alike(given, paths, embedding, resnet_weights)
    features = FeatureStore(store)
    copies: dict[str, list[Floats]] = {}
    for copy in range(1, count + 1):
        options = {"embedding": embedding, "resnet_weights": resnet_weights, "copy": copy}
        stage, _ = embedding_stage(VARIED, options=options)
        assert stage is not None  # only "none" has no engine
        report = extract_photos(paths, features, VisionStages(None, stage), progress=progress)
        for key, cause in report.failed.items():
            log.warning("photo %s has no copy %d: %s", key, copy, cause)
        vectors = dict(features.embeddings(stage.settings, set(report.keys.values())))
        for key, content in report.keys.items():
            if content in vectors:
                copies.setdefault(key, []).append(vectors[content][None])
    return [
        None if own is None else np.concatenate([own, *copies.get(key or "", [])])
        for own, key in zip(found, given.keys, strict=True)
    ]


def _check_alike(given: Given, paths: Mapping[str, Path], embedding: str, resnet_weights: str) -> None:
    """Raise HybridmlError unless the first photo that can be decoded has the embedding given of it."""
    for key, path in paths.items():
        if key not in given.vectors:
            continue
        try:
            image = decode(path)
        except ImageError:
            continue
        made = _embedder(embedding, resnet_weights).embed([image])[0]
        own = np.asarray(given.vectors[key], np.float32)
        if made.shape != own.shape or np.abs(made - own).max() > _ALIKE * max(np.abs(own).max(), 1.0):
            raise HybridmlError(
                f"the embeddings given are not those of {embedding!r} with the weights {resnet_weights!r}, which "
                "copies would be embedded with: set the LSTM's embedding and resnet_weights to what made them"
            )
        return
