"""What reading and looking found on one photo, whatever is asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from .text_line import OCRResult


@dataclass(frozen=True)
class PhotoFeatures:
    """Everything that features are computed from.

    Parameters
    ----------
    ocr_result : OCRResult
        The photo's text lines.
    number_classes : array (text lines, classes), optional
        What the region network takes each text line's number for, :data:`hybridml.vision.number_classifier.CLASSES`.
    second_pass : OCRResult, optional
        The reading of a second look, used where the first shows nothing that could be the answer.
    """

    ocr_result: OCRResult
    number_classes: npt.NDArray[Any] | None = None
    second_pass: OCRResult | None = None

    def result_of(self, second_pass: bool) -> OCRResult:
        """Return the OCR result of the second pass, where there is one and it is meant, else that of the first."""
        return self.second_pass if second_pass and self.second_pass else self.ocr_result


def as_photo_features(found: PhotoFeatures | OCRResult) -> PhotoFeatures:
    """Return ``found``, an OCR result as features without anything else."""
    return PhotoFeatures(found) if isinstance(found, OCRResult) else found
