"""A reader and an embedding that need no engine: text lines travel in the pixels of lossless photos."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from hybridml.vision.text_line import OCRResult, TextLine
from tests.helpers.lines import line

SIDE = 64


class PixelReader:
    """Reads what :func:`write_photo` hid in a photo; dies on the text ``crash``, fails on ``fail``."""

    name = "pixels"

    def __init__(self, version: int = 1) -> None:
        self.version = version

    def settings(self) -> dict[str, Any]:
        return {"engine": "pixels", "version": self.version}

    def read(self, image: np.ndarray) -> OCRResult:
        raw = image.tobytes()
        if not raw.startswith(b"[["):
            return OCRResult((), image.shape[1], image.shape[0])
        lines = json.loads(raw[: raw.index(b"\0")].decode())
        texts = [text for text, _ in lines]
        if "crash" in texts:
            import os

            os._exit(9)
        if "fail" in texts:
            raise ValueError("no such luck")
        made = tuple(
            TextLine(text, 0.9, tuple((float(x), float(y)) for x, y in polygon)) for text, polygon in lines
        )
        return OCRResult(made, 1000, 1000)


class MeanEmbedder:
    """Embeds a photo as eight numbers of its bytes."""

    name = "mean"
    dimension = 8

    def settings(self) -> dict[str, Any]:
        return {"embedding": "mean"}

    def embed(self, images: Iterable[np.ndarray]) -> np.ndarray:
        return np.stack([image.reshape(8, -1).mean(axis=1) for image in images]).astype(np.float32)


def write_photo(path: Path, lines: Sequence[TextLine]) -> None:
    """Write a photo on which :class:`PixelReader` reads ``lines``."""
    raw = json.dumps([(one.text, one.polygon) for one in lines]).encode() + b"\0"
    pixels = np.full((SIDE, SIDE, 3), 255, dtype=np.uint8)
    flat = pixels.reshape(-1)
    assert len(raw) < flat.size
    flat[: len(raw)] = np.frombuffer(raw, dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def draw_lines(rng: np.random.Generator, entity: str) -> tuple[list[TextLine], str]:
    """Draw text lines of a product and the answer: keyword and unit tell it from the others."""
    weight, volume = int(rng.integers(1, 900)), int(rng.integers(1, 900))
    width, height = int(rng.integers(1, 90)), int(rng.integers(1, 90))
    lines = [
        line(f"Net weight {weight} g", 50, 50 + int(rng.integers(0, 500))),
        line(f"sugar {int(rng.integers(1, 99))} g", 50, 700),
        line(f"Contents {volume} ml", 50, 800),
        line(f"Width {width} cm", 500, 100),
        line(f"Height {height} cm", 500, 900, angle=-90),
    ]
    order = rng.permutation(len(lines))
    answer = {
        "item_weight": f"{weight}.0 gram",
        "item_volume": f"{volume}.0 millilitre",
        "width": f"{width}.0 centimetre",
        "height": f"{height}.0 centimetre",
    }[entity]
    return [lines[i] for i in order], answer


def write_rows(folder: Path, n: int, seed: int = 0, groups: int = 7) -> pd.DataFrame:
    """Write ``n`` photos to ``folder/images`` and return their rows with labels."""
    rng = np.random.default_rng(seed)
    entities = ["item_weight", "item_volume", "width", "height"]
    rows = []
    for i in range(n):
        entity = entities[i % 4]
        lines, answer = draw_lines(rng, entity)
        name = f"photo{seed}_{i}.png"
        write_photo(folder / "images" / name, lines)
        rows.append((i, f"https://shop.example/{name}", f"{seed}-{i % groups}", entity, answer))
    columns = ["index", "image_link", "group_id", "entity_name", "entity_value"]
    return pd.DataFrame(rows, columns=columns)


OPTIONS: dict[str, Any] = {
    "ocr": "tests.helpers.fakes:PixelReader",
    "stages": (),
    "embedding": "tests.helpers.fakes:MeanEmbedder",
    "components": 3,
    "ranker": {"n_estimators": 40, "seeds": 1},
    "folds": 3,
    "workers": 1,
}
"""Options of an extractor that reads such photos quickly."""
