"""Candidates: every span of text on a photo that could be the answer to some entity.

The number of a candidate was read on the photo; its unit was read beside the number, in a neighbouring text line, or in
a text that declares it for other numbers ("Unit: cm"). Nothing here opens an image.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple, get_args

from hybridml import quantity
from hybridml.entities import Entity, EntitySchema, default_entities
from hybridml.quantity import Number, Quantity
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.text_line import OCRResult, TextLine

VERSION = 1
"""Raised when the candidates of a photo change, also because of a change to the parser.

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


class _Search:
    """The search for the candidates of one OCR result."""

    def __init__(self, ocr_result: OCRResult, schema: EntitySchema) -> None:
        self.lines, self.schema = ocr_result.lines, schema
        self.kept: Sequence[int] = range(len(self.lines))
        if len(self.lines) > MAX_LINES:
            by_size = sorted(self.kept, key=lambda i: -self.lines[i].height)
            self.kept = sorted(by_size[:MAX_LINES])

    @cached_property
    def numbers(self) -> dict[int, list[Number]]:
        """Bare numbers by text line, where there are any."""
        found = ((i, quantity.numbers(self.lines[i].text, self.schema)) for i in self.kept)
        return {i: numbers for i, numbers in found if numbers}

    @cached_property
    def geometry(self) -> dict[int, _Geometry]:
        """Geometry by text line."""
        return {i: _Geometry.of(self.lines[i]) for i in self.kept}

    def candidate(self, number: Quantity | Number, unit: str, origin: Origin, i: int, j: int) -> Candidate:
        """Return a number of line ``i`` as a candidate, with the unit that line ``j`` gives it."""
        line = self.lines[i]
        start, end = number.span[0], min(number.span[1], len(line.text))
        return Candidate(
            number.value,
            unit,
            self.schema.unit(unit).family,
            i,
            j,
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

    def in_lines(self, parse: _Parse) -> list[Candidate]:
        """Return the quantities that ``parse`` finds within single text lines."""
        return [
            self.candidate(q, q.unit, "line", i, i)
            for i in self.kept
            for q in parse(self.lines[i].text, self.schema)
        ]

    def joined(self, i: int, j: int, parse: _Parse) -> list[Candidate]:
        """Return the quantities that only exist across the end of line ``i`` and the start of line ``j``.

        Besides the one that crosses the seam, those that share its unit: all of ``10 x 5 x 3`` before ``cm``.
        """
        relation = _relation(self.geometry[i], self.geometry[j]) if i != j else None
        if not relation:
            return []
        text, next_text = self.lines[i].text, self.lines[j].text
        seam = len(text)
        found = parse(f"{text} {next_text}", self.schema)
        crossing = {q.unit for q in found if q.span[0] < seam < q.span[1] - 1}
        alone = {(q.value, q.unit, q.span) for q in parse(text, self.schema)} if crossing else set()
        return [
            self.candidate(q, q.unit, relation, i, j)
            for q in found
            if q.span[0] < seam and q.unit in crossing and (q.value, q.unit, q.span) not in alone
        ]

    def across(self) -> list[Candidate]:
        """Return the candidates whose unit stands in another text line than their number."""
        joined = [c for i in self.numbers for j in self.kept for c in self.joined(i, j, _written)]
        return joined + (self.declared() if self.numbers else [])

    def declared(self) -> list[Candidate]:
        """Return bare numbers with the unit that the nearest declaration gives them."""
        declarations = [
            (j, mention.unit)
            for j, line in enumerate(self.lines)
            for mention in quantity.declared_unit(line.text, self.schema)
        ]
        found = []
        for i, bare in self.numbers.items():
            line = self.lines[i]
            x, y = line.center
            nearest: dict[str, tuple[float, int, str]] = {}
            for j, unit in declarations:
                other = self.lines[j]
                bx, by = other.center
                same_row = abs(by - y) < 0.6 * max(line.height, other.height)
                distance = math.hypot(bx - x, by - y) * (0.25 if same_row or i == j else 1.0)
                family = self.schema.unit(unit).family
                if family not in nearest or distance < nearest[family][0]:
                    nearest[family] = (distance, j, unit)
            found += [
                self.candidate(number, unit, "declared", i, j)
                for number in bare
                for _, j, unit in nearest.values()
            ]
        return found

    def starred(self) -> list[Candidate]:
        """Return numbers whose inch mark was read as an asterisk."""
        inch = _inch_mark(self.schema)

        def parse(text: str, schema: EntitySchema) -> list[Quantity]:
            stars = {m.start() for m in _STAR.finditer(text)}
            found = quantity.parse(_STAR.sub('"', text), schema) if stars else []
            return [replace(q, repaired=True) for q in found if q.span[1] - 1 in stars and q.unit in inch]

        return self.in_lines(parse)

    def per_area(self) -> list[Candidate]:
        """Return weights per square metre, as of fabric or paper."""
        units = [
            j
            for j in self.kept
            if any(not q.span[0] for q in quantity.grammage(f"1 {self.lines[j].text}", self.schema))
        ]
        return self.in_lines(quantity.grammage) + [
            c for i in self.numbers for j in units for c in self.joined(i, j, quantity.grammage)
        ]


def _written(text: str, schema: EntitySchema) -> list[Quantity]:
    """Return the quantities that stand in a text; the total of ``6 x 330 ml`` does not."""
    return [q for q in quantity.parse(text, schema) if q.form != UNWRITTEN]


def _inch_mark(schema: EntitySchema) -> set[str]:
    """Return the units that the mark after ``1"`` stands for."""
    return {q.unit for q in quantity.parse('1"', schema)}


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
    search = _Search(ocr_result, schema or default_entities())
    own = search.in_lines(_written)
    inch = _inch_mark(search.schema)
    # an asterisk is an inch mark only on a photo that gives other numbers in inches
    starred = search.starred() if any(c.unit in inch and not c.repaired for c in own) else []
    return _distinct(own + search.across() + starred + search.per_area())


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
    search = _Search(ocr_result, schema)
    units = (q.unit for i in search.kept for q in quantity.parse(search.lines[i].text, schema))
    if any(entity.unit_for(unit) is not None for unit in units):
        return False
    return not for_entity(search.across(), entity)


def uses_second_pass(photo: PhotoFeatures, entity: Entity, schema: EntitySchema) -> bool:
    """Return whether an entity is answered from the second OCR pass: where there is one, and it is needed."""
    return photo.second_pass is not None and needs_second_pass(photo.ocr_result, entity, schema)


def ocr_result_for(photo: PhotoFeatures, entity: Entity, schema: EntitySchema) -> OCRResult:
    """Return the OCR result that an entity is answered from."""
    return photo.result_of(uses_second_pass(photo, entity, schema))
