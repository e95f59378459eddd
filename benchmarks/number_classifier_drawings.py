"""Drawings of products with dimension lines, for training and testing the number classifier.

Nothing in them is meant to be read: at its input size the network sees no digits. What it can see varies: where lines
run, how they end, what they measure, and where the numbers stand.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.number_classifier_products import Product, Vector, background, pixel, product_on
from hybridml.datasets.sample.canvas import text_mask
from hybridml.vision.number_classifier.inputs import CLASSES
from hybridml.vision.text_line import TextLine

#: Label of a text line without a known entity, which the loss leaves out.
IGNORED = -1

_SMOOTH = cv2.LINE_AA
_TITLES = (
    "PRODUCT SIZE",
    "Size Information",
    "Dimensions",
    "Perfect Fit",
    "Easy to Clean",
    "High Quality Steel",
)
_FEATURES = (
    "2 in 1 design",
    "Pack of 4",
    "360 degree rotation",
    "100% cotton",
    "Model 2024",
    "IP65",
    "Set of 12",
)
_AMOUNTS = {
    "item_weight": ("{} kg", "Net Wt {} g", "{} lbs", "{} oz", "Weight: {}g"),
    "maximum_weight_recommendation": ("Max load {} kg", "Holds up to {} lbs", "{} lbs capacity", "{}KG"),
    "voltage": ("{}V", "DC {}V", "{} volts", "Input: {}V"),
    "wattage": ("{}W", "{} watts", "Power {}W"),
    "item_volume": ("{} ml", "{} fl oz", "{}L", "Capacity {} L"),
    "other": ("{} pcs", "{}%", "{} mAh", "No. {}", "{} years", "x{}", "{} mm screw", "Step {}"),
}


@dataclass
class Drawing:
    """A picture with its text lines and their labels.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W, 3)
        RGB.
    lines : list of TextLine
        In pixels of ``image``.
    labels : list of int
        Index into :data:`~hybridml.vision.number_classifier.CLASSES`, or :data:`IGNORED`.
    """

    image: NDArray[np.uint8]
    lines: list[TextLine] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)

    def write(
        self, text: str, at: Vector, size: float, angle: float, colour: int, label: int, bold: float
    ) -> None:
        """Draw ``text`` centred on ``at`` and add its line, unless it would leave the picture or meet another."""
        mask = text_mask(text, size, bold=bold)
        half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * np.array(mask.size) / 2
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        corners = half @ np.array([[c, s], [-s, c]]) + at
        low, high = corners.min(axis=0), corners.max(axis=0)
        height, width = self.image.shape[:2]
        if (low < 1).any() or high[0] > width - 1 or high[1] > height - 1 or self._meets(low, high):
            return
        if angle:
            mask = mask.rotate(-angle, Image.Resampling.BILINEAR, expand=True)
        ink = np.asarray(mask, dtype=np.float32)[..., None] / 255
        x, y = (int(v) for v in np.maximum(0, np.round(at - np.array(mask.size) / 2)))
        area = self.image[y : y + ink.shape[0], x : x + ink.shape[1]]
        ink = ink[: area.shape[0], : area.shape[1]]
        area[:] = (area * (1 - ink) + colour * ink).astype(np.uint8)
        a, b, d, e = ((float(p[0]), float(p[1])) for p in corners)
        self.lines.append(TextLine(text, 1.0, (a, b, d, e)))
        self.labels.append(label)

    def _meets(self, low: Vector, high: Vector) -> bool:
        for line in self.lines:
            left, top, right, bottom = line.box
            if low[0] < right and high[0] > left and low[1] < bottom and high[1] > top:
                return True
        return False


def draw(rng: random.Random, only: str | None = None) -> Drawing:
    """Draw one picture.

    Parameters
    ----------
    rng : random.Random
        Source of everything random.
    only : str, optional
        Measure no other dimension than this one, and write nothing else.
    """
    long = rng.randint(420, 640)
    short = long if rng.random() < 0.7 else round(long * rng.uniform(0.5, 0.95))
    width, height = (long, short) if rng.random() < 0.5 else (short, long)
    image = background(rng, width, height)
    drawing = Drawing(image)
    dark = image.mean() > 110
    count = 1 if only or rng.random() < 0.8 else 2
    text = rng.choice((rng.uniform(0.022, 0.035), rng.uniform(0.03, 0.055))) * long
    style = _Style(rng, dark, text)
    for i in range(count):
        area = (width * i / count, 0.0, width * (i + 1) / count, float(height))
        product = product_on(rng, image, area, only)
        edges = [e for e in product.edges if only in (None, e[0])]
        if only is None:
            edges = [e for e in edges if rng.random() < 0.8]
        rng.shuffle(edges)
        for edge in edges:
            _measure(rng, drawing, style, *edge)
        if only is None:
            _on_the_product(rng, drawing, style, product)
    if only is None:
        _around(rng, drawing, style)
    if rng.random() < 0.3:
        image[:] = cv2.GaussianBlur(image, (3, 3), rng.uniform(0.3, 1.0))
    return drawing


class _Style:
    def __init__(self, rng: random.Random, dark: bool, size: float) -> None:
        self.size = size
        self.ink = rng.choice((0, 0, 20, 60, 90)) if dark else rng.choice((255, 230))
        self.line = (
            rng.choice((0, 0, 30, 90, 130, 170, 200, 215)) if dark else rng.choice((255, 255, 220, 170))
        )
        if rng.random() < 0.05:
            self.line = 255 - self.line
        self.thick = rng.choice((1, 1, 1, 2, 2, 3))
        self.ends = rng.choice(
            ("arrow", "arrow", "arrow", "bar", "bar", "dot", "plain", "bracket", "both", "none")
        )
        self.extension = rng.random() < 0.3
        self.dashed = rng.random() < 0.12
        self.gap = rng.random() < 0.4
        self.along = rng.random() < 0.35
        self.dual = rng.choice(("no", "no", "no", "two lines", "two lines", "one line"))
        self.away = rng.uniform(0.15, 1.6) * size
        self.bold = rng.choice((0.0, 0.0, 0.03, 0.06))


def _measure(
    rng: random.Random, drawing: Drawing, style: _Style, name: str, p: Vector, q: Vector, outward: Vector
) -> None:
    length = float(np.linalg.norm(q - p))
    normal = outward / max(1e-6, float(np.linalg.norm(outward)))
    p0, q0 = p, q
    p, q = p + normal * style.away, q + normal * style.away
    along = (q - p) / max(1e-6, length)
    middle = p + (q - p) * (0.5 if rng.random() < 0.8 else rng.uniform(0.3, 0.7))
    angle = math.degrees(math.atan2(along[1], along[0]))
    angle = (angle + 90) % 180 - 90
    if abs(abs(angle) - 90) < 1:
        angle = -90.0 if rng.random() < 0.8 else 90.0
    turned = style.along or (name == "depth" and rng.random() < 0.3)
    ocr_result = angle if turned and length > style.size * 4 else 0.0
    number = f"{rng.uniform(1, 99):.{rng.choice((0, 0, 1, 1, 2))}f}"
    texts = [f"{number} {rng.choice(('cm', 'in', 'inch', 'mm', 'ft'))}".replace(" ", rng.choice((" ", "")))]
    if style.dual != "no":
        texts.append(f"{rng.uniform(1, 300):.1f}{rng.choice(('cm', ' in', 'mm'))}")
    if style.dual == "one line":
        texts = [" / ".join(texts)]
    if rng.random() < 0.06:
        texts.insert(0, name.title())
    size = style.size * (0.75 if name == "depth" and length < style.size * 4 else 1.0)
    block = len(texts) * size * 1.25
    wide = max(len(t) for t in texts) * size * 0.55
    c, s = abs(math.cos(math.radians(ocr_result))), abs(math.sin(math.radians(ocr_result)))
    extent = np.array((wide * c + block * s, wide * s + block * c)) / 2
    gap = style.gap and length > 1.4 * float(abs(along) @ extent) * 2
    if style.ends != "none" and rng.random() < 0.95:
        hole = float(np.min(extent / np.maximum(abs(along), 1e-6))) + 3 if gap else 0.0
        _line(drawing.image, style, p, q, middle, hole)
        if style.extension:
            for a, b in ((p0, p), (q0, q)):
                cv2.line(drawing.image, pixel(a), pixel(b + normal * 4), (style.line,) * 3, 1, _SMOOTH)
    inside = rng.random() < 0.12
    if not gap:
        push = float(abs(normal) @ extent) + size * rng.uniform(0.15, 0.7)
        middle = middle + normal * push * (-1 if inside else 1)
    step = np.array((-math.sin(math.radians(ocr_result)), math.cos(math.radians(ocr_result)))) * size * 1.25
    for i, text in enumerate(texts):
        at = middle + step * (i - (len(texts) - 1) / 2)
        label = CLASSES.index(name) if any(ch.isdigit() for ch in text) else IGNORED
        drawing.write(text, at, size, ocr_result, style.ink, label, style.bold)


def _line(image: NDArray[np.uint8], style: _Style, p: Vector, q: Vector, middle: Vector, hole: float) -> None:
    colour = (style.line,) * 3
    along = (q - p) / max(1e-6, float(np.linalg.norm(q - p)))
    across = np.array((-along[1], along[0]))
    pieces = [(p, middle - along * hole), (middle + along * hole, q)] if hole else [(p, q)]
    for a, b in pieces:
        if style.dashed:
            n = max(1, int(np.linalg.norm(b - a) / 7))
            for i in range(0, n, 2):
                cv2.line(
                    image,
                    pixel(a + (b - a) * i / n),
                    pixel(a + (b - a) * (i + 1) / n),
                    colour,
                    style.thick,
                    _SMOOTH,
                )
        else:
            cv2.line(image, pixel(a), pixel(b), colour, style.thick, _SMOOTH)
    reach = 4 + 2.5 * style.thick
    for end, back in ((p, along), (q, -along)):
        if style.ends in ("arrow", "both"):
            tips = [end, end + back * reach + across * reach * 0.5, end + back * reach - across * reach * 0.5]
            cv2.fillPoly(image, [np.round(np.array(tips)).astype(np.int32)], colour, _SMOOTH)
        if style.ends in ("bar", "both"):
            cv2.line(
                image, pixel(end - across * reach), pixel(end + across * reach), colour, style.thick, _SMOOTH
            )
        if style.ends == "bracket":
            cv2.line(image, pixel(end), pixel(end + across * reach * 1.5), colour, style.thick, _SMOOTH)
        if style.ends == "dot":
            cv2.circle(image, pixel(end), 2 + style.thick, colour, -1, _SMOOTH)


def _amount(rng: random.Random, names: tuple[str, ...]) -> tuple[str, int]:
    name = rng.choice(names)
    number = rng.choice((str(rng.randint(1, 999)), f"{rng.uniform(0.1, 50):.1f}"))
    return rng.choice(_AMOUNTS[name]).format(number), CLASSES.index(name)


def _on_the_product(rng: random.Random, drawing: Drawing, style: _Style, product: Product) -> None:
    if rng.random() > 0.3:
        return
    x0, y0, x1, y1 = product.box
    for _ in range(rng.randint(1, 3)):
        text, label = _amount(
            rng, ("item_weight", "item_weight", "item_volume", "other", "voltage", "wattage")
        )
        at = np.array((rng.uniform(x0, x1), rng.uniform(y0 + (y1 - y0) * 0.3, y1)))
        ground = drawing.image[
            min(int(at[1]), drawing.image.shape[0] - 1), min(int(at[0]), drawing.image.shape[1] - 1)
        ]
        ink = 20 if ground.mean() > 120 else 240
        drawing.write(text, at, style.size * rng.uniform(0.6, 1.3), 0.0, ink, label, style.bold)


def _around(rng: random.Random, drawing: Drawing, style: _Style) -> None:
    height, width = drawing.image.shape[:2]
    other = CLASSES.index("other")
    if rng.random() < 0.5:
        at = np.array((width * rng.uniform(0.3, 0.7), height * rng.uniform(0.04, 0.1)))
        drawing.write(
            rng.choice(_TITLES), at, style.size * rng.uniform(1.2, 2.0), 0.0, style.ink, IGNORED, 0.05
        )
    for _ in range(rng.choice((0, 0, 0, 1, 2, 3))):
        text, label = (rng.choice(_FEATURES), other) if rng.random() < 0.3 else _amount(rng, tuple(_AMOUNTS))
        at = np.array((rng.uniform(0.1, 0.9) * width, rng.choice((0.06, 0.12, 0.5, 0.88, 0.95)) * height))
        label = label if any(ch.isdigit() for ch in text) else IGNORED
        drawing.write(text, at, style.size * rng.uniform(0.8, 1.5), 0.0, style.ink, label, style.bold)
    if rng.random() < 0.08:
        left, top = rng.uniform(0.1, 0.5) * width, rng.uniform(0.6, 0.85) * height
        for row in range(rng.randint(2, 4)):
            y = top + row * style.size * 1.8
            text, label = _amount(rng, tuple(_AMOUNTS))
            drawing.write("Detail", np.array((left, y)), style.size, 0.0, style.ink, IGNORED, 0.0)
            drawing.write(text, np.array((left + style.size * 8, y)), style.size, 0.0, style.ink, label, 0.0)
