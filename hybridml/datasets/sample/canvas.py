"""The canvas that sample photos are drawn on: a picture with its source of randomness and text that never overlaps."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Point = tuple[float, float]
Box = tuple[float, float, float, float]
Colour = tuple[int, int, int]

DARK: Colour = (28, 28, 32)
WHITE: Colour = (255, 255, 255)
MARGIN = 6
# Least distance between texts, in pixels: texts closer beside each other would be read as one line.
ASIDE, BELOW = 14, 3
# Text is rendered twice as large and halved: smooth edges, and stroke widths in half pixels.
_OVER = 2


class CrowdedError(Exception):
    """Raised where a text does not fit in its place; the photo is then drawn again with other random choices."""


@lru_cache(maxsize=256)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    # The other layout engine depends on libraries outside Pillow: the bytes would differ between machines.
    return font.font_variant(layout_engine=ImageFont.Layout.BASIC)


def tint(colour: Colour, factor: float) -> Colour:
    """Return ``colour`` darker (``factor`` below 1) or nearer to white (above 1, white at 2)."""
    r, g, b = (int(c * factor if factor <= 1 else c + (255 - c) * min(1.0, factor - 1)) for c in colour)
    return (r, g, b)


def ink_on(colour: Colour) -> Colour:
    """Return near-black or white, whichever is easier to read on ``colour``."""
    return DARK if 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 140 else WHITE


def text_mask(text: str, size: float, bold: float = 0.0, angle: float = 0.0) -> Image.Image:
    """Return one line of text as a coverage mask, trimmed to its ink.

    ``size`` is in pixels; ``bold`` is the stroke added all round as a share of it (0.03 is semi-bold, 0.06 black);
    ``angle`` is the direction of the text in degrees (0 to the right, 90 downwards, -90 upwards).
    """
    font = _font(max(6, round(size * _OVER)))
    stroke = round(bold * size * _OVER)
    left, top, right, bottom = (int(v) for v in font.getbbox(text, stroke_width=stroke))
    mask = Image.new("L", (max(1, right - left), max(1, bottom - top)), 0)
    ImageDraw.Draw(mask).text((-left, -top), text, fill=255, font=font, stroke_width=stroke)
    half = max(1, round(mask.width / _OVER)), max(1, round(mask.height / _OVER))
    mask = mask.resize(half, Image.Resampling.BOX)
    if angle:
        mask = mask.rotate(-angle, Image.Resampling.BICUBIC, expand=True)
    return mask.crop(mask.getbbox()) if mask.getbbox() else mask


class Canvas:
    """A picture in the making; ``rng`` is the source of every random choice made while drawing."""

    def __init__(self, width: int, height: int, rng: random.Random | None = None) -> None:
        self.width, self.height = width, height
        self.rng = rng or random.Random(0)
        self.colour = WHITE
        self.image = Image.new("RGB", (width, height), WHITE)
        self.draw = ImageDraw.Draw(self.image)
        self.texts: list[tuple[str, Box]] = []

    def text(
        self,
        at: Point,
        text: str,
        size: float,
        colour: Colour = DARK,
        align: str = "m",
        fit: float | None = None,
        bold: float = 0.0,
        angle: float = 0.0,
    ) -> Box:
        """Write one line as :func:`text_mask` renders it, and return the box of its ink.

        At half its height, the left end ("l"), middle ("m") or right end ("r") of the line, as ``align`` says, is at
        ``at``. A line longer than ``fit`` is set smaller.

        Raises
        ------
        CrowdedError
            When it would leave the canvas, touch other text, or become too small to read.
        """
        mask = text_mask(text, size, bold, angle)
        if fit is not None and max(mask.size) > fit:
            size *= fit / max(mask.size)
            mask = text_mask(text, size, bold, angle)
        if size < 10:
            raise CrowdedError(f"{text!r} would be {size:.0f} px high")
        x = round(at[0] - mask.width * {"l": 0.0, "m": 0.5, "r": 1.0}[align])
        y = round(at[1] - mask.height / 2)
        box = (x, y, x + mask.width, y + mask.height)
        room = min(x, y, self.width - box[2], self.height - box[3])
        if room < MARGIN or any(
            x < right + ASIDE and left < box[2] + ASIDE and y < bottom + BELOW and top < box[3] + BELOW
            for _, (left, top, right, bottom) in self.texts
        ):
            raise CrowdedError(f"no room for {text!r} at {box}")
        self.texts.append((text, box))
        self.image.paste(colour, (x, y), mask)
        return box

    def stack(
        self, box: Box, lines: Sequence[tuple[str, float, float]], colour: Colour, align: str = "m"
    ) -> None:
        """Write lines of (text, size, bold) below each other, spread over ``box``, long ones smaller."""
        left, top, right, bottom = box
        total = sum(size for _, size, _ in lines)
        shrink = min(1.0, (bottom - top) / (total * 1.12))
        gap = (bottom - top - total * shrink) / (len(lines) + 1)
        x = {"l": left, "m": (left + right) / 2, "r": right}[align]
        y = top + gap
        for text, size, bold in lines:
            size *= shrink
            self.text((x, y + size / 2), text, size, colour, align, fit=right - left, bold=bold)
            y += size + gap

    def paint(self, colour: Colour) -> None:
        """Cover the whole canvas with ``colour``, plain or darker towards the bottom."""
        light = np.linspace(1, self.rng.choice((1, 1, 0.9, 0.75)), self.height)[:, None, None]
        pixels = np.broadcast_to(light * np.array(colour), (self.height, self.width, 3))
        self.colour = colour
        self.image.paste(Image.fromarray(pixels.astype(np.uint8)))

    def finished(self) -> Image.Image:
        """Return the picture a bit soft, as a camera and a shop's thumbnails would leave it."""
        return self.image.filter(ImageFilter.BoxBlur(self.rng.uniform(0, 0.7)))
