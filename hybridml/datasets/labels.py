"""Labels: the values of the column ``entity_value``, and tables of labels without photos."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from hybridml.entities import EntitySchema, default_entities
from hybridml.errors import RowsError

from .groups import as_text

Quantity = tuple[float, str]
"""Value and unit."""

Kind = Literal["blank", "plain", "range", "foreign unit", "unreadable"]

_NUMBER = r"(-?\d+(?:\.\d+)?(?:\s?[eE][+-]?\d+)?)"
_UNIT = r"\s*([a-zA-Z][a-zA-Z ]*?)"
_PLAIN = re.compile(rf"{_NUMBER}{_UNIT}")
_BRACKETS = re.compile(rf"\[\s*{_NUMBER}\s*,\s*{_NUMBER}\s*\]{_UNIT}")
_TO = re.compile(rf"{_NUMBER}{_UNIT}\s+to\s+{_NUMBER}{_UNIT}")


@dataclass(frozen=True)
class Label:
    """A parsed label.

    Parameters
    ----------
    kind : {"blank", "plain", "range", "foreign unit", "unreadable"}
        ``"foreign unit"``: in a unit that no entity has, so that no answer matches it.
    value : float or None
        The number that is scored: of a range the upper end.
    unit : str or None
        In the spelling of answers; a foreign unit as written; None when blank or unreadable.
    low, high : float or None
        The ends of a range, in ``unit``; otherwise both equal ``value``.
    """

    kind: Kind
    value: float | None = None
    unit: str | None = None
    low: float | None = None
    high: float | None = None

    @property
    def blank(self) -> bool:
        """Whether there is nothing to find."""
        return self.kind == "blank"

    @property
    def quantity(self) -> Quantity | None:
        """Value and unit of the right answer, None if no answer can be right."""
        if self.kind in ("plain", "range") and self.value is not None and self.unit is not None:
            return self.value, self.unit
        return None


def parse_label(text: object, schema: EntitySchema | None = None) -> Label:
    """Parse a label; every text has a kind and nothing raises.

    Parameters
    ----------
    text : str, or None or NaN for blank
        Value of the column ``entity_value``.
    schema : EntitySchema, optional
        The units; the packaged ones by default.

    Examples
    --------
    >>> parse_label("[100.0, 240.0] volt")
    Label(kind='range', value=240.0, unit='volt', low=100.0, high=240.0)
    >>> parse_label("0 kilogram to 2kilogram").value, parse_label("6 candela").kind, parse_label("").kind
    (2.0, 'foreign unit', 'blank')
    """
    if text is None or (isinstance(text, float) and math.isnan(text)) or not str(text).strip():
        return Label("blank")
    schema = schema or default_entities()
    stripped = str(text).strip()
    if m := _PLAIN.fullmatch(stripped):
        return _label(m[1], m[1], m[2], m[2], schema, "plain")
    if m := _BRACKETS.fullmatch(stripped):
        return _label(m[1], m[2], m[3], m[3], schema, "range")
    if m := _TO.fullmatch(stripped):
        return _label(m[1], m[3], m[2], m[4], schema, "range")
    return Label("unreadable")


def _label(first: str, second: str, unit_a: str, unit_b: str, schema: EntitySchema, kind: Kind) -> Label:
    a, b = (float(re.sub(r"\s", "", n)) for n in (first, second))
    if not (math.isfinite(a) and math.isfinite(b)):
        return Label("unreadable")
    of_a, of_b = (repair_unit(" ".join(unit.lower().split()), schema.units) for unit in (unit_a, unit_b))
    if of_a not in schema.units or of_b not in schema.units:
        kind, of_b = "foreign unit", " ".join(unit_b.split())
    elif of_a != of_b:
        if schema.unit(of_a).family != schema.unit(of_b).family:
            return Label("unreadable")
        a = schema.convert(a, of_a, of_b)
    return Label(kind, max(a, b), of_b, min(a, b), max(a, b))


def repair_unit(unit: str, allowed: Collection[str]) -> str:
    """Return the unit as the challenge reads it: if it is not allowed, ``ter`` becomes ``tre`` or ``feet`` ``foot``.

    Examples
    --------
    >>> allowed = {"centimetre", "foot"}
    >>> repair_unit("centimeter", allowed), repair_unit("feet", allowed), repair_unit("mile", allowed)
    ('centimetre', 'foot', 'mile')
    """
    for spelling in (unit, unit.replace("ter", "tre"), unit.replace("feet", "foot")):
        if spelling in allowed:
            return spelling
    return unit


def parse_labels(labels: Iterable[str], schema: EntitySchema | None = None) -> list[Label]:
    """Parse labels, each distinct text once."""
    texts = [as_text(label) for label in labels]
    known = {text: parse_label(text, schema) for text in set(texts)}
    return [known[text] for text in texts]


TEXT = "text"
"""Column of a table of labels with the OCR text of their photos, its lines joined by blanks."""


def read_labels(*paths: str | Path) -> pd.DataFrame:
    """Return tables of labels, which need no photos, as one table.

    Parameters
    ----------
    *paths : paths of CSVs, compressed or not
        With ``entity_name, entity_value`` and ``group_id`` or ``image_link``, or both, and optionally ``text``: the OCR
        text of the photo; the first text of a photo holds for all its rows. Of several labels for one entity of one
        photo the first counts.

    Raises
    ------
    RowsError
        When a table cannot be read or lacks a column.
    """
    table = pd.concat([_read_labels(path) for path in paths], ignore_index=True).fillna("")
    if "image_link" not in table:
        return table
    named = table["image_link"] != ""
    if TEXT in table:
        of_photo = table[TEXT].where(table[TEXT] != "").groupby(table["image_link"])
        table[TEXT] = table[TEXT].where(~named, of_photo.transform("first").fillna(""))
    again = table.duplicated(["image_link", "entity_name"]) & named
    return table[~again].reset_index(drop=True)


def _read_labels(path: str | Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise RowsError(
            f"labels {path} cannot be read: {error}; expected a CSV in UTF-8 with entity_name, entity_value and "
            "group_id or image_link"
        ) from error
    missing = [c for c in ("entity_name", "entity_value") if c not in table.columns]
    if missing or not {"group_id", "image_link"} & set(table.columns):
        raise RowsError(
            f"labels {path}: expected columns entity_name, entity_value and group_id or image_link, "
            f"found: {', '.join(map(str, table.columns))}"
        )
    return table
