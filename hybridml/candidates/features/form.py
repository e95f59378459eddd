"""Features of the candidate's own text: its number, its unit and how they are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import get_args

from hybridml.candidates.find import ORIGINS, Candidate
from hybridml.entities import Entity
from hybridml.quantity import Form

from .column import Column, PhraseContext, flag, number_of, percentage
from .photo_context import PhotoContext, rivals_of

VERSION = 1

FORMS = get_args(Form)
"""The forms of a quantity; a form's place among them is its number in ``form.form``."""

_FORM_PHRASES = {
    "plain": "it is a single quantity",
    "range low": "it is the lower end of a range",
    "range high": "it is the upper end of a range",
    "product part": "it is a part of A x B x C",
    "multipack each": "it is one item of a multipack",
    "multipack total": "it is the total of a multipack",
    "sum": "it is a sum of two units",
    "sum part": "it is a part of a sum of two units",
    "bound": "it is an upper or lower bound",
    "per area": "it is the weight of a square metre",
}
_NO_PART = "it is no part of A x B x C"
_ORIGIN_PHRASES = {
    "line": "its number and unit stand together",
    "beside": "its unit stands in the next text along",
    "below": "its unit stands in the text below",
    "declared": "its unit is declared for several numbers",
}


def _unit(_: float, context: PhraseContext) -> str:
    return f"its unit is {context.candidate.unit}"


def _quantity(_: float, context: PhraseContext) -> str:
    return f"the quantity is {context.candidate.value:g} {context.candidate.unit}"


def _part(value: float, _: PhraseContext) -> str:
    return _NO_PART if value < 0 else f"it is number {value + 1:.0f} of A x B x C"


def _parts(value: float, _: PhraseContext) -> str:
    return _NO_PART if value < 1 else f"it is part of a product of {value:.0f}"


def _label(value: float, context: PhraseContext) -> str:
    if not value:
        return "it has no label of its own"
    return f"its label names {context.requested if value > 0 else 'something else'}"


COLUMNS = (
    Column("form.entity", "requested entity", lambda _, context: f"{context.requested} is requested"),
    Column("form.unit", "unit", _unit),
    Column("form.unit_factor", "size of the unit", _unit),
    Column("form.number", "size of the number", lambda _, c: f"its number is {c.candidate.value:g}"),
    Column("form.quantity", "size of the quantity", _quantity),
    flag("form.whole", "it is {} whole number", "a", "not a"),
    flag("form.round", "it is {} multiple of five", "a", "not a"),
    number_of("form.digits", "digit in its number", "digits in its number"),
    number_of("form.decimals", "decimal in its number", "decimals in its number"),
    flag("form.repaired", "{}", "its text had to be repaired", "it was read without repair"),
    Column("form.form", "form: single, range, part, ...", lambda _, c: _FORM_PHRASES[c.candidate.form]),
    Column("form.origin", "where its unit stands", lambda _, c: _ORIGIN_PHRASES[c.candidate.origin]),
    Column("form.part", "place within A x B x C", _part),
    Column("form.parts", "number of parts of its A x B x C", _parts),
    Column("form.labelled", "what the number's own label names", _label),
    Column("form.share_of_line", "share of its text line", percentage("it takes up {} of its text line")),
    number_of("form.before", "character before it in its text line", "characters before it in its text line"),
    number_of("form.after", "character after it in its text line", "characters after it in its text line"),
)

CATEGORICAL = ("form.entity", "form.unit", "form.form", "form.origin")
"""Columns that are numbers of a category, not magnitudes."""


def block(photo: PhotoContext, entity: Entity, candidates: Sequence[Candidate]) -> dict[str, list[float]]:
    """Return the form features of each candidate."""
    columns = {
        "form.entity": [float(list(photo.schema.entities).index(entity.name))] * len(candidates),
        "form.labelled": [float(_label_match(c, entity, photo)) for c in candidates],
        **photo.shared("form", entity, lambda: _columns(photo, entity, candidates)),
    }
    return {column.name: columns[column.name] for column in COLUMNS}


def _columns(photo: PhotoContext, entity: Entity, candidates: Sequence[Candidate]) -> dict[str, list[float]]:
    """Return the columns that are the same for entities of the same units."""
    rows = [_values(photo, entity, c) for c in candidates]
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


def _values(photo: PhotoContext, entity: Entity, c: Candidate) -> dict[str, float]:
    factor = photo.schema.unit(c.unit).factor
    characters = len(photo.texts[c.line])
    return {
        "form.unit": entity.units.index(c.unit),
        "form.unit_factor": math.log10(factor),
        "form.number": math.log10(c.value + 1e-9),
        "form.quantity": math.log10(c.value * factor + 1e-9),
        "form.whole": c.value % 1 == 0,
        "form.round": c.value % 5 == 0,
        "form.digits": sum(character.isdigit() for character in c.number_text),
        "form.decimals": len(c.number_text.rsplit(".", 1)[1]) if "." in c.number_text else 0,
        "form.repaired": c.repaired,
        "form.form": FORMS.index(c.form),
        "form.origin": ORIGINS.index(c.origin),
        "form.part": c.part[0] if c.part else -1,
        "form.parts": c.part[1] if c.part else 0,
        "form.share_of_line": (c.end - c.start) / max(characters, 1),
        "form.before": c.start,
        "form.after": max(characters - c.end, 0),
    }


def _label_match(candidate: Candidate, entity: Entity, photo: PhotoContext) -> int:
    """Return 1 when the number's label ("H" in "H 30 cm") names ``entity``, -1 when another, 0 without."""
    if not candidate.label:
        return 0
    label = candidate.label.lower()
    if label in entity.keywords:
        return 1
    return -1 if any(label in e.keywords for e in rivals_of(entity, photo.schema)) else 0
