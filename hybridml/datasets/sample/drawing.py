"""Dimension drawings: an object, lines with arrows along its edges, and a number on each line."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Set

from .canvas import DARK, WHITE, Box, Canvas, Colour, CrowdedError, Point, tint
from .products import Product
from .shapes import SHAPES, Edge

INKS: tuple[Colour, ...] = (DARK, DARK, (190, 30, 30), (120, 120, 124), (20, 70, 160), (20, 110, 100))
TITLES = ("PRODUCT SIZE", "Dimensions", "SIZE CHART", "Product Dimensions", "Size & Details")
LETTERS = {"width": ("W", "Width"), "height": ("H", "Height"), "depth": ("D", "Depth")}
NOTES = ("Please allow an error of 1-3 cm", "Tolerance of 0.5 inch due to hand measuring")


class DimensionLines:
    """Dimension lines of one photo, all in one style that is chosen at random."""

    def __init__(self, canvas: Canvas) -> None:
        rng = canvas.rng
        self.canvas = canvas
        self.colour = rng.choice(INKS)
        self.stroke = rng.choice((1, 2, 2, 3))
        # Angle of numbers beside vertical lines.
        self.upright = rng.choice((0, 0, -90, -90, 90))
        self.size = canvas.width * rng.uniform(0.028, 0.042)

    def draw(self, edge: Edge, away: Point, text: str) -> None:
        """Draw the dimension line of ``edge``, moved by ``away`` from the object, with ``text`` at its middle.

        Where the text has no room, a :class:`CrowdedError` is raised before anything is drawn.
        """
        a, b = ((x + away[0], y + away[1]) for x, y in edge)
        length = math.dist(a, b)
        ux, uy = (b[0] - a[0]) / length, (b[1] - a[1]) / length
        # The direction across the line that leads away from the object.
        side = 1.0 if ux * away[1] > uy * away[0] else -1.0
        nx, ny = -uy * side, ux * side
        angle = self.upright if abs(ux) < 0.25 else math.degrees(math.atan(uy / ux))
        across, fit = self.size, max(length, self.canvas.width * 0.2)
        if not angle and abs(uy) > 0.2:
            # Level text beside a vertical line reaches away from it by its length, about 0.58 em a letter.
            fit = self.canvas.width * 0.18
            across = min(fit, 0.58 * self.size * len(text))
        shift = across / 2 + self.size * 0.45 + 8
        at = ((a[0] + b[0]) / 2 + nx * shift, (a[1] + b[1]) / 2 + ny * shift)
        self.canvas.text(at, text, self.size, self.colour, fit=fit, bold=0.02, angle=angle)
        for p, q in zip(edge, (a, b), strict=True):
            self.canvas.draw.line([p, (q[0] + nx * 8, q[1] + ny * 8)], tint(self.colour, 1.45), 1)
        self.canvas.draw.line([a, b], self.colour, self.stroke)
        long, half = min(12 + 2 * self.stroke, length / 2.5), 4 + self.stroke
        for (x, y), s in ((a, 1), (b, -1)):
            foot = x + s * ux * long, y + s * uy * long
            wings = [(foot[0] + t * nx * half, foot[1] + t * ny * half) for t in (1, -1)]
            self.canvas.draw.polygon([(x, y), *wings], self.colour)


def _area(canvas: Canvas, product: Product) -> Box:
    """Return where the object goes: in its own proportions, with room for lines and numbers on all sides."""
    ratio = product.amounts["width"].value / product.amounts["height"].value
    wide = canvas.width * 0.44
    tall = wide / min(2.0, max(0.5, ratio))
    shrink = min(1.0, canvas.height * 0.52 / tall)
    x, y = canvas.width * canvas.rng.uniform(0.47, 0.53), canvas.height * canvas.rng.uniform(0.46, 0.5)
    return (x - wide * shrink / 2, y - tall * shrink / 2, x + wide * shrink / 2, y + tall * shrink / 2)


def _captions(canvas: Canvas, product: Product, hide: Set[str]) -> set[str]:
    """Write a title above; below, weight, package size and a note, or some of them; return the entities shown."""
    rng, w, h = canvas.rng, canvas.width, canvas.height
    shown = set()
    if rng.random() < 0.55:
        title = rng.choice((*TITLES, f"{product.brand} {product.name}"))
        canvas.text((w / 2, h * 0.06), title, w * rng.uniform(0.04, 0.06), bold=0.025, fit=w * 0.8)
    captions = []
    if "item_weight" not in hide and rng.random() < 0.3:
        shown.add("item_weight")
        captions.append(f"{rng.choice(('Weight', 'Net weight', 'Gewicht'))}: {product.say('item_weight')}")
    if rng.random() < 0.3:
        sides = [product.amounts[e] for e in LETTERS if e in product.amounts]
        packed = " x ".join(f"{a.value * rng.uniform(1.05, 1.3):.0f}" for a in sides)
        captions.append(f"Package size: {packed}{product.style.spelling[sides[0].unit]}")
    if rng.random() < 0.3:
        captions.append(rng.choice(NOTES))
    for k, text in enumerate(captions):
        canvas.text((w / 2, h * 0.97 - w * 0.045 * k), text, w * 0.026, fit=w * 0.9)
    return shown


def render(canvas: Canvas, product: Product, hide: Set[str]) -> set[str]:
    """Draw a dimension drawing; return the entities whose value it shows."""
    rng = canvas.rng
    canvas.paint(rng.choice((WHITE, WHITE, (238, 236, 230))))
    area = _area(canvas, product)
    outline = SHAPES[product.shape](canvas, area, product.colour)
    shown = _captions(canvas, product, hide)
    near = canvas.width * rng.uniform(0.035, 0.05)
    edges = {"width": (outline.width, (0.0, near)), "height": (outline.height, (-near, 0.0))}
    if outline.depth:
        edges["depth"] = (outline.depth, (near * 0.6, near * 0.75))
    elif rng.random() < 0.5:
        edges["height"] = (((area[2], area[1]), (area[2], area[3])), (near, 0.0))
    lines = DimensionLines(canvas)
    pattern = rng.choice(("{0}", "{0}", "{0}", "{1}: {0}", "{2}: {0}", "{0} ({1})"))
    for entity in sorted(edges.keys() - hide):
        lines.draw(*edges[entity], pattern.format(product.say(entity), *LETTERS[entity]))
        shown.add(entity)
    if outline.part and rng.random() < 0.6:
        whole, away = ("height", (near, 0.0)) if outline.depth else ("width", (0.0, -near))
        size = product.amounts[whole].times(math.dist(*outline.part) / math.dist(*edges[whole][0]))
        with contextlib.suppress(CrowdedError):
            lines.draw(outline.part, away, product.style.write_twice(size))
    return shown
