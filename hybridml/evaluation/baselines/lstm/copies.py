"""Embeddings of varied copies of photos: turned, darker or brighter, blurred; computed once and kept in the store."""

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
from hybridml.evaluation.baselines.system import Dataset
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
"""Largest variation of a copy: degrees, share of the brightness, share of the longer side."""

# Largest difference, as a share, between an embedding kept in float16 and the same one computed now.
_TOLERANCE = 1e-2


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
    """An embedding of a varied copy of each photo, the same for the same photo and copy number."""

    name = "varied"

    def __init__(
        self, embedding: str = "resnet50", resnet_weights: str = DEFAULT_WEIGHTS, copy: int = 1
    ) -> None:
        self._embedder = _embedder(embedding, resnet_weights)
        self._copy = copy
        self.dimension = self._embedder.dimension

    def settings(self) -> dict[str, Any]:
        """Return the settings of the embedding, the number of the copy and the largest variation."""
        varied = {"copy": self._copy, "turn": TURN, "brightness": BRIGHTNESS, "blur": BLUR}
        return {**self._embedder.settings(), "varied": {"version": VERSION, **varied}}

    def embed(self, images: Iterable[RGB]) -> npt.NDArray[np.float32]:
        """Return one row per photo."""
        seeds = ((image, [zlib.crc32(image.tobytes()), self._copy]) for image in images)
        return self._embedder.embed(varied(image, np.random.default_rng(seed)) for image, seed in seeds)


def _embedder(embedding: str, resnet_weights: str) -> Embedder:
    stage, reason = embedding_stage(embedding, resnet_weights)
    if stage is None:
        raise SettingsError(f"augment needs an embedding: {reason}")
    # each process that embeds has one thread
    made: Embedder = stage.create(threads=1)
    return made


def embed_copies(
    dataset: Dataset,
    count: int,
    embedding: str,
    resnet_weights: str,
    store: str | Path,
    progress: bool = False,
) -> dict[str, list[Floats]]:
    """Return the embeddings of ``count`` varied copies of each photo, by key; ``store`` keeps them.

    A photo that is not on this machine has no copies.

    Raises
    ------
    HybridmlError
        When ``dataset`` does not have the embeddings of ``embedding`` and ``resnet_weights``, or the store or the
        weights cannot be used.
    """
    paths = {key: dataset.photos[key] for key in dataset.keys if key is not None and key in dataset.photos}
    _check_embedding(dataset, paths, embedding, resnet_weights)
    features = FeatureStore(store)
    copies: dict[str, list[Floats]] = {}
    for copy in range(1, count + 1):
        options = {"embedding": embedding, "resnet_weights": resnet_weights, "copy": copy}
        stage, _ = embedding_stage(f"{__name__}:VariedEmbedder", options=options)
        assert stage is not None  # only "none" has no engine
        report = extract_photos(paths, features, VisionStages(None, stage), progress=progress)
        for key, cause in report.failed.items():
            log.warning("photo %s has no copy %d: %s", key, copy, cause)
        vectors = dict(features.embeddings(stage.settings, set(report.keys.values())))
        for key, content in report.keys.items():
            if content in vectors:
                copies.setdefault(key, []).append(vectors[content])
    return copies


def _check_embedding(
    dataset: Dataset, paths: Mapping[str, Path], embedding: str, resnet_weights: str
) -> None:
    """Raise HybridmlError unless the first photo that can be decoded has this embedding."""
    for key, path in paths.items():
        if key not in dataset.vectors:
            continue
        try:
            image = decode(path)
        except ImageError:
            continue
        made = _embedder(embedding, resnet_weights).embed([image])[0]
        own = np.asarray(dataset.vectors[key], np.float32)
        if made.shape != own.shape or np.abs(made - own).max() > _TOLERANCE * max(np.abs(own).max(), 1.0):
            raise HybridmlError(
                f"the embeddings given are not those of {embedding!r} with the weights {resnet_weights!r}, which would "
                "embed the copies: set the LSTM's embedding and resnet_weights to what made them"
            )
        return
