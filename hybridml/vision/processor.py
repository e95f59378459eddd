"""The photo processor: runs vision stages on one photo, in any process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hybridml.datasets.images import RGB

from .stages import Stage, StageKind
from .text_line import OCRResult


class PhotoProcessor:
    """Runs vision stages on photos; each stage is loaded when it first runs.

    Results are in the precision in which the feature store keeps them, so that answers are the same whether or not
    a photo was stored.

    Parameters
    ----------
    stages : iterable of Stage
        The stages.
    threads : int, optional
        Threads of each stage; changes no result.
    """

    def __init__(self, stages: Iterable[Stage], threads: int | None = None) -> None:
        self._stages = {stage.kind: stage for stage in stages}
        self._threads = threads
        self._created: dict[StageKind, Any] = {}

    def _engine(self, kind: StageKind) -> Any:
        if kind not in self._created:
            self._created[kind] = self._stages[kind].create(self._threads)
        return self._created[kind]

    def load(self) -> None:
        """Load every stage now, so that one that cannot be loaded is known before the first photo.

        Raises
        ------
        HybridmlError
            When a stage cannot be loaded.
        """
        for kind in self._stages:
            self._engine(kind)

    def ocr(self, image: RGB) -> OCRResult:
        """Return the text lines of a photo ``(H, W, 3)``."""
        result: OCRResult = self._engine("ocr").read(image)
        return result.rounded()

    def second_pass(self, image: RGB, first: OCRResult) -> OCRResult:
        """Return the text lines of a closer second pass, merged with those of the first."""
        result: OCRResult = self._engine("second_pass").read(image, first)
        return result.rounded()

    def number_classes(self, image: RGB, ocr_result: OCRResult) -> npt.NDArray[np.float32]:
        """Return the class probabilities of the number in each text line, ``(n_lines, n_classes)``."""
        probabilities = self._engine("number_classifier").classify(image, ocr_result.lines)
        return np.asarray(probabilities, np.float16).astype(np.float32)

    def embed(self, images: Sequence[RGB]) -> npt.NDArray[np.float32]:
        """Return the embedding of each photo, ``(n_photos, n_features)``."""
        return np.asarray(self._engine("embedding").embed(images), np.float16).astype(np.float32)
