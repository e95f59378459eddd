"""Features of the span itself: the number, its unit and how it was written."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hybridml.candidates.find import Candidate
from hybridml.entities import Entity

from .photo_context import PhotoView

FORMS = (
    "plain", "range low", "range high", "product part", "multipack each", "multipack total", "sum", "sum part", "bound",
    "per area",
)  # fmt: skip
ORIGINS = ("line", "beside", "below", "declared")
COLUMNS = tuple(
    f"form.{name}"
    for name in (
        "entity", "unit", "unit_factor", "number", "quantity", "whole", "round", "digits", "decimals", "repaired",
        "form", "origin", "part", "parts", "labelled", "share_of_line", "before", "after",
    )
)  # fmt: skip


def block(photo: PhotoView, entity: Entity, candidates: Sequence[Candidate]) -> dict[str, list[float]]:
    """Return the span features of each candidate."""
    shared = photo.shared("span", entity, lambda: _columns(photo, entity, candidates))
    number = float(list(photo.schema.entities).index(entity.name))
    own = {
        "form.entity": [number] * len(candidates),
        "form.labelled": [float(label_match(c, entity, photo)) for c in candidates],
    }
    return {name: own.get(name) or shared[name] for name in COLUMNS}


def _columns(photo: PhotoView, entity: Entity, candidates: Sequence[Candidate]) -> dict[str, list[float]]:
    """Return what entities of the same units share."""
    rows: dict[str, list[float]] = {}

    def add(name: str, value: float) -> None:
        rows.setdefault(name, []).append(float(value))

    for c in candidates:
        unit = photo.schema.unit(c.unit)
        text = photo.texts[c.line]
        digits = c.number_text
        add("form.unit", entity.units.index(c.unit))
        add("form.unit_factor", math.log10(unit.factor))
        add("form.number", math.log10(c.value + 1e-9))
        add("form.quantity", math.log10(c.value * unit.factor + 1e-9))
        add("form.whole", c.value == int(c.value) if math.isfinite(c.value) else 0)
        add("form.round", c.value % 5 == 0)
        add("form.digits", sum(ch.isdigit() for ch in digits))
        add("form.decimals", len(digits.rsplit(".", 1)[1]) if "." in digits else 0)
        add("form.repaired", c.repaired)
        add("form.form", FORMS.index(c.form) if c.form in FORMS else len(FORMS))
        add("form.origin", ORIGINS.index(c.origin))
        add("form.part", c.part[0] if c.part else -1)
        add("form.parts", c.part[1] if c.part else 0)
        add("form.share_of_line", (c.end - c.start) / max(len(text), 1))
        add("form.before", c.start)
        add("form.after", max(len(text) - c.end, 0))
    return rows


def label_match(candidate: Candidate, entity: Entity, photo: PhotoView) -> int:
    """Return 1 when the number's label ("H" in "H 30 cm") names ``entity``, -1 when another, 0 without."""
    if not candidate.label:
        return 0
    label = candidate.label.lower()
    if label in entity.keywords:
        return 1
    others = (e for e in photo.schema.entities.values() if e.family == entity.family)
    return -1 if any(label in e.keywords for e in others) else 0
