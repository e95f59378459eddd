"""Ranges of the values in the OCR engine's networks, for computing in 8 bits.

    python -m benchmarks.calibrate --shared ../shared --out hybridml/vision/ocr/int8

The ranges are measured on photos of agreed/ that share no group and no photo with labelled/, so nothing of the rows
that results are reported on goes into them. One file is written per network; :mod:`hybridml.vision.ocr.quantize` makes
8-bit copies from them.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks import command
from benchmarks.labelled import Sources
from hybridml.datasets import folds, images
from hybridml.datasets.photos import photo_paths
from hybridml.vision.ocr.crop import content_box
from hybridml.vision.ocr.quantize import quantize
from hybridml.vision.ocr.rapidocr import RapidOCREngine

SIDES = (448, 736, 1280)
CROP_HEIGHT, LEAST_WIDTH = 48, 320


def blob(image: np.ndarray) -> np.ndarray:
    """Return a picture as the input of a network: (1, 3, H, W), from -1 to 1."""
    return (image.astype(np.float32) / 127.5 - 1.0).transpose(2, 0, 1)[None]


def pictures(paths: Sequence[Path]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return inputs for the detector and for the recognizer."""
    ocr = RapidOCREngine(threads=1)
    whole, crops = [], []
    for i, path in enumerate(paths):
        photo = images.decode(path)
        left, top, right, bottom = content_box(photo)
        part = np.ascontiguousarray(photo[top:bottom, left:right, ::-1])
        scale = SIDES[i % len(SIDES)] / max(part.shape[:2])
        size = [max(32, round(side * scale / 32) * 32) for side in part.shape[1::-1]]
        whole.append(blob(cv2.resize(part, size)))
        for crop in ocr.crops(photo)[:8]:
            width = round(crop.shape[1] * CROP_HEIGHT / crop.shape[0])
            padded = np.zeros((1, 3, CROP_HEIGHT, max(width, LEAST_WIDTH)), np.float32)
            padded[..., :width] = blob(cv2.resize(crop, (max(width, 1), CROP_HEIGHT)))
            crops.append(padded)
    return whole, crops


def main(argv: Sequence[str] | None = None) -> None:
    """Run the measurement."""
    parser = command.parser(__doc__)
    command.add_shared(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--photos", type=int, default=60, help="photos drawn (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    sources = Sources(options.shared, Path("features"))
    agreed = sources.rows("agreed")
    free = agreed[~folds.rows_sharing(agreed, sources.rows("labelled"))]
    found = photo_paths(free, sources.folder("agreed") / "images")
    paths = sorted(path for path in found.values() if path)
    drawn = random.Random(options.seed).sample(paths, min(options.photos, len(paths)))
    ocr = RapidOCREngine(threads=1)
    options.out.mkdir(parents=True, exist_ok=True)
    for part, inputs in zip(("detector", "recognizer"), pictures(drawn), strict=True):
        model = ocr.models[part]
        ranges = options.out / f"{model.stem}.json"
        ranges.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            name = ocr.input_name(part)
            quantize(model, Path(folder) / "copy.onnx", ranges, [{name: each} for each in inputs])
        ranges.write_text(json.dumps(json.loads(ranges.read_text()), indent=None) + "\n", encoding="utf-8")
        print(f"{ranges}: {len(inputs)} inputs from {len(drawn)} photos")


if __name__ == "__main__":
    command.run(main)
