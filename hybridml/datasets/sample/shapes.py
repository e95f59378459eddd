"""Products as simple drawings, each with the edges that dimension lines belong to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from .canvas import Box, Canvas, Colour, Point, tint

Edge = tuple[Point, Point]
# Turned bodies: outline as (height from the top, half width) in shares of the area, and the share that the lid takes.
Profile = tuple[tuple[float, float], ...]
TURNED: dict[str, tuple[Profile, float]] = {
    "bowl": (((0, 1), (0.25, 0.97), (0.55, 0.82), (0.8, 0.58), (0.93, 0.4), (1, 0.4)), 0),
    "vase": (((0, 0.5), (0.16, 0.4), (0.3, 0.6), (0.5, 0.95), (0.6, 1), (0.75, 0.9), (1, 0.5)), 0),
    "jar": (((0, 0.78), (0.1, 0.8), (0.16, 1), (0.95, 1), (1, 0.94)), 0.12),
    "tub": (((0, 0.95), (0.08, 0.95), (0.1, 1), (0.97, 1), (1, 0.95)), 0.09),
    "bottle": (((0, 0.4), (0.12, 0.4), (0.16, 0.5), (0.26, 1), (0.98, 1), (1, 0.95)), 0.12),
}


@dataclass(frozen=True)
class DrawnShape:
    """Edges of a drawn object."""

    width: Edge  # the lower edge, from left to right
    height: Edge  # the left edge, from top to bottom
    depth: Edge | None = None  # the edge that recedes, from front to back
    part: Edge | None = None  # an edge of a part of it: a drawer at its right, a mouth at its top


def _block(canvas: Canvas, area: Box, colour: Colour, drawers: tuple[int, ...]) -> DrawnShape:
    """Draw a block seen from its front, top and right, with one of the given numbers of drawers."""
    left, top, right, bottom = area
    share = canvas.rng.uniform(0.12, 0.28)
    dx, dy = (right - left) * share, (bottom - top) * share * canvas.rng.uniform(0.6, 0.9)
    edge, x, y = tint(colour, 0.55), right - dx, top + dy
    canvas.draw.polygon([(left, y), (left + dx, top), (right, top), (x, y)], tint(colour, 1.25), edge)
    canvas.draw.polygon([(x, y), (right, top), (right, bottom - dy), (x, bottom)], tint(colour, 0.72), edge)
    canvas.draw.rectangle((left, y, x, bottom), colour, edge, 2)
    count = canvas.rng.choice(drawers)
    step = (bottom - y) / max(1, count)
    for k in range(count):
        face = (left + 6, y + step * k + 6, x - 6, y + step * (k + 1) - 6)
        canvas.draw.rectangle(face, tint(colour, 1.08), edge, 2)
        knob = ((left + x) / 2, y + step * (k + 0.5))
        canvas.draw.ellipse((knob[0] - 6, knob[1] - 6, knob[0] + 6, knob[1] + 6), tint(colour, 0.4))
    return DrawnShape(
        ((left, bottom), (x, bottom)),
        ((left, y), (left, bottom)),
        ((x, bottom), (right, bottom - dy)),
        ((right, top), (right, top + step)) if count > 1 else None,
    )


def _turned(canvas: Canvas, area: Box, colour: Colour, profile: Profile, lid: float) -> DrawnShape:
    """Draw a turned body, open or with a lid."""
    left, top, right, bottom = area
    middle, half, tall = (left + right) / 2, (right - left) / 2, bottom - top
    mouth = half * profile[0][1]
    lip = 0 if lid else mouth * 0.16
    side = [(half * w, top + lip + (tall - lip) * y) for y, w in profile]
    body = [(middle + x, y) for x, y in side] + [(middle - x, y) for x, y in side[::-1]]
    canvas.draw.polygon(body, colour, tint(colour, 0.6))
    canvas.draw.line([(middle - x * 0.75, y) for x, y in side], tint(colour, 1.5), max(3, int(half * 0.07)))
    if lid:
        cap = (middle - mouth * 1.06, top, middle + mouth * 1.06, top + tall * lid)
        canvas.draw.rounded_rectangle(cap, 8, tint(colour, 0.5))
    else:
        canvas.draw.ellipse((middle - mouth, top, middle + mouth, top + 2 * lip), tint(colour, 0.55), colour)
    return DrawnShape(
        ((left, bottom), (right, bottom)),
        ((left, top), (left, bottom)),
        part=((middle - mouth, top), (middle + mouth, top)) if profile[0][1] < 0.8 else None,
    )


SHAPES: Mapping[str, Callable[[Canvas, Box, Colour], DrawnShape]] = {
    "box": partial(_block, drawers=(0,)),
    "cabinet": partial(_block, drawers=(2, 3, 4)),
} | {name: partial(_turned, profile=profile, lid=lid) for name, (profile, lid) in TURNED.items()}
