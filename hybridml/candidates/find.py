"""Candidates: every span of text on a photo that could be the answer to some entity.

The number of a candidate was read on the photo; its unit was read beside the number, in a neighbouring text line, or in
a text that declares it for other numbers ("Unit: cm"). Nothing here opens an image.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, get_args

from hybridml import quantity
from hybridml.entities import Entity, EntitySchema, default_entities
from hybridml.quantity import Number, Quantity
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.text_line import OCRResult, TextLine

VERSION = 1
"""Raised when a candidate comes out otherwise than before, also by a change of the parser.

It is a part of :data:`hybridml.candidates.features.VERSION`.
"""

Origin = Literal["line", "beside", "below", "declared"]

ORIGINS = get_args(Origin)
"""Where a unit may come from, the surest first; an origin's place here is its number in ``form.origin``."""

_Parse = Callable[[str, EntitySchema], Sequence[Quantity]]

MAX_LINES = 400
"""Text lines of a photo that are searched, the largest ones: a poster of small print stays cheap."""

_STAR = re.compile(r"(?<=[0-9])\*(?! ?[*0-9A-Za-z])")

UNWRITTEN = "multipack total"
"""The form that is no candidate: it is not written on the photo, and labels give the content of one item."""

MAX_GAP = 1.6
"""How far apart neighbouring text lines may be, in font sizes, to be read as a number and its unit."""

MAX_OVERLAP = 0.7
"""How far they may overlap, in font sizes: text detectors widen their boxes by a part of the height."""


@dataclass(frozen=True)
class Candidate:
    """A quantity that could be an answer, and where on the photo it stands.

    Parameters
    ----------
    value, unit, family
        The quantity, its unit in the spelling of answers, and the family of that unit.
    line : int
        Index of the text line that holds the number.
    unit_line : int
        Index of the text line that holds, or declares, the unit.
    start, end : int
        Where in the line's text the candidate stands.
    origin : {"line", "beside", "below", "declared"}
        Where the unit stands: in the same line, in the next line along or below, or in a declaration.
    form, repaired, part, label
        As in :class:`hybridml.quantity.Quantity`.
    number_text : str
        The number as read.
    box : (left, top, right, bottom)
        Upright box of the span, in pixels of the photo.
    """

    value: float
    unit: str
    family: str
    line: int
    unit_line: int
    start: int
    end: int
    origin: Origin
    form: str
    repaired: bool
    part: tuple[int, int] | None
    label: str | None
    number_text: str
    box: tuple[float, float, float, float]

    @property
    def center(self) -> tuple[float, float]:
        """Centre of the box, in pixels."""
        return ((self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2)


def span_box(line: TextLine, start: int, end: int) -> tuple[float, float, float, float]:
    """Return the upright box of the characters from ``start`` to ``end``, as if all were equally wide.

    Examples
    --------
    >>> span_box(TextLine("12 oz / 34 g", 1.0, ((0, 0), (120, 0), (120, 10), (0, 10))), 6, 12)
    (60.0, 0.0, 120.0, 10.0)
    """
    n = max(len(line.text), 1)
    a, b, c, d = line.polygon
    s, e = start / n, min(end, n) / n
    points = [
        (p[0] + (q[0] - p[0]) * t, p[1] + (q[1] - p[1]) * t) for p, q in ((a, b), (d, c)) for t in (s, e)
    ]
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return (float(min(xs)), float(min(ys)), float(max(xs)), float(max(ys)))


def _largest(ocr_result: OCRResult) -> list[int]:
    if len(ocr_result.lines) <= MAX_LINES:
        return list(range(len(ocr_result.lines)))
    by_size = sorted(range(len(ocr_result.lines)), key=lambda i: -ocr_result.lines[i].height)
    return sorted(by_size[:MAX_LINES])


class _Geometry(NamedTuple):
    """Position, size and direction of a text line, computed once for all its neighbours."""

    characters: int
    x: float
    y: float
    length: float
    height: float
    angle: float
    ux: float
    uy: float

    @classmethod
    def of(cls, line: TextLine) -> _Geometry:
        """Return the geometry of a line."""
        angle = line.angle
        turn = math.radians(angle)
        return cls(
            len(line.text), *line.center, line.length, line.height, angle, math.cos(turn), math.sin(turn)
        )


def _relation(a: _Geometry, b: _Geometry) -> Literal["beside", "below"] | None:
    """Return how ``b`` continues ``a`` in the direction in which ``a`` runs, if it does."""
    turn = abs((a.angle - b.angle + 180) % 360 - 180)
    if turn > 20 and min(a.characters, b.characters) > 3:
        return None
    along = (b.x - a.x) * a.ux + (b.y - a.y) * a.uy
    across = -(b.x - a.x) * a.uy + (b.y - a.y) * a.ux
    size = max(min(a.height, b.height), 1.0)
    tall = max(a.height, b.height, 1.0)
    gap_along = along - (a.length + b.length) / 2
    gap_across = across - (a.height + b.height) / 2
    if abs(across) < 0.6 * tall and -MAX_OVERLAP * size < gap_along < MAX_GAP * tall and along > 0:
        return "beside"
    overlap = (a.length + b.length) / 2 - abs(along)
    if across > 0 and -0.5 * size < gap_across < 0.8 * size and overlap > 0.5 * min(a.length, b.length):
        return "below"
    return None


def _written(text: str, schema: EntitySchema) -> list[Quantity]:
    """Return the quantities that stand in a text; the total of ``6 x 330 ml`` does not."""
    return [q for q in quantity.parse(text, schema) if q.form != UNWRITTEN]


def _candidate(
    ocr_result: OCRResult,
    number: Quantity | Number,
    unit: str,
    origin: Origin,
    lines: tuple[int, int],
    schema: EntitySchema,
) -> Candidate:
    """Return a number as a candidate; ``lines`` are those of the number and of its unit."""
    line = ocr_result.lines[lines[0]]
    start, end = number.span[0], min(number.span[1], len(line.text))
    return Candidate(
        number.value,
        unit,
        schema.unit(unit).family,
        *lines,
        start,
        end,
        origin,
        number.form,
        number.repaired,
        number.part,
        number.label,
        number.number_text if isinstance(number, Quantity) else line.text[start:end],
        span_box(line, start, end),
    )


def _in_line(
    ocr_result: OCRResult, index: int, found: Iterable[Quantity], schema: EntitySchema
) -> list[Candidate]:
    """Return the quantities found in a text line as candidates."""
    return [_candidate(ocr_result, q, q.unit, "line", (index, index), schema) for q in found]


def _joined(
    ocr_result: OCRResult, i: int, j: int, relation: Origin, schema: EntitySchema, parse: _Parse = _written
) -> list[Candidate]:
    """Return the quantities that only exist across the end of line ``i`` and the start of line ``j``.

    Besides the one that crosses the seam, those that share its unit: all of ``10 x 5 x 3`` before ``cm``.
    """
    text, next_text = ocr_result.lines[i].text, ocr_result.lines[j].text
    seam = len(text)
    found = parse(f"{text} {next_text}", schema)
    crossing = {q.unit for q in found if q.span[0] < seam < q.span[1] - 1}
    alone = {(q.value, q.unit, q.span) for q in parse(text, schema)} if crossing else set()
    return [
        _candidate(ocr_result, q, q.unit, relation, (i, j), schema)
        for q in found
        if q.span[0] < seam and q.unit in crossing and (q.value, q.unit, q.span) not in alone
    ]


def _declared(
    ocr_result: OCRResult, numbers: dict[int, list[Number]], schema: EntitySchema
) -> list[Candidate]:
    """Return bare numbers with the unit that the nearest declaration gives them."""
    declarations = [
        (i, mention.unit)
        for i, line in enumerate(ocr_result.lines)
        for mention in quantity.declared_unit(line.text, schema)
    ]
    if not declarations:
        return []
    found = []
    for i, bare in numbers.items():
        line = ocr_result.lines[i]
        x, y = line.center
        nearest: dict[str, tuple[float, int, str]] = {}
        for j, unit in declarations:
            other = ocr_result.lines[j]
            bx, by = other.center
            same_row = abs(by - y) < 0.6 * max(line.height, other.height)
            distance = math.hypot(bx - x, by - y) * (0.25 if same_row or i == j else 1.0)
            family = schema.unit(unit).family
            if family not in nearest or distance < nearest[family][0]:
                nearest[family] = (distance, j, unit)
        found += [
            _candidate(ocr_result, number, unit, "declared", (i, j), schema)
            for number in bare
            for _, j, unit in nearest.values()
        ]
    return found


def find_candidates(ocr_result: OCRResult, schema: EntitySchema | None = None) -> list[Candidate]:
    """Return every candidate on a photo, for all entities, in reading order.

    Parameters
    ----------
    ocr_result : OCRResult
        The photo's text lines.
    schema : EntitySchema, optional
        Entities and units; the packaged ones by default.

    Returns
    -------
    list of Candidate
        Without two of the same quantity at the same place.

    Examples
    --------
    >>> box = lambda x, y, w: ((x, y), (x + w, y), (x + w, y + 20), (x, y + 20))
    >>> lines = (TextLine("NET WT 12", 1.0, box(0, 0, 90)), TextLine("OZ (340 g)", 1.0, box(95, 0, 90)))
    >>> [(c.value, c.unit, c.origin) for c in find_candidates(OCRResult(lines, 200, 100))]
    [(12.0, 'ounce', 'beside'), (340.0, 'gram', 'line')]
    """
    schema = schema or default_entities()
    kept = _largest(ocr_result)
    own = [
        c for i in kept for c in _in_line(ocr_result, i, _written(ocr_result.lines[i].text, schema), schema)
    ]
    more = _starred(ocr_result, kept, own, schema) + _per_area(ocr_result, kept, schema)
    return _distinct(own + _across(ocr_result, kept, schema) + more)


def _across(ocr_result: OCRResult, kept: Sequence[int], schema: EntitySchema) -> list[Candidate]:
    """Return the candidates whose unit stands in another text line than their number."""
    numbers = {i: found for i in kept if (found := quantity.numbers(ocr_result.lines[i].text, schema))}
    if not numbers:
        return []
    places = {i: _Geometry.of(ocr_result.lines[i]) for i in kept}
    joined = [
        c
        for i in numbers
        for j in kept
        if i != j and (relation := _relation(places[i], places[j]))
        for c in _joined(ocr_result, i, j, relation, schema)
    ]
    return joined + _declared(ocr_result, numbers, schema)


def _starred(
    ocr_result: OCRResult, kept: Sequence[int], own: Sequence[Candidate], schema: EntitySchema
) -> list[Candidate]:
    """Return numbers whose inch mark was read as an asterisk, on a photo that gives other numbers in inches."""
    marked = {q.unit for q in quantity.parse('1"', schema)}
    if not any(c.unit in marked and not c.repaired for c in own):
        return []
    found = []
    for i in kept:
        text = ocr_result.lines[i].text
        edited = _STAR.sub('"', text)
        if edited != text:
            stars = {m.start() for m in _STAR.finditer(text)}
            inches = [
                q for q in quantity.parse(edited, schema) if q.span[1] - 1 in stars and q.unit in marked
            ]
            found += _in_line(ocr_result, i, (replace(q, repaired=True) for q in inches), schema)
    return found


def _per_area(ocr_result: OCRResult, kept: Sequence[int], schema: EntitySchema) -> list[Candidate]:
    """Return weights per square metre, as of fabric or paper."""
    found = [
        c
        for i in kept
        for c in _in_line(ocr_result, i, quantity.grammage(ocr_result.lines[i].text, schema), schema)
    ]
    units = [
        j
        for j in kept
        if any(not q.span[0] for q in quantity.grammage(f"1 {ocr_result.lines[j].text}", schema))
    ]
    if units:
        places = {i: _Geometry.of(ocr_result.lines[i]) for i in kept}
        numbers = [i for i in kept if quantity.numbers(ocr_result.lines[i].text, schema)]
        for i, j in ((i, j) for i in numbers for j in units if i != j):
            if relation := _relation(places[i], places[j]):
                found += _joined(ocr_result, i, j, relation, schema, quantity.grammage)
    return found


def _distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return one candidate for each quantity at each place, the surest, in reading order."""
    best: dict[tuple[object, ...], Candidate] = {}
    for c in sorted(candidates, key=lambda c: (c.repaired, ORIGINS.index(c.origin))):
        best.setdefault((c.value, c.unit, c.line, c.start), c)
    return sorted(best.values(), key=lambda c: (c.line, c.start, c.repaired, c.end))


def for_entity(candidates: Sequence[Candidate], entity: Entity) -> list[Candidate]:
    """Return the candidates that ``entity`` could be, in its own units, in reading order.

    Examples
    --------
    >>> box = ((0, 0), (90, 0), (90, 20), (0, 20))
    >>> found = find_candidates(OCRResult((TextLine("8 oz 230 V", 1.0, box),), 100, 100))
    >>> [(c.value, c.unit) for c in for_entity(found, default_entities().entity("item_volume"))]
    [(8.0, 'fluid ounce')]
    """
    return [
        c if unit == c.unit else replace(c, unit=unit, family=entity.family)
        for c in candidates
        if (unit := entity.unit_for(c.unit)) is not None
    ]


def needs_second_pass(ocr_result: OCRResult, entity: Entity, schema: EntitySchema) -> bool:
    """Return whether the first OCR pass found no quantity of the item itself that could answer ``entity``.

    A weight per area ("180 gsm") is not the item's own. The search ends at the first candidate.

    Examples
    --------
    >>> box, schema = ((0, 0), (90, 0), (90, 20), (0, 20)), default_entities()
    >>> result = OCRResult((TextLine("180 gsm 230 V", 1.0, box),), 100, 100)
    >>> [needs_second_pass(result, schema.entity(name), schema) for name in ("voltage", "item_weight")]
    [False, True]
    """
    kept = _largest(ocr_result)
    units = (q.unit for i in kept for q in quantity.parse(ocr_result.lines[i].text, schema))
    if any(entity.unit_for(unit) is not None for unit in units):
        return False
    return not for_entity(_across(ocr_result, kept, schema), entity)


def uses_second_pass(photo: PhotoFeatures, entity: Entity, schema: EntitySchema) -> bool:
    """Return whether an entity is answered from the second OCR pass: where there is one, and it is needed."""
    return photo.second_pass is not None and needs_second_pass(photo.ocr_result, entity, schema)


def ocr_result_for(photo: PhotoFeatures, entity: Entity, schema: EntitySchema) -> OCRResult:
    """Return the OCR result that an entity is answered from."""
    return photo.result_of(uses_second_pass(photo, entity, schema))
