"""The paper that sample photos are drawn on: a picture, its source of chance, text that never collides."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from hybridml.errors import MissingExtraError

Point = tuple[float, float]
Box = tuple[float, float, float, float]
Colour = tuple[int, int, int]

DARK: Colour = (28, 28, 32)
WHITE: Colour = (255, 255, 255)
MARGIN = 6
# Between texts, in pixels: beside each other they would be read as one line.
ASIDE, BELOW = 14, 3
# Text is rendered twice as large and halved: smooth edges, and stroke widths in half pixels.
_OVER = 2


class CrowdedError(Exception):
    """A text does not fit where it was to stand: the scene is drawn again with other chances."""


@lru_cache(maxsize=256)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise MissingExtraError(
            "drawing the sample set needs a Pillow with FreeType, and this one was built without: "
            "pip install --force-reinstall --only-binary :all: pillow"
        )
    # The other layout engine depends on libraries outside Pillow: the bytes would differ between machines.
    return font.font_variant(layout_engine=ImageFont.Layout.BASIC)


def tint(colour: Colour, factor: float) -> Colour:
    """Return ``colour`` darker (``factor`` below 1) or nearer to white (above 1, white at 2)."""
    if factor <= 1:
        return (int(colour[0] * factor), int(colour[1] * factor), int(colour[2] * factor))
    r, g, b = (int(c + (255 - c) * min(1.0, factor - 1)) for c in colour)
    return (r, g, b)


def ink_on(colour: Colour) -> Colour:
    """Return near-black or white, whichever is easier to read on ``colour``."""
    return DARK if 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 140 else WHITE


def text_mask(
    text: str, size: float, bold: float = 0.0, stretch: float = 1.0, slant: float = 0.0, angle: float = 0.0
) -> Image.Image:
    """Return ``text`` as a coverage mask, trimmed to its ink.

    Parameters
    ----------
    text : str
        One line.
    size : float
        Font size in pixels.
    bold : float
        Stroke added all round, as a share of the size (0.03 is semi-bold, 0.06 black).
    stretch : float
        Width factor: below 1 condensed, above 1 expanded.
    slant : float
        Shear, 0.2 for an italic.
    angle : float
        Direction of reading in degrees: 0 to the right, 90 downwards, -90 upwards.
    """
    font = _font(max(6, round(size * _OVER)))
    stroke = round(bold * size * _OVER)
    left, top, right, bottom = (int(v) for v in font.getbbox(text, stroke_width=stroke))
    width, height = max(1, right - left), max(1, bottom - top)
    mask = Image.new("L", (width, height), 0)
    ImageDraw.Draw(mask).text((-left, -top), text, fill=255, font=font, stroke_width=stroke)
    if slant:
        extra = math.ceil(abs(slant) * height)
        shear = (1.0, slant, -slant * height if slant > 0 else 0.0, 0.0, 1.0, 0.0)
        mask = mask.transform(
            (width + extra, height), Image.Transform.AFFINE, shear, Image.Resampling.BILINEAR
        )
    wide = max(1, round(mask.width * stretch / _OVER))
    mask = mask.resize((wide, max(1, round(mask.height / _OVER))), Image.Resampling.BOX)
    if angle:
        mask = mask.rotate(-angle, Image.Resampling.BICUBIC, expand=True)
    return mask.crop(mask.getbbox()) if mask.getbbox() else mask


class Canvas:
    """A picture in the making.

    Parameters
    ----------
    width, height : int
        Pixels.
    rng : random.Random, optional
        Every chance taken while drawing comes from here.
    colour : (int, int, int)
        Background.
    """

    def __init__(
        self, width: int, height: int, rng: random.Random | None = None, colour: Colour = WHITE
    ) -> None:
        self.rng = rng or random.Random(0)
        self.colour = colour
        self.image = Image.new("RGB", (width, height), colour)
        self.draw = ImageDraw.Draw(self.image)
        self.texts: list[tuple[str, Box]] = []

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.image.width

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.image.height

    def free(self, box: Box) -> bool:
        """Return whether ``box`` lies inside the canvas and keeps apart from all text placed before."""
        left, top, right, bottom = box
        if left < MARGIN or top < MARGIN or right > self.width - MARGIN or bottom > self.height - MARGIN:
            return False
        return all(
            right + ASIDE <= x0 or x1 + ASIDE <= left or bottom + BELOW <= y0 or y1 + BELOW <= top
            for _, (x0, y0, x1, y1) in self.texts
        )

    def text(
        self,
        at: Point,
        text: str,
        size: float,
        colour: Colour = DARK,
        anchor: str = "mm",
        fit: float | None = None,
        halo: Colour | None = None,
        **style: float,
    ) -> Box:
        """Write one line and return the box of its ink.

        Parameters
        ----------
        at : (x, y)
            Where the point of the text named by ``anchor`` comes to lie.
        text, size, **style
            See :func:`text_mask`.
        anchor : two letters
            ``l``, ``m`` or ``r``; then ``t``, ``m`` or ``b``.
        fit : float, optional
            Greatest length: longer text is set smaller.
        halo : colour, optional
            Edge around the letters, so that lines behind do not cross them.

        Raises
        ------
        CrowdedError
            When it would leave the canvas, touch other text, or become too small to read.
        """
        mask = text_mask(text, size, **style)
        if fit is not None and max(mask.size) > fit:
            size *= fit / max(mask.size)
            mask = text_mask(text, size, **style)
        if size < 10:
            raise CrowdedError(f"{text!r} would be {size:.0f} px high")
        x = at[0] - mask.width * {"l": 0.0, "m": 0.5, "r": 1.0}[anchor[0]]
        y = at[1] - mask.height * {"t": 0.0, "m": 0.5, "b": 1.0}[anchor[1]]
        x, y = round(x), round(y)
        box = (x, y, x + mask.width, y + mask.height)
        if not self.free(box):
            raise CrowdedError(f"no room for {text!r} at {box}")
        self.texts.append((text, box))
        if halo is not None:
            grown = Image.new("L", (mask.width + 8, mask.height + 8), 0)
            grown.paste(mask, (4, 4))
            self.image.paste(halo, (x - 4, y - 4), grown.filter(ImageFilter.MaxFilter(7)))
        self.image.paste(colour, (x, y), mask)
        return box

    def try_text(self, at: Point, text: str, size: float, colour: Colour = DARK, **kw: object) -> Box | None:
        """Write one line where there is room; return its box, or None when there is none."""
        try:
            return self.text(at, text, size, colour, **kw)  # type: ignore[arg-type]
        except CrowdedError:
            return None

    def stack(
        self,
        box: Box,
        lines: Sequence[tuple[str, float, float]],
        colour: Colour,
        align: str = "m",
        stretch: float = 1.0,
        slant: float = 0.0,
    ) -> None:
        """Write lines of (text, size, bold) below each other, spread over ``box``, long ones smaller."""
        left, top, right, bottom = box
        total = sum(size for _, size, _ in lines)
        room = bottom - top
        shrink = min(1.0, room / (total * 1.12)) if total else 1.0
        gap = (room - total * shrink) / (len(lines) + 1)
        x = {"l": left, "m": (left + right) / 2, "r": right}[align]
        y = top + gap
        for text, size, bold in lines:
            size *= shrink
            self.text(
                (x, y + size / 2),
                text,
                size,
                colour,
                align + "m",
                fit=right - left,
                bold=bold,
                stretch=stretch,
                slant=slant,
            )
            y += size + gap

    def line(self, points: Sequence[Point], colour: Colour, width: int = 2, dash: int = 0) -> None:
        """Draw a polyline, dashed where ``dash`` is a length in pixels."""
        if not dash:
            self.draw.line(list(points), fill=colour, width=width)
            return
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            steps = max(1, int(math.dist((x0, y0), (x1, y1)) / dash))
            for k in range(0, steps, 2):
                a, b = k / steps, min(1.0, (k + 1) / steps)
                ends = [(x0 + (x1 - x0) * s, y0 + (y1 - y0) * s) for s in (a, b)]
                self.draw.line(ends, fill=colour, width=width)

    def paint(self, kind: str, colour: Colour) -> None:
        """Cover the whole canvas: ``plain``, ``gradient``, ``wood`` or ``studio`` (white, darker floor)."""
        rng = np.random.default_rng(self.rng.getrandbits(64))
        h, w = self.height, self.width
        base = np.array(colour, dtype=np.float32)
        y = np.linspace(0, 1, h, dtype=np.float32)[:, None]
        x = np.linspace(0, 1, w, dtype=np.float32)[None, :]
        if kind == "gradient":
            light = (0.78 + 0.3 * y + 0.0 * x) if rng.random() < 0.5 else (0.8 + 0.25 * x + 0.0 * y)
        elif kind == "wood":
            rings = np.sin((x * rng.uniform(4, 9) + 0.12 * np.sin(y * rng.uniform(3, 8))) * 12)
            light = 0.93 + 0.05 * rings + 0.03 * rng.standard_normal((1, w), dtype=np.float32)
        elif kind == "studio":
            light = np.where(y < 0.72, 1.0, 1.0 - 0.35 * (y - 0.72)) + 0.0 * x
        else:
            light = np.ones((h, w), dtype=np.float32)
        pixels = np.clip(light[:, :, None] * base, 0, 255).astype(np.uint8)
        self.colour = colour
        self.image.paste(Image.fromarray(pixels))

    def finished(self) -> Image.Image:
        """Return the picture as a camera and a shop's thumbnailer would leave it: a bit soft, a bit noisy."""
        image = self.image
        if self.rng.random() < 0.6:
            image = image.filter(ImageFilter.GaussianBlur(self.rng.uniform(0.4, 0.9)))
        if self.rng.random() < 0.4:
            rng = np.random.default_rng(self.rng.getrandbits(64))
            grain = rng.standard_normal((self.height, self.width, 1), dtype=np.float32) * self.rng.uniform(
                2, 6
            )
            image = Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))
        return image
