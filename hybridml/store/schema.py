"""The schema of the feature store: the columns of each kind of record, and the way from results to records and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hybridml.vision.stages import StageKind
from hybridml.vision.text_line import OCRResult, TextLine

Kind = Literal["ocr", "embedding", "number_classifier"]

KIND_OF: dict[StageKind, Kind] = {
    "ocr": "ocr",
    "embedding": "embedding",
    "number_classifier": "number_classifier",
    "second_pass": "ocr",
}
"""Kind of record in which the store keeps the output of each stage."""

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


def failure_record(kind: str, key: str, cause: str) -> dict[str, Any]:
    """Return the record of a photo that cannot be decoded."""
    return {"key": key, "error": cause, "seconds": 0.0, **EMPTY[kind]}


def _done(key: str, seconds: float) -> dict[str, Any]:
    return {"key": key, "error": None, "seconds": seconds}


def ocr_record(key: str, ocr_result: OCRResult, seconds: float) -> dict[str, Any]:
    """Return the record in which the store keeps an OCR result."""
    return {
        **_done(key, seconds),
        "width": ocr_result.width,
        "height": ocr_result.height,
        "text": [line.text for line in ocr_result.lines],
        "confidence": [line.confidence for line in ocr_result.lines],
        "polygon": [c for line in ocr_result.lines for point in line.polygon for c in point],
    }


def ocr_result_of(record: Mapping[str, Any]) -> OCRResult:
    """Return the OCR result kept in a record: the inverse of :func:`ocr_record`, in float32."""
    flat = record["polygon"]
    corners = [(flat[i], flat[i + 1]) for i in range(0, len(flat), 2)]
    lines = tuple(
        TextLine(
            text, confidence, (corners[4 * i], corners[4 * i + 1], corners[4 * i + 2], corners[4 * i + 3])
        )
        for i, (text, confidence) in enumerate(zip(record["text"], record["confidence"], strict=True))
    )
    return OCRResult(lines, record["width"], record["height"])


def embedding_record(key: str, vector: npt.NDArray[Any], seconds: float) -> dict[str, Any]:
    """Return the record in which the store keeps the embedding of a photo."""
    return {**_done(key, seconds), "vector": vector.astype(np.float16)}


def number_class_record(key: str, probabilities: npt.NDArray[Any], seconds: float) -> dict[str, Any]:
    """Return the record in which the store keeps the classes of a photo's text lines."""
    return {
        **_done(key, seconds),
        "classes": probabilities.shape[1],
        "probabilities": probabilities.astype(np.float16).ravel(),
    }


def number_classes_of(record: Mapping[str, Any]) -> npt.NDArray[np.float32]:
    """Return the probabilities (text lines, classes) kept in a record."""
    return np.asarray(record["probabilities"], np.float32).reshape(-1, max(record["classes"], 1))
