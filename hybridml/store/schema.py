"""How the store keeps what was read and seen: records with the columns of a schema, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hybridml.vision.text_line import OCRResult, TextLine

Kind = Literal["ocr", "embedding", "number_classifier"]

_DONE = [("key", pa.string()), ("error", pa.string()), ("seconds", pa.float32())]

SCHEMAS: dict[str, pa.Schema] = {
    "photos": pa.schema(
        [("name", pa.string()), ("bytes", pa.int64()), ("mtime_ns", pa.int64()), ("key", pa.string())]
    ),
    "ocr": pa.schema(
        [
            ("key", pa.string()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("error", pa.string()),
            ("seconds", pa.float32()),
            ("text", pa.list_(pa.string())),
            ("confidence", pa.list_(pa.float32())),
            ("polygon", pa.list_(pa.float32())),
        ]
    ),
    "embedding": pa.schema([*_DONE, ("vector", pa.list_(pa.float16()))]),
    "number_classifier": pa.schema(
        [*_DONE, ("classes", pa.int32()), ("probabilities", pa.list_(pa.float16()))]
    ),
}

EMPTY: dict[str, dict[str, Any]] = {
    "ocr": {"text": [], "confidence": [], "polygon": [], "width": 0, "height": 0},
    "embedding": {"vector": []},
    "number_classifier": {"classes": 0, "probabilities": []},
}
"""What a record of a photo that cannot be decoded holds, by kind."""


def failure_of(kind: str, key: str, cause: str) -> dict[str, Any]:
    """Return the record of a photo that cannot be decoded."""
    return {"key": key, "error": cause, "seconds": 0.0, **EMPTY[kind]}


def record_of(key: str, ocr_result: OCRResult, seconds: float) -> dict[str, Any]:
    """Return the record in which the store keeps a reading."""
    return {
        "key": key,
        "width": ocr_result.width,
        "height": ocr_result.height,
        "error": None,
        "seconds": seconds,
        "text": [line.text for line in ocr_result.lines],
        "confidence": [line.confidence for line in ocr_result.lines],
        "polygon": [c for line in ocr_result.lines for point in line.polygon for c in point],
    }


def ocr_result_of(record: Mapping[str, Any]) -> OCRResult:
    """Return the reading kept in a record: the inverse of :func:`record_of`, in float32."""
    flat = record["polygon"]
    corners = [(flat[i], flat[i + 1]) for i in range(0, len(flat), 2)]
    lines = tuple(
        TextLine(
            text, confidence, (corners[4 * i], corners[4 * i + 1], corners[4 * i + 2], corners[4 * i + 3])
        )
        for i, (text, confidence) in enumerate(zip(record["text"], record["confidence"], strict=True))
    )
    return OCRResult(lines, record["width"], record["height"])


def as_stored(ocr_result: OCRResult) -> OCRResult:
    """Return a reading as the store would give it back: numbers in float32."""
    record = record_of("", ocr_result, 0.0)
    for name in ("confidence", "polygon"):
        record[name] = np.asarray(record[name], dtype=np.float32).tolist()
    return ocr_result_of(record)


def number_class_record(key: str, probabilities: npt.NDArray[Any], seconds: float) -> dict[str, Any]:
    """Return the record in which the store keeps the classes of a photo's text lines."""
    return {
        "key": key,
        "error": None,
        "seconds": seconds,
        "classes": probabilities.shape[1],
        "probabilities": probabilities.astype(np.float16).ravel(),
    }


def number_classes_of(record: Mapping[str, Any]) -> npt.NDArray[np.float32]:
    """Return the probabilities (text lines, classes) kept in a record."""
    return np.asarray(record["probabilities"], np.float32).reshape(-1, max(record["classes"], 1))


def number_classes_as_stored(probabilities: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return probabilities as the store would give them back: numbers in float16."""
    return probabilities.astype(np.float16).astype(np.float32)
