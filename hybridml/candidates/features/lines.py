"""Features of the drawing: which dimension line a number labels, which way it points and how long it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hybridml.candidates.find import Candidate
from hybridml.entities import Entity
from hybridml.vision.lines import Drawing
from hybridml.vision.text_line import TextLine

from .photo_context import PhotoView

NOWHERE = 30.0
"""Cost of a tie that is not there, in font sizes."""

FLAT, STEEP = 12.0, 78.0
"""Degrees from the horizontal up to which a line is horizontal, and from which on vertical: between them it recedes."""

DIRECTIONS = ("level", "upright", "receding")

RIDGE = 0.045
"""How far a stroke must stand out from both its sides to count as drawn; an edge of the product does not."""

FIRM = 4.0
"""Cost in font sizes below which a number counts as tied to a stroke."""


@dataclass(frozen=True)
class Ties:
    """What ties one text line to each stroke on the photo, one element per stroke.

    Attributes
    ----------
    strokes : array (n, 4)
        Their ends; a stroke that the text line interrupts counts as one.
    cost : array (n,)
        Distance in font sizes, more for strokes the text stands at the end of.
    middle : array (n,)
        How far the text is from the stroke's middle, in strokes: 0.5 at its end.
    gap : array (n,)
        Distance across, in font sizes.
    along : array (n,)
        1 where the text runs along the stroke, 0 across it.
    heads : array (n,)
        How much wider the stroke is at its ends than along the way.
    ridge : array (n,)
        How far the stroke stands out from both its sides.
    """

    strokes: np.ndarray
    cost: np.ndarray
    middle: np.ndarray
    gap: np.ndarray
    along: np.ndarray
    heads: np.ndarray
    ridge: np.ndarray


def strokes_of(drawing: Drawing, lines: Sequence[TextLine]) -> np.ndarray:
    """Return the segments (n, 8) that could be dimension lines: strokes, and not strokes of a letter."""
    segments = drawing.segments.astype(float)
    if not len(segments):
        return segments.reshape(0, 8)
    keep = segments[:, 4] >= RIDGE
    steps = np.linspace(0.05, 0.95, 10)
    points = segments[:, None, :2] + steps[None, :, None] * (segments[:, 2:4] - segments[:, :2])[:, None]
    covered = np.zeros((len(segments), len(steps)), dtype=bool)
    for line in lines:
        angle = math.radians(line.angle)
        along, across = _offsets(points, line.center, angle)
        covered |= (np.abs(along) < line.length / 2 + 0.1 * line.height) & (
            np.abs(across) < 0.62 * line.height
        )
    return segments[keep & (covered.mean(axis=1) < 0.6)]


def _offsets(points: np.ndarray, center: tuple[float, float], angle: float) -> tuple[np.ndarray, np.ndarray]:
    delta = points - np.asarray(center)
    u, v = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
    return delta @ np.asarray(u), delta @ np.asarray(v)


def _interrupted(strokes: np.ndarray, line: TextLine) -> np.ndarray:
    """Return the strokes (n, 8) that end on either side of the text and go on behind it."""
    center = np.asarray(line.center)
    a, b = strokes[:, :2], strokes[:, 2:4]
    length = np.maximum(np.hypot(*(b - a).T), 1e-9)
    direction = (b - a) / length[:, None]
    at = ((center - a) * direction).sum(axis=1)
    off = np.abs(direction[:, 0] * (center - a)[:, 1] - direction[:, 1] * (center - a)[:, 0])
    reach = _extent(line, direction) + 1.5 * line.height
    close = off < 0.7 * max(line.height, 1.0)
    before = np.flatnonzero(close & (at > length - 0.3 * line.height) & (at < length + reach))
    after = np.flatnonzero(close & (at < 0.3 * line.height) & (at > -reach))
    made = []
    for i in before:
        for j in after:
            if i != j and abs(direction[i] @ direction[j]) > 0.99:
                p, q = strokes[i], strokes[j]
                made.append([*p[:2], *q[2:4], min(p[4], q[4]), max(p[5], q[5]), p[6], q[7]])
    return np.array(made, dtype=float).reshape(-1, 8)


def _extent(line: TextLine, direction: np.ndarray) -> np.ndarray:
    """Return half the text line's extent along each direction (n, 2)."""
    angle = math.radians(line.angle)
    u, v = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
    return np.asarray(np.abs(direction @ u) * line.length / 2 + np.abs(direction @ v) * line.height / 2)


def ties_of(strokes: np.ndarray, line: TextLine) -> Ties:
    """Return what ties a text line to each stroke."""
    strokes = np.vstack([strokes, _interrupted(strokes, line)])
    font = max(line.height, 1.0)
    center = np.asarray(line.center)
    a, b = strokes[:, :2], strokes[:, 2:4]
    length = np.maximum(np.hypot(*(b - a).T), 1e-9)
    direction = (b - a) / length[:, None]
    normal = np.stack([-direction[:, 1], direction[:, 0]], axis=1)
    at = ((center - a) * direction).sum(axis=1) / length
    across = np.abs(((center - a) * normal).sum(axis=1))
    gap = np.maximum(across - _extent(line, normal), 0.0) / font
    past = np.maximum(np.maximum(-at, at - 1.0), 0.0) * length - _extent(line, direction)
    over = np.maximum(past, 0.0) / font
    middle = np.abs(at - 0.5)
    angle = math.radians(line.angle)
    along = np.abs(direction @ np.array([math.cos(angle), math.sin(angle)]))
    short = np.maximum(1.5 - length / font, 0.0)
    faint = np.maximum(0.15 - strokes[:, 4], 0.0) * 4
    cost = np.hypot(gap, 1.5 * over) + 1.6 * np.minimum(middle, 1.5) + 2.0 * short + faint
    return Ties(strokes[:, :4], cost, middle, gap, along, (strokes[:, 6] + strokes[:, 7]) / 2, strokes[:, 4])


def _turn(strokes: np.ndarray) -> np.ndarray:
    """Return the direction of strokes in degrees, (-90, 90]: positive where they fall to the right."""
    dx, dy = strokes[:, 2] - strokes[:, 0], strokes[:, 3] - strokes[:, 1]
    turn = np.degrees(np.arctan2(dy, dx))
    return np.where(turn > 90, turn - 180, np.where(turn <= -90, turn + 180, turn))


def _direction(turn: np.ndarray) -> np.ndarray:
    """Return 0 for level, 1 for upright, 2 for receding strokes."""
    steep = np.abs(turn)
    return np.where(steep <= FLAT, 0, np.where(steep >= STEEP, 1, 2))


COLUMNS = (
    "cost", "turn", "steep", "direction", "length", "middle", "gap", "along", "heads", "ridge",
    "side_x", "side_y", "of_outline_x", "of_outline_y",
    *(f"{d}_{what}" for d in DIRECTIONS for what in ("cost", "length")),
)  # fmt: skip


def _tied(photo: PhotoView, drawing: Drawing) -> dict[int, np.ndarray]:
    """Return the columns above for every text line that holds a candidate."""
    lines = photo.ocr_result.lines
    strokes = strokes_of(drawing, lines)
    longest = float(max(drawing.width, drawing.height, 1))
    left, top, right, bottom = drawing.outline
    wide, high = max(right - left, 1.0), max(bottom - top, 1.0)
    result = {}
    for i in sorted({c.line for c in photo.candidates}):
        row = dict.fromkeys(COLUMNS, math.nan)
        row["cost"] = NOWHERE
        for name in DIRECTIONS:
            row[f"{name}_cost"] = NOWHERE
        ties = ties_of(strokes, lines[i])
        if len(ties.cost):
            turn = _turn(ties.strokes)
            direction = _direction(turn)
            span = np.hypot(*(ties.strokes[:, 2:] - ties.strokes[:, :2]).T) / longest
            for k, name in enumerate(DIRECTIONS):
                at = np.flatnonzero(direction == k)
                if len(at):
                    best = at[ties.cost[at].argmin()]
                    row[f"{name}_cost"] = min(float(ties.cost[best]), NOWHERE)
                    row[f"{name}_length"] = float(span[best])
            j = int(ties.cost.argmin())
            if ties.cost[j] < NOWHERE:
                x0, y0, x1, y1 = ties.strokes[j]
                row |= {
                    "cost": float(ties.cost[j]),
                    "turn": float(turn[j]),
                    "steep": abs(float(turn[j])),
                    "direction": float(direction[j]),
                    "length": float(span[j]),
                    "middle": float(ties.middle[j]),
                    "gap": float(ties.gap[j]),
                    "along": float(ties.along[j]),
                    "heads": float(ties.heads[j]),
                    "ridge": float(ties.ridge[j]),
                    "side_x": ((x0 + x1) / 2 - (left + right) / 2) / wide,
                    "side_y": ((y0 + y1) / 2 - (top + bottom) / 2) / high,
                    "of_outline_x": abs(x1 - x0) / wide,
                    "of_outline_y": abs(y1 - y0) / high,
                }
        result[i] = np.array([row[c] for c in COLUMNS])
    return result


def block(photo: PhotoView, entity: Entity, candidates: Sequence[Candidate]) -> dict[str, np.ndarray]:
    """Return the drawing's features of each candidate; all NaN on a photo that was not looked at."""
    drawing = photo.drawing
    if drawing is None:
        nothing = np.full(len(candidates), math.nan)
        return dict.fromkeys(NAMES, nothing)
    shared = photo.shared("lines", entity, lambda: _columns(photo, drawing, candidates))
    line = np.array([c.line for c in candidates], dtype=int)
    return shared | _own_way(shared, entity, line)


def _columns(photo: PhotoView, drawing: Drawing, candidates: Sequence[Candidate]) -> dict[str, np.ndarray]:
    """Return what entities of the same units share."""
    n = len(candidates)
    per_line = photo.cached("tied", lambda: _tied(photo, drawing))
    line = np.array([c.line for c in candidates], dtype=int)
    table = np.array([per_line[i] for i in line], dtype=float).reshape(n, len(COLUMNS))
    columns = {f"lines.{name}": table[:, k].copy() for k, name in enumerate(COLUMNS)}
    center = np.array([c.center for c in candidates], dtype=float).reshape(-1, 2)
    base = np.array([photo.schema.to_base(c.value, c.unit) for c in candidates], dtype=float)
    left, top, right, bottom = drawing.outline
    wide, high = max(right - left, 1.0), max(bottom - top, 1.0)
    columns["lines.outline_x"] = (center[:, 0] - (left + right) / 2) / wide
    columns["lines.outline_y"] = (center[:, 1] - (top + bottom) / 2) / high
    columns["lines.outline_aspect"] = np.full(n, math.log(high / wide))
    columns["lines.outline_share"] = np.full(n, wide * high / max(drawing.width * drawing.height, 1))
    columns["lines.outline_filled"] = np.full(n, drawing.filled)
    columns["lines.plain"] = np.full(n, drawing.plain)
    return columns | _among(columns, line, base, math.log(high / wide))


def _own_way(columns: dict[str, np.ndarray], entity: Entity, line: np.ndarray) -> dict[str, np.ndarray]:
    """Return how well a tie's direction is the one in which the entity is measured, also beside the others' ties."""
    n = len(line)
    if entity.axis not in DIRECTIONS:
        return {f"lines.{name}": np.full(n, math.nan) for name in OWN_WAY}
    own = columns[f"lines.{entity.axis}_cost"]
    rival = np.min([columns[f"lines.{d}_cost"] for d in DIRECTIONS if d != entity.axis], axis=0)
    firm = columns["lines.cost"] < FIRM
    fits = np.where(
        firm, np.where(columns["lines.direction"] == DIRECTIONS.index(entity.axis), 1.0, -1.0), 0.0
    )
    length = np.nan_to_num(columns["lines.length"])
    apart = line[:, None] != line[None]
    longer = (fits[None] > 0) & (length[None] > 1.05 * length[:, None]) & apart
    lead = np.where(fits > 0, own - rival, NOWHERE)
    return {
        "lines.own_cost": own,
        "lines.rival_cost": rival,
        "lines.own_lead": own - rival,
        "lines.fits": fits,
        "lines.fits_beside": fits - fits.max(initial=-1.0),
        "lines.fits_longer": np.where(fits > 0, longer.any(axis=1), math.nan),
        "lines.fits_elsewhere": ((fits[None] > 0) & apart).any(axis=1).astype(float),
        "lines.fits_best": (lead <= lead.min(initial=NOWHERE) + 1e-9).astype(float),
    }


OWN_WAY = (
    "own_cost", "rival_cost", "own_lead", "fits", "fits_beside", "fits_longer", "fits_elsewhere", "fits_best",
)  # fmt: skip


def _among(
    columns: dict[str, np.ndarray], line: np.ndarray, base: np.ndarray, aspect: float
) -> dict[str, np.ndarray]:
    """Return how a candidate's tie compares with the ties of the photo's other numbers."""
    n = len(line)
    length, direction, cost = (columns[f"lines.{c}"] for c in ("length", "direction", "cost"))
    firm = cost < FIRM
    log = np.log(np.maximum(base, 1e-9))
    first = np.zeros(n, dtype=bool)
    first[np.unique(line, return_index=True)[1]] = True
    made: dict[str, np.ndarray] = {}
    for k, name in enumerate(DIRECTIONS):
        made[f"lines.{name}_ties"] = np.full(n, float((firm & first & (direction == k)).sum()))
    same = (direction[:, None] == direction[None]) & firm[None] & firm[:, None]
    longer = length[None] > length[:, None] * 1.05
    apart = line[:, None] != line[None]
    made["lines.longer_same_way"] = np.where(
        firm, (same & longer & apart & first[None]).sum(axis=1), math.nan
    )
    made["lines.longer"] = np.where(firm, (firm[None] & longer & apart & first[None]).sum(axis=1), math.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = log - np.log(length)
    usable = firm & np.isfinite(scale)
    middle = np.median(scale[usable]) if usable.any() else math.nan
    made["lines.scale"] = np.where(usable, scale - middle, math.nan)
    # a product twice as high as wide: its height is twice its width
    ratio = log[:, None] - log[None]
    other = np.abs(ratio) > 0.03
    made["lines.as_height"] = np.where(other, np.abs(ratio - aspect), 9.0).min(axis=1, initial=9.0)
    made["lines.as_width"] = np.where(other, np.abs(ratio + aspect), 9.0).min(axis=1, initial=9.0)
    return made


NAMES = tuple(
    f"lines.{name}"
    for name in (
        *COLUMNS,
        "outline_x", "outline_y", "outline_aspect", "outline_share", "outline_filled", "plain",
        *(f"{d}_ties" for d in DIRECTIONS),
        "longer_same_way", "longer", "scale", "as_height", "as_width",
        *OWN_WAY,
    )
)  # fmt: skip
"""Every column, in order."""
