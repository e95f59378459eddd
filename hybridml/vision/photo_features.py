"""The features of one photo: the results of all vision stages, whatever entity is requested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from .text_line import OCRResult


@dataclass(frozen=True)
class PhotoFeatures:
    """The results of the vision stages on one photo.

    Parameters
    ----------
    ocr_result : OCRResult
        The photo's text lines.
    number_classes : array (text lines, classes), optional
        Class probabilities of the number in each text line, in the order of
        :data:`hybridml.vision.number_classifier.CLASSES`.
    second_pass : OCRResult, optional
        OCR result of the second pass, used where the first has no candidate.
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
