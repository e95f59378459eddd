"""OCR engines: they turn a photo into text lines, behind one protocol, and are chosen by name.

What an engine needs is imported when one is created, so this package costs nothing to import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hybridml.utils.registry import SettingsError, build
from hybridml.vision.text_line import OCRResult, Polygon, TextLine

from . import rapidocr, tesseract

__all__ = ["OCR_ENGINES", "OCREngine", "OCRResult", "Polygon", "TextLine", "available", "create"]


@runtime_checkable
class OCREngine(Protocol):
    """What every engine offers.

    Attributes
    ----------
    name : str
        Under which it is created.
    """

    name: str

    def settings(self) -> dict[str, Any]:
        """Return everything that changes an answer, as plain values: settings, engine and model versions."""
        ...

    def read(self, image: NDArray[np.uint8]) -> OCRResult:
        """Read one photo, an RGB array ``(H, W, 3)`` as :func:`hybridml.datasets.images.decode` returns it."""
        ...


#: The packaged OCR engines.
OCR_ENGINES: dict[str, Callable[..., OCREngine]] = {
    "rapidocr": rapidocr.RapidOCREngine,
    "tesseract": tesseract.TesseractEngine,
}


def available() -> dict[str, str | None]:
    """Return each packaged OCR engine with None when it can be used, or the reason why not and what to type."""
    return {"rapidocr": rapidocr.missing(), "tesseract": tesseract.missing()}


def create(name: str, **settings: Any) -> OCREngine:
    """Create the OCR engine called ``name``.

    Parameters
    ----------
    name : str
        ``"rapidocr"``, ``"tesseract"``, or ``"module:name"`` of a callable of your own that returns a
        :class:`OCREngine`.
    **settings
        Its settings; see :class:`hybridml.vision.ocr.rapidocr.RapidOCRSettings` and
        :class:`hybridml.vision.ocr.tesseract.TesseractSettings`. Both also take ``threads``: it changes speed only.

    Raises
    ------
    SettingsError
        When the name or a setting is not known.
    MissingExtraError
        When the engine is not installed; the message says what to type.
    """
    engine = build("OCR engine", name, OCR_ENGINES, settings)
    if not isinstance(engine, OCREngine):
        raise SettingsError(
            f"OCR engine {name!r}: expected an object with name, settings() and read(image), got {engine!r}"
        )
    return engine
