"""Dimension drawings: an object, lines with arrows along its edges, and a number to each line."""

from __future__ import annotations

import math
from collections.abc import Set
from dataclasses import dataclass

from .amounts import Amount
from .canvas import DARK, WHITE, Box, Canvas, Colour, Point, ink_on, tint
from .products import Product
from .shapes import SHAPES, Edge, Outline

INKS: tuple[Colour, ...] = (DARK, DARK, (190, 30, 30), (120, 120, 124), (20, 70, 160), (20, 110, 100))
UNIT_APART = 0.1
TITLES = ("PRODUCT SIZE", "Dimensions", "SIZE CHART", "Product Dimensions", "Specification", "Size & Details")
LETTERS = {
    "width": ("W", "Width", "Breite"),
    "height": ("H", "Height", "Hoch"),
    "depth": ("D", "Depth", "L", "Tiefe"),
}
NOTES = (
    "Manual measurement: please allow an error of 1-3 cm",
    "Note: tolerance of 0.5 inch due to hand measuring",
    "Holds up to {} items   |   Easy to clean",
    "{} years warranty   |   100% satisfaction",
    "Assembly in {} minutes, no tools needed",
)


@dataclass(frozen=True)
class LineStyle:
    """How a photo's dimension lines look: one for all of them.

    Parameters
    ----------
    colour : (int, int, int)
        Of lines and numbers.
    width, dash : int
        Stroke, and length of dashes (0 for none).
    head : str
        ``arrow``, ``open``, ``tick``, ``dot`` or ``bracket``.
    extend : bool
        Whether thin lines lead from the object to the dimension line.
    gap : bool
        Whether the number stands in a gap of the line rather than beside it.
    upright : int
        Angle of numbers at vertical lines: 0, 90 or -90.
    size : float
        Font size.
    bold, stretch : float
        See :func:`hybridml.datasets.sample.canvas.text_mask`.
    """

    colour: Colour
    width: int
    dash: int
    head: str
    extend: bool
    gap: bool
    upright: int
    size: float
    bold: float
    stretch: float

    @classmethod
    def of(cls, canvas: Canvas) -> LineStyle:
        """Draw a style at random."""
        rng = canvas.rng
        return cls(
            rng.choice(INKS),
            rng.choice((1, 2, 2, 3)),
            rng.choice((0, 0, 0, 6)),
            rng.choice(("arrow", "arrow", "open", "tick", "dot", "bracket")),
            rng.random() < 0.6,
            rng.random() < 0.3,
            rng.choice((0, 0, -90, -90, 90)),
            canvas.width * rng.uniform(0.026, 0.042),
            rng.choice((0.0, 0.02, 0.025)),
            rng.choice((0.85, 1.0, 1.0, 1.15)),
        )


def _head(canvas: Canvas, tip: Point, direction: Point, style: LineStyle, room: float) -> None:
    (x, y), (ux, uy) = tip, direction
    nx, ny = -uy, ux
    long, half = min(12 + 2 * style.width, room / 2.5), 4 + style.width
    wings = [(x - ux * long + s * nx * half, y - uy * long + s * ny * half) for s in (1, -1)]
    if style.head == "arrow":
        canvas.draw.polygon([tip, *wings], fill=style.colour)
    elif style.head == "open":
        canvas.line([wings[0], tip, wings[1]], style.colour, style.width)
    elif style.head == "dot":
        canvas.draw.ellipse((x - half, y - half, x + half, y + half), fill=style.colour)
    elif style.head == "tick":
        ends = [(x + s * (ux + nx) * half * 1.6, y + s * (uy + ny) * half * 1.6) for s in (1, -1)]
        canvas.line(ends, style.colour, style.width + 1)
    else:
        ends = [(x + s * nx * half * 2.2, y + s * ny * half * 2.2) for s in (1, -1)]
        canvas.line(ends, style.colour, style.width)


def _reading_angle(ux: float, uy: float, upright: int) -> float:
    """Direction in which text along a line is read: never on its head, ``upright`` beside vertical ones."""
    angle = math.degrees(math.atan2(uy, ux))
    if abs(abs(angle) - 90) < 15:
        return upright
    return angle - 180 if angle > 90 else angle + 180 if angle < -90 else angle


def dimension(canvas: Canvas, edge: Edge, away: Point, text: str, style: LineStyle) -> None:
    """Draw the dimension line of ``edge``, moved by ``away`` from the object, with ``text`` at its middle.

    Raises
    ------
    CrowdedError
        When the number has no room.
    """
    (ax, ay), (bx, by) = edge
    a, b = (ax + away[0], ay + away[1]), (bx + away[0], by + away[1])
    length = math.dist(a, b)
    ux, uy = (b[0] - a[0]) / length, (b[1] - a[1]) / length
    # Across the line, on the side that leads away from the object.
    side = 1.0 if -uy * away[0] + ux * away[1] > 0 else -1.0
    nx, ny = -uy * side, ux * side
    far = away[0] * nx + away[1] * ny
    angle = _reading_angle(ux, uy, style.upright)
    size = style.size
    # Extent of the text along the line and across it, at about 0.58 em a letter.
    run = 0.58 * size * len(text) * style.stretch
    flat = angle != 0 or abs(uy) < 0.2
    along, across = (run, size) if flat else (size, run)
    middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
    in_gap = style.gap and along + 90 < length and across / 2 + 6 < far
    shift = 0.0 if in_gap else across / 2 + size * 0.45 + (4 if along < length * 0.8 else 12)
    at = (middle[0] + nx * shift, middle[1] + ny * shift)
    if style.extend:
        for p, q in ((edge[0], a), (edge[1], b)):
            canvas.line([p, (q[0] + nx * 8, q[1] + ny * 8)], tint(style.colour, 1.45), 1)
    if in_gap:
        half = along / 2 + 8
        for end, sign in ((a, -1), (b, 1)):
            inner = (middle[0] + sign * ux * half, middle[1] + sign * uy * half)
            canvas.line([end, inner], style.colour, style.width, style.dash)
    else:
        canvas.line([a, b], style.colour, style.width, style.dash)
    _head(canvas, a, (-ux, -uy), style, length)
    _head(canvas, b, (ux, uy), style, length)
    canvas.text(
        at, text, size, style.colour, angle=angle, bold=style.bold, stretch=style.stretch,
        halo=canvas.colour if canvas.colour == WHITE else None,
    )  # fmt: skip


def label(canvas: Canvas, product: Product, entity: str, named: str) -> str:
    """Return the number of ``entity``, its letter or word before or behind it, or alone (``named`` empty)."""
    text = product.say(entity)
    word = LETTERS[entity][min(canvas.rng.choice((0, 1)), len(LETTERS[entity]) - 1)]
    return {"before": f"{word}: {text}", "behind": f"{text} ({word[0]})", "": text}[named]


def _part_size(canvas: Canvas, product: Product, outline: Outline, part: Edge) -> str:
    """Return what the part measures at the scale of the drawing, as the product writes lengths."""
    (ax, ay), (bx, by) = outline.width
    width = product.amounts["width"]
    value = width.value * math.dist(*part) / math.dist((ax, ay), (bx, by))
    return product.style.write_twice(Amount(round(value, 1 if value < 100 else 0) or 0.1, width.unit))


def _area(canvas: Canvas, product: Product, top: float) -> Box:
    """Return where the object goes: its own proportions, room for lines and numbers left on all sides."""
    amounts = product.amounts
    flat = product.shape in ("frame", "mug")
    deep = "depth" in amounts and product.shape != "frame"
    ratio = (amounts["width"].value * (1.25 if deep or flat else 1.0)) / (
        amounts["height"].value * (1.25 if deep else 1.0)
    )
    ratio = min(2.0, max(0.5, ratio))
    room_x, room_y = canvas.width * 0.5, (canvas.height - top) * 0.58
    wide, tall = (room_x, room_x / ratio) if room_x / ratio < room_y else (room_y * ratio, room_y)
    x = canvas.width * canvas.rng.uniform(0.47, 0.53) - wide / 2
    y = top + (canvas.height - top) * canvas.rng.uniform(0.44, 0.48) - tall / 2
    return (x, y, x + wide, y + tall)


def _title(canvas: Canvas, product: Product) -> float:
    """Write a title, or none; return how much of the height it takes."""
    rng = canvas.rng
    if rng.random() >= 0.55:
        return 0.0
    top = canvas.height * 0.13
    ink = DARK
    if rng.random() < 0.4:
        canvas.draw.rectangle((0, 0, canvas.width, top * 0.85), fill=product.colour)
        ink = ink_on(product.colour)
    title = rng.choice((*TITLES, f"{product.brand} {product.name}"))
    size = canvas.width * rng.uniform(0.04, 0.06)
    canvas.text((canvas.width / 2, top * 0.43), title, size, ink, bold=0.025, fit=canvas.width * 0.8)
    return top


def _edges(canvas: Canvas, product: Product, outline: Outline, area: Box) -> dict[str, tuple[Edge, Point]]:
    """Return the edge of each entity, and where its dimension line stands from it."""
    rng = canvas.rng
    near = canvas.width * rng.uniform(0.035, 0.05)
    edges: dict[str, tuple[Edge, Point]] = {
        "width": (outline.width, (0, near)),
        "height": (outline.height, (-near, 0)),
    }
    if outline.depth is not None:
        level = product.shape == "frame"
        edges["depth"] = (outline.depth, (0, near) if level else (near * 0.6, near * 0.75))
        return edges
    # Where nothing recedes, lines stand above the object and at its right, too.
    if rng.random() < 0.3:
        (ax, _), (bx, _) = outline.width
        edges["width"] = (((ax, area[1]), (bx, area[1])), (0, -near))
    if rng.random() < 0.5:
        edges["height"] = (((area[2], area[1]), (area[2], area[3])), (near, 0))
    return edges


def render(canvas: Canvas, product: Product, hide: Set[str]) -> set[str]:
    """Draw a dimension drawing; return the entities whose value it shows."""
    rng = canvas.rng
    ground = rng.choice((WHITE, WHITE, (238, 236, 230)))
    canvas.paint(rng.choice(("plain", "plain", "plain", "studio", "gradient")), ground)
    area = _area(canvas, product, _title(canvas, product))
    outline = SHAPES[product.shape](canvas, area, product.colour)
    style = LineStyle.of(canvas)
    named = rng.choice(("", "", "", "before", "behind"))
    if rng.random() < UNIT_APART:
        product, note = product.with_unit_apart(rng)
        size = canvas.width * 0.03
        at = (canvas.width * 0.04, canvas.height - size * rng.choice((1.5, 4)))
        canvas.text(at, note, size, anchor="lm")
    edges = _edges(canvas, product, outline, area)
    shown = {entity for entity in edges if entity in product.amounts and entity not in hide}
    for entity, (edge, away) in edges.items():
        if entity in shown:
            dimension(canvas, edge, away, label(canvas, product, entity, named), style)
    for part in outline.parts:
        covered = edges["width"][1][1] < 0 and part[0][1] < area[1] + 10
        if rng.random() < 0.6 and math.dist(*part) > 60 and not covered:
            _part(canvas, product, outline, part, style)
    return shown | _captions(canvas, product, hide)


def _part(canvas: Canvas, product: Product, outline: Outline, part: Edge, style: LineStyle) -> None:
    level = abs(part[0][1] - part[1][1]) < 1
    (ax, ay), (bx, by) = part
    outside = level and abs(ay - outline.height[0][1]) < 2
    open_behind = outside or product.shape in ("frame", "table")
    colour = (
        style.colour if open_behind else ink_on(tint(product.colour, 0.7 if product.shape == "shelf" else 1))
    )
    size = style.size * 0.8
    text = _part_size(canvas, product, outline, part)
    at, anchor = (((ax + bx) / 2, ay - size * 1.1), "mm") if level else ((ax + 10, (ay + by) / 2), "lm")
    if 0.5 * size * len(text) > math.dist(*part) * 0.95 and level and not outside:
        return
    if canvas.try_text(at, text, size, colour, anchor=anchor, bold=style.bold, stretch=style.stretch) is None:
        return
    small = LineStyle(colour, style.width, 0, "open", False, False, 0, size, 0, 1)
    canvas.line(part, colour, style.width)
    for tip, sign in (((ax, ay), -1), ((bx, by), 1)):
        _head(canvas, tip, (sign, 0) if level else (0, sign), small, math.dist(*part))


def _captions(canvas: Canvas, product: Product, hide: Set[str]) -> set[str]:
    """Write what stands around a drawing: package size, weight, notes; return the entities told."""
    rng = canvas.rng
    told = set()
    size = canvas.width * rng.uniform(0.02, 0.028)
    y = canvas.height - size * 1.4
    if rng.random() < 0.3:
        sides = [product.amounts[e] for e in ("width", "height", "depth") if e in product.amounts]
        packed = " x ".join(f"{a.value * rng.uniform(1.05, 1.3):.0f}" for a in sides)
        word = rng.choice(("Package size", "Carton", "Packaging"))
        text = f"{word}: {packed}{product.style.spelling[sides[0].unit]}"
        canvas.try_text((canvas.width / 2, y), text, size, fit=canvas.width * 0.9)
    elif rng.random() < 0.4:
        canvas.try_text(
            (canvas.width / 2, y), rng.choice(NOTES).format(rng.randint(2, 12)), size, fit=canvas.width * 0.9
        )
    if "item_weight" in product.amounts and "item_weight" not in hide and rng.random() < 0.25:
        text = f"{rng.choice(('Weight', 'Net weight', 'Gewicht'))}: {product.say('item_weight')}"
        if canvas.try_text((canvas.width - 14, canvas.height - size * 3.2), text, size * 1.1, anchor="rm"):
            told.add("item_weight")
    return told
