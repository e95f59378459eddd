"""The README's picture: sample photos side by side, each with the answer of a model and the box that it was read from.

hybridml sample --out build/sample
python -m benchmarks.picture docs/images/answers.png
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from PIL import Image

from benchmarks import command
from hybridml.artifact.pretrained import MODEL, photo_predictor
from hybridml.datasets import photos
from hybridml.datasets.groups import photo_names
from hybridml.datasets.sample.canvas import WHITE, Canvas

ENTITIES = ("width", "item_weight", "voltage")
WIDTH, GAP, CAPTION = 1200, 16, 64
GREEN = (0, 150, 80)

Box = tuple[float, float, float, float]


def compose(cards: Sequence[tuple[Path, str, Box]]) -> Image.Image:
    """Return photos side by side, a caption below each and a box around its answer."""
    cell = (WIDTH - GAP * (len(cards) + 1)) // len(cards)
    boxed = [_boxed(path, box, cell) for path, _, box in cards]
    tall = max(photo.height for photo in boxed)
    canvas = Canvas(WIDTH, tall + CAPTION + 2 * GAP, colour=(244, 244, 246))
    for k, (photo, (_, caption, _)) in enumerate(zip(boxed, cards, strict=True)):
        x = GAP + k * (cell + GAP)
        canvas.draw.rectangle((x - 1, GAP - 1, x + cell, GAP + tall), WHITE, (205, 205, 210))
        canvas.image.paste(photo, (x, GAP + (tall - photo.height) // 2))
        canvas.text((x + cell / 2, GAP + tall + CAPTION / 2 + 4), caption, 24, fit=cell - 12)
    return canvas.image


def _boxed(path: Path, box: Box, cell: int) -> Image.Image:
    """Return a photo scaled to ``cell`` pixels across, its answer boxed."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    scale = cell / image.width
    canvas = Canvas(cell, round(image.height * scale))
    canvas.image.paste(image.resize(canvas.image.size, Image.Resampling.LANCZOS))
    left, top, right, bottom = (v * scale for v in box)
    canvas.draw.rectangle((left - 5, top - 5, right + 5, bottom + 5), outline=GREEN, width=4)
    return canvas.image


def main() -> int:
    """Draw the picture."""
    parser = command.parser(__doc__)
    parser.add_argument("out", type=Path, help="PNG or JPEG to write")
    parser.add_argument("--sample", type=Path, default=Path("build/sample"), help="default: %(default)s")
    parser.add_argument("--model", type=Path, default=MODEL, help="default: the pretrained model")
    options = parser.parse_args()
    rows, _ = photos.checked(options.sample / "test.csv")
    predictor = photo_predictor(options.model)
    names = pd.Series(photo_names(rows))
    cards = []
    for entity in ENTITIES:
        for name in names[rows["entity_name"] == entity]:
            path = options.sample / "images" / name
            (answer,) = predictor.read(path, [entity])
            if answer.box:
                cards.append((path, f"{entity}: {answer.prediction} ({answer.confidence:.2f})", answer.box))
                break
    compose(cards).save(options.out)
    return 0


if __name__ == "__main__":
    command.run(main)
