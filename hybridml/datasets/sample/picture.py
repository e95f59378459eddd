"""The README's picture: photos side by side, each with an answer and the box that it was read from."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from hybridml.errors import HybridmlError

from .canvas import WHITE, Box, Canvas, Colour
from .manifest import write_atomically

WIDTH = 1200
GAP, CAPTION = 16, 64
ANSWER: Colour = (0, 150, 80)


def compose(cards: Sequence[tuple[Path, str, Box | None]], out: Path) -> None:
    """Paste photos side by side, a caption below each and a box around its answer.

    Parameters
    ----------
    cards : sequence of (Path, str, box or None)
        Photo, caption (``"height -> 30 centimetre, 0.93"``), and the answer's ``(left, top, right, bottom)``
        in pixels of the photo. Two or three look best.
    out : Path
        File to write, PNG or JPEG by its ending; 1,200 px wide.

    Raises
    ------
    HybridmlError
        When ``cards`` is empty, a photo cannot be opened, or ``out`` has another ending.
    """
    if not cards:
        raise HybridmlError("cards is empty: expected at least one (photo, caption, box)")
    kind = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}.get(out.suffix.lower())
    if kind is None:
        raise HybridmlError(f"{out}: expected a name that ends in .png or .jpg")
    cell = (WIDTH - GAP * (len(cards) + 1)) // len(cards)
    photos = [_boxed(path, box, cell) for path, _, box in cards]
    tall = max(photo.height for photo in photos)
    canvas = Canvas(WIDTH, tall + CAPTION + 2 * GAP, colour=(244, 244, 246))
    for k, (photo, (_, caption, _)) in enumerate(zip(photos, cards, strict=True)):
        x = GAP + k * (cell + GAP)
        canvas.draw.rectangle((x - 1, GAP - 1, x + cell, GAP + tall), WHITE, (205, 205, 210))
        canvas.image.paste(photo, (x, GAP + (tall - photo.height) // 2))
        canvas.text((x + cell / 2, GAP + tall + CAPTION / 2 + 4), caption, 24, fit=cell - 12)
    data = io.BytesIO()
    canvas.image.save(data, kind)
    write_atomically(out, data.getvalue())


def _boxed(path: Path, box: Box | None, cell: int) -> Image.Image:
    """Return a photo scaled to ``cell`` pixels across, its answer boxed."""
    try:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
    except OSError as error:
        raise HybridmlError(f"{path}: cannot be opened as a photo: {error}") from error
    scale = cell / image.width
    canvas = Canvas(cell, round(image.height * scale))
    canvas.image.paste(image.resize(canvas.image.size, Image.Resampling.LANCZOS))
    if box is not None:
        left, top, right, bottom = (v * scale for v in box)
        canvas.draw.rectangle((left - 5, top - 5, right + 5, bottom + 5), outline=ANSWER, width=4)
    return canvas.image
