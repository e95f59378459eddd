"""Corrections of labels by a person: reading, checking, and applying them to a table of rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hybridml.entities import EntitySchema, default_entities
from hybridml.errors import RowsError

from .csv_file import check_faults, read_csv
from .groups import as_text
from .labels import parse_label
from .rows import VALUE, RowFault, entity_problem

CORRECTION_COLUMNS = ("index", "entity_name", "correction", "value")

LABEL_WRONG, NOT_IN_PHOTO, RIGHT_VALUE = "label_wrong", "not_in_photo", "value"
CORRECTION_KINDS = (LABEL_WRONG, NOT_IN_PHOTO, RIGHT_VALUE)
"""The label is wrong and the right one unknown, so the row is left out; the photo does not show the value, so the label
becomes blank; the label becomes the correction's ``value``."""


@dataclass(frozen=True)
class Correction:
    """A correction of one row's label."""

    index: str
    entity: str
    kind: str  # one of CORRECTION_KINDS
    value: str = ""  # the right label; blank unless the kind is "value"
    line: int = 0  # of the file


@dataclass(frozen=True)
class Corrected:
    """Rows with corrected labels."""

    frame: pd.DataFrame  # the remaining rows, with a fresh index
    left_out: int  # number of rows that are gone
    emptied: int  # number of rows whose label is blank now
    changed: int  # number of rows whose label is another now
    corrected: frozenset[str]  # indexes of the corrected rows
    unknown: tuple[
        Correction, ...
    ]  # corrections of rows that are not in the table, or ask for another entity there

    def standing(self, faults: Iterable[RowFault]) -> list[RowFault]:
        """Return the faults of the table except those of labels that were corrected."""
        return [f for f in faults if f.column != VALUE or as_text(f.index) not in self.corrected]

    def __str__(self) -> str:
        text = (
            f"corrections: {self.left_out} rows left out, {self.emptied} with nothing to find, "
            f"{self.changed} with another value"
        )
        if self.unknown:
            first = self.unknown[0]
            text += (
                f"; {len(self.unknown)} about rows that are not there, the first in line {first.line} "
                f"(index {first.index}, {first.entity})"
            )
        return text


def read_corrections(path: str | Path, schema: EntitySchema | None = None) -> list[Correction]:
    """Read corrections from a CSV file, such as a report exports.

    Parameters
    ----------
    path : path
        ``index,entity_name,correction,value``; other columns are ignored.
    schema : EntitySchema, optional
        Entities and units; the packaged ones by default.

    Raises
    ------
    RowsError
        When a correction has a fault; the message names each of them with its line.
    """
    schema = schema or default_entities()
    file = read_csv(path)
    found: dict[tuple[str, str], Correction] = {}
    faults = []
    for line, (index, entity, kind, value) in file.fields(CORRECTION_COLUMNS):
        correction = Correction(index, entity, kind, value, line)
        other = found.setdefault((index, entity), correction)
        problem = _problem(correction, schema)
        if not problem and other is not correction:
            problem = f"index {index}, {entity} is corrected in line {other.line}, too; expected each once"
        if problem:
            faults.append(f"{file.source}, line {line}: {problem}")
    check_faults(file.source, "the corrections cannot be used", faults)
    return list(found.values())


def _problem(correction: Correction, schema: EntitySchema) -> str:
    if not correction.index:
        return "blank index; expected that of a row"
    if problem := entity_problem(correction.entity, schema):
        return problem
    units = schema.entity(correction.entity).units
    if correction.kind not in CORRECTION_KINDS:
        return f"unknown correction {correction.kind!r}; expected one of: {', '.join(CORRECTION_KINDS)}"
    if correction.kind != RIGHT_VALUE:
        if correction.value:
            return f"{correction.kind} with the value {correction.value!r}; expected none, or the correction 'value'"
        return ""
    label = parse_label(correction.value, schema)
    if label.kind not in ("plain", "range") or label.unit not in units:
        return (
            f"cannot take {correction.value!r} for a value of {correction.entity}; expected a number and a unit, "
            f"such as '12.5 {units[0]}', the unit one of: {', '.join(units)}"
        )
    return ""


def apply(frame: pd.DataFrame, corrections: Iterable[Correction]) -> Corrected:
    """Return rows with corrected labels; ``frame`` itself is not changed.

    Parameters
    ----------
    frame : data frame
        ``index, entity_name, entity_value``.
    corrections : iterable of Correction
        The corrections.

    Raises
    ------
    RowsError
        When every row is left out.

    Examples
    --------
    >>> frame = pd.DataFrame({"index": [1, 2], "entity_name": "width", "entity_value": ["5 inch", "6 inch"]})
    >>> print(apply(frame, [Correction("1", "width", "value", "15 inch"), Correction("2", "width", "label_wrong")]))
    corrections: 1 rows left out, 0 with nothing to find, 1 with another value
    """
    of_row = {(c.index, c.entity): c for c in corrections}
    asked = list(zip(map(as_text, frame["index"]), frame["entity_name"], strict=True))
    kinds = [of_row[row].kind if row in of_row else "" for row in asked]
    keep = [kind != LABEL_WRONG for kind in kinds]
    if not any(keep):
        raise RowsError(f"the corrections leave out all of {len(frame)} rows; expected some to be left")
    values = [
        of_row[row].value if row in of_row else old for row, old in zip(asked, frame[VALUE], strict=True)
    ]
    known = set(asked)
    return Corrected(
        frame.assign(**{VALUE: values})[keep].reset_index(drop=True),
        kinds.count(LABEL_WRONG),
        kinds.count(NOT_IN_PHOTO),
        kinds.count(RIGHT_VALUE),
        frozenset(index for index, entity in asked if (index, entity) in of_row),
        tuple(c for row, c in of_row.items() if row not in known),
    )
