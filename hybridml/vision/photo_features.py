"""What reading and looking found on one photo, whatever is asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from hybridml.candidates.find import needs_second_pass
from hybridml.entities import Entity, EntitySchema

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

    def ocr_result_for(self, entity: Entity, schema: EntitySchema) -> OCRResult:
        """Return the reading that answers ``entity``: the second look's where there is one and it is wanted."""
        if self.second_pass is not None and needs_second_pass(self.ocr_result, entity, schema):
            return self.second_pass
        return self.ocr_result


def as_photo_features(found: PhotoFeatures | OCRResult) -> PhotoFeatures:
    """Return ``found``, or a reading as what was seen without looking."""
    return PhotoFeatures(found) if isinstance(found, OCRResult) else found
