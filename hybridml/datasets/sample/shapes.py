"""Products as simple drawings, each saying where its edges are, for lines with numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .canvas import WHITE, Box, Canvas, Colour, Point, tint

Edge = tuple[Point, Point]


@dataclass(frozen=True)
class Outline:
    """Edges of a drawn object.

    Parameters
    ----------
    width, height : (point, point)
        Lower edge from left to right; left or right edge from top to bottom.
    depth : (point, point) or None
        The edge that recedes, from front to back.
    parts : tuple of (point, point)
        Edges of parts of it: a door, an opening, a neck.
    """

    width: Edge
    height: Edge
    depth: Edge | None = None
    parts: tuple[Edge, ...] = ()


def _oblique(canvas: Canvas, box: Box, colour: Colour, share: float | None = None) -> tuple[Box, Point]:
    """Draw a block filling ``box``; return its front face and the vector from front to back."""
    left, top, right, bottom = box
    share = share if share is not None else canvas.rng.uniform(0.16, 0.3)
    dx, dy = (right - left) * share, (bottom - top) * share * canvas.rng.uniform(0.6, 0.9)
    front = (left, top + dy, right - dx, bottom)
    fl, ft, fr, fb = front
    edge = tint(colour, 0.55)
    lid = [(fl, ft), (fl + dx, top), (right, top), (fr, ft)]
    side = [(fr, ft), (right, top), (right, fb - dy), (fr, fb)]
    canvas.draw.polygon(lid, fill=tint(colour, 1.25), outline=edge)
    canvas.draw.polygon(side, fill=tint(colour, 0.72), outline=edge)
    canvas.draw.rectangle(front, fill=colour, outline=edge, width=2)
    return front, (dx, -dy)


def _block_outline(front: Box, back: Point, parts: tuple[Edge, ...] = ()) -> Outline:
    left, top, right, bottom = front
    return Outline(
        ((left, bottom), (right, bottom)),
        ((left, top), (left, bottom)),
        ((right, bottom), (right + back[0], bottom + back[1])),
        parts,
    )


def box(canvas: Canvas, area: Box, colour: Colour) -> Outline:
    """A plain box with a band and a handle."""
    front, back = _oblique(canvas, area, colour)
    left, top, right, bottom = front
    band = top + (bottom - top) * 0.3
    canvas.draw.line([(left, band), (right, band)], fill=tint(colour, 0.6), width=3)
    middle, half = (left + right) / 2, (right - left) * 0.12
    canvas.draw.rounded_rectangle(
        (middle - half, band + 10, middle + half, band + 26), 8, fill=tint(colour, 0.5)
    )
    return _block_outline(front, back, (((middle - half, band + 34), (middle + half, band + 34)),))


def adapter(canvas: Canvas, area: Box, colour: Colour) -> Outline:
    """A flat brick with a cable and a light, low in ``area``."""
    low = area[3] - min(area[3] - area[1], (area[2] - area[0]) * 0.55)
    front, back = _oblique(canvas, (area[0], low, area[2], area[3]), colour)
    left, top, right, bottom = front
    y = (top + bottom) / 2
    end = (max(8.0, left - (right - left) * 0.12), bottom)
    canvas.draw.line([(left, y), (end[0], y), end], fill=tint(colour, 0.4), width=7, joint="curve")
    canvas.draw.ellipse((right - 26, top + 12, right - 14, top + 24), fill=(60, 200, 90))
    return _block_outline(front, back)


def cabinet(canvas: Canvas, area: Box, colour: Colour) -> Outline:
    """A body with two to four fronts and knobs."""
    front, back = _oblique(canvas, area, colour)
    left, top, right, bottom = front
    parts: list[Edge] = []
    across = canvas.rng.choice((True, False))
    count = canvas.rng.choice((2, 3)) if across else canvas.rng.choice((2, 3, 4))
    for k in range(count):
        if across:
            x0, x1 = (left + (right - left) * f / count for f in (k, k + 1))
            face = (x0 + 6, top + 6, x1 - 6, bottom - 6)
        else:
            y0, y1 = (top + (bottom - top) * f / count for f in (k, k + 1))
            face = (left + 6, y0 + 6, right - 6, y1 - 6)
        canvas.draw.rectangle(face, outline=tint(colour, 0.55), width=2, fill=tint(colour, 1.08))
        x, y = (face[0] + face[2]) / 2, (face[1] + face[3]) / 2
        canvas.draw.ellipse((x - 6, y - 6, x + 6, y + 6), fill=tint(colour, 0.4))
        if k == count - 1 and face[3] - face[1] > 150:
            low = (face[1] + face[3]) / 2 + 34
            parts.append(((face[0], low), (face[2], low)))
    return _block_outline(front, back, tuple(parts))


def shelf(canvas: Canvas, area: Box, colour: Colour) -> Outline:
    """An open body with boards."""
    front, back = _oblique(canvas, area, colour, share=canvas.rng.uniform(0.12, 0.22))
    left, top, right, bottom = front
    board = max(8, (bottom - top) * 0.035)
    count = canvas.rng.choice((2, 3, 4))
    step = (bottom - top - board) / count
    for k in range(count):
        y = top + board + k * step
        canvas.draw.rectangle((left + board, y, right - board, y + step - board), fill=tint(colour, 0.62))
    x = left + (right - left) * 0.5
    return _block_outline(front, back, (((x, top + board), (x, top + step)),))


def table(canvas: Canvas, area: Box, colour: Colour) -> Outline:
    """A slab on four legs."""
    left, top, right, bottom = area
    thick = (bottom - top) * 0.07
    dx, dy = (right - left) * canvas.rng.uniform(0.15, 0.25), (bottom - top) * 0.2
    leg = max(10, (right - left) * 0.035)
    for x, y0, y1, shade in (
        (left + dx, top + thick, bottom - dy, 0.6),
        (right - leg, top + thick, bottom - dy, 0.6),
        (left, top + dy, bottom, 0.85),
        (right - dx - leg, top + dy, bottom, 0.85),
    ):
        canvas.draw.rectangle((x, y0, x + leg, y1), fill=tint(colour, shade), outline=tint(colour, 0.5))
    slab = [(left, top + dy), (left + dx, top), (right, top), (right - dx, top + dy)]
    canvas.draw.polygon(slab, fill=tint(colour, 1.2), outline=tint(colour, 0.5))
    canvas.draw.rectangle(
        (left, top + dy, right - dx, top + dy + thick), fill=colour, outline=tint(colour, 0.5)
    )
    side = [(right - dx, top + dy), (right, top), (right, top + thick), (right - dx, top + dy + thick)]
    canvas.draw.polygon(side, fill=tint(colour, 0.7), outline=tint(colour, 0.5))
    inner = bottom - (bottom - top) * 0.25
    part = ((left + leg, inner), (right - dx - leg, inner))
    return _block_outline((left, top + dy, right - dx, bottom), (dx, -dy), (part,))


def frame(canvas: Canvas, area: Box, colour: Colour) -> Outline:
    """A frame from the front, its opening as a part, and its narrow side view at the right."""
    left, top, right, bottom = area
    thin = max(26, (right - left) * canvas.rng.uniform(0.06, 0.1))
    face = right - thin - (right - left) * 0.16
    rim = (face - left) * canvas.rng.uniform(0.08, 0.14)
    canvas.draw.rectangle((left, top, face, bottom), fill=colour, outline=tint(colour, 0.5), width=2)
    inner = (left + rim, top + rim, face - rim, bottom - rim)
    canvas.draw.rectangle(inner, fill=tint(canvas.rng.choice(((190, 205, 215), (225, 220, 205))), 1.1))
    canvas.draw.polygon(
        [(inner[0], inner[3]), (inner[0], inner[3] - rim * 1.5), (inner[2], inner[3])], fill=tint(colour, 1.6)
    )
    canvas.draw.rectangle(
        (right - thin, top, right, bottom), fill=tint(colour, 0.7), outline=tint(colour, 0.5)
    )
    y = (inner[1] + inner[3]) / 2
    return Outline(
        ((left, bottom), (face, bottom)),
        ((left, top), (left, bottom)),
        ((right - thin, bottom), (right, bottom)),
        (((inner[0], y), (inner[2], y)),),
    )


def _turned(canvas: Canvas, area: Box, colour: Colour, profile: tuple[tuple[float, float], ...]) -> Outline:
    """A turned body: ``profile`` is (height from the top, half width) in shares of the area."""
    left, top, right, bottom = area
    middle, half, tall = (left + right) / 2, (right - left) / 2, bottom - top
    lip = half * profile[0][1] * 0.16
    points = [(middle + half * w, top + lip + (tall - lip) * y) for y, w in profile]
    mirrored = [(2 * middle - x, y) for x, y in points]
    canvas.draw.polygon(points + mirrored[::-1], fill=colour, outline=tint(colour, 0.6))
    shine = [(middle - (x - middle) * 0.75, y) for x, y in points]
    canvas.draw.line(shine, fill=tint(colour, 1.5), width=max(3, int(half * 0.07)))
    foot = half * profile[-1][1]
    canvas.draw.ellipse(
        (middle - foot, bottom - foot * 0.12, middle + foot, bottom + foot * 0.1), fill=tint(colour, 0.8)
    )
    mouth = half * profile[0][1]
    canvas.draw.ellipse(
        (middle - mouth, top, middle + mouth, top + 2 * lip), fill=tint(colour, 0.55), outline=colour
    )
    widest = max(w for _, w in profile) * half
    return Outline(
        ((middle - widest, bottom), (middle + widest, bottom)),
        ((middle - widest, top), (middle - widest, bottom)),
        None,
        (((middle - mouth, top), (middle + mouth, top)),) if profile[0][1] < 0.8 else (),
    )


def bowl(canvas: Canvas, area: Box, colour: Colour) -> Outline:
    """A wide open bowl."""
    return _turned(
        canvas, area, colour, ((0, 1), (0.25, 0.97), (0.55, 0.82), (0.8, 0.58), (0.93, 0.4), (1, 0.4))
    )


def vase(canvas: Canvas, area: Box, colour: Colour) -> Outline:
    """A vase with a neck."""
    profile = ((0, 0.5), (0.06, 0.44), (0.16, 0.4), (0.3, 0.6), (0.5, 0.95), (0.6, 1), (0.75, 0.9), (1, 0.5))
    return _turned(canvas, area, colour, profile)


def jar(canvas: Canvas, area: Box, colour: Colour) -> Outline:
    """A straight jar with a lid."""
    left, top, right, bottom = area
    outline = _turned(canvas, area, colour, ((0, 0.78), (0.1, 0.8), (0.16, 1), (0.95, 1), (1, 0.94)))
    middle, half = (left + right) / 2, (right - left) / 2 * 0.82
    canvas.draw.rounded_rectangle(
        (middle - half, top, middle + half, top + (bottom - top) * 0.12), 8, fill=tint(colour, 0.5)
    )
    return outline


def mug(canvas: Canvas, area: Box, colour: Colour) -> Outline:
    """A mug; its handle is within the width."""
    left, top, right, bottom = area
    body = right - (right - left) * 0.24
    y0, y1 = top + (bottom - top) * 0.22, bottom - (bottom - top) * 0.22
    thick = max(10, int((right - left) * 0.05))
    canvas.draw.ellipse((body - (right - body), y0, right, y1), outline=tint(colour, 0.8), width=thick)
    _turned(canvas, (left, top, body, bottom), colour, ((0, 1), (0.5, 0.98), (0.9, 0.93), (1, 0.86)))
    return Outline(
        ((left, bottom), (right, bottom)), ((left, top), (left, bottom)), None, (((left, top), (body, top)),)
    )


def bottle(canvas: Canvas, area: Box, colour: Colour) -> Outline:
    """A bottle with a cap; the label is drawn by whoever needs one."""
    left, top, right, bottom = area
    middle, half = (left + right) / 2, (right - left) / 2
    neck = canvas.rng.uniform(0.3, 0.55)
    body = (top + (bottom - top) * 0.12, top + (bottom - top) * 0.26)
    canvas.draw.polygon(
        [
            (middle - half * neck, body[0]),
            (middle + half * neck, body[0]),
            (right, body[1]),
            (right, bottom - 14),
            (right - 14, bottom),
            (left + 14, bottom),
            (left, bottom - 14),
            (left, body[1]),
        ],
        fill=colour,
        outline=tint(colour, 0.6),
    )
    canvas.draw.rectangle(
        (left + half * 0.1, body[1], left + half * 0.22, bottom - 20), fill=tint(colour, 1.35)
    )
    cap = (middle - half * neck * 1.1, top, middle + half * neck * 1.1, body[0])
    shade = tint(canvas.rng.choice(((40, 40, 44), (235, 235, 235), (200, 170, 60))), 1.0)
    canvas.draw.rounded_rectangle(cap, 8, fill=shade, outline=tint(shade, 0.6))
    return Outline(
        ((left, bottom), (right, bottom)),
        ((left, top), (left, bottom)),
        None,
        (((cap[0], top), (cap[2], top)),),
    )


def bag(canvas: Canvas, area: Box, colour: Colour) -> Outline:
    """A pouch with sealed ends."""
    left, top, right, bottom = area
    bulge = (right - left) * 0.02
    body = [
        (left + bulge, top),
        (right - bulge, top),
        (right - bulge * 1.5, top + 40),
        (right, (top + bottom) / 2),
        (right - bulge, bottom),
        (left + bulge, bottom),
        (left, (top + bottom) / 2),
        (left + bulge * 1.5, top + 40),
    ]
    canvas.draw.polygon(body, fill=colour, outline=tint(colour, 0.6))
    for y in (top + 8, top + 16, top + 24):
        canvas.draw.line([(left + 2 * bulge, y), (right - 2 * bulge, y)], fill=tint(colour, 0.75), width=2)
    return Outline(((left, bottom), (right, bottom)), ((left, top), (left, bottom)))


def carton(canvas: Canvas, area: Box, colour: Colour) -> Outline:
    """A folding box seen from its front and one side."""
    front, back = _oblique(canvas, area, colour, share=0.12)
    return _block_outline(front, back)


def tub(canvas: Canvas, area: Box, colour: Colour) -> Outline:
    """A round tub with a lid."""
    left, top, right, bottom = area
    lid = top + (bottom - top) * 0.1
    canvas.draw.rounded_rectangle(
        (left + 8, lid - 6, right - 8, bottom), 24, fill=colour, outline=tint(colour, 0.6)
    )
    canvas.draw.rounded_rectangle((left, top, right, lid), 12, fill=tint(colour, 0.55))
    canvas.draw.rectangle((left + 16, lid, left + 26, bottom - 24), fill=tint(colour, 1.3))
    return Outline(((left, bottom), (right, bottom)), ((left, top), (left, bottom)))


SHAPES: dict[str, Callable[[Canvas, Box, Colour], Outline]] = {
    f.__name__: f
    for f in (box, adapter, cabinet, shelf, table, frame, bowl, vase, jar, mug, bottle, bag, carton, tub)
}


def barcode(canvas: Canvas, area: Box) -> None:
    """Bars, and the digits below them."""
    # Whole pixels: a bar of one must not come out narrower than nothing.
    left, top, right, bottom = (int(v) for v in area)
    rng = canvas.rng
    canvas.draw.rectangle(area, fill=WHITE)
    x = left + 8
    while x < right - 8:
        wide = rng.choice((1, 1, 2, 3))
        canvas.draw.rectangle((x, top + 5, x + wide - 1, bottom - 20), fill=(0, 0, 0))
        x += wide + rng.choice((1, 2, 2, 3))
    digits = "".join(rng.choice("0123456789") for _ in range(13))
    canvas.try_text(((left + right) / 2, bottom - 9), digits, 14, fit=right - left - 8)
