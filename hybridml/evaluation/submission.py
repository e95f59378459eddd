"""Submission check: the challenge's own rules, and those that it leaves out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from hybridml.datasets.csv_file import read_csv
from hybridml.datasets.groups import as_text
from hybridml.datasets.labels import repair_unit
from hybridml.datasets.predictions import OFFICIAL, allowed_units, predictions_frame
from hybridml.datasets.rows import read_rows
from hybridml.entities import EntitySchema, default_entities
from hybridml.errors import RowsError

CONTRACT = re.compile(r"[0-9]+(\.[0-9]+)? [a-z]+( [a-z]+)*")
"""Form of hybridml's own answers: plain decimal, no sign, one blank, the unit as the entity's list spells it."""

Kind = Literal["official", "contract"]


@dataclass(frozen=True)
class Fault:
    """Reason why a submission would be rejected, or is not of hybridml's own form.

    Parameters
    ----------
    line : int
        Line in the file of predictions, or in that of the rows where a row has no prediction.
    index : int, str or None
        The row's index; None for a fault of the whole file.
    kind : {"official", "contract"}
        "official" for faults that the challenge rejects, "contract" for those that it overlooks.
    found, expected : str
        What was found, and what was expected.
    """

    line: int
    index: int | str | None
    kind: Kind
    found: str
    expected: str

    def __str__(self) -> str:
        row = "" if self.index is None else f", index {self.index}"
        return f"line {self.line}{row}: {self.found}; expected {self.expected} [{self.kind}]"


def check_predictions(
    rows: pd.DataFrame,
    predictions: pd.DataFrame,
    schema: EntitySchema | None = None,
    lines: Sequence[int] | None = None,
    row_lines: Sequence[int] | None = None,
) -> list[Fault]:
    """Check predictions against the rows they answer.

    Parameters
    ----------
    rows : data frame
        With ``index`` and ``entity_name``.
    predictions : data frame
        With ``index`` and ``prediction``; a missing prediction counts as blank.
    schema : EntitySchema, optional
        Entities and units; the packaged ones by default.
    lines, row_lines : sequences of int, optional
        Line of each prediction and of each row in its file; by default as in a file with a header and a line each.

    Returns
    -------
    list of Fault
        In the order of lines, then the missing ones. Where the order is wrong, only the first such line is a fault.

    Examples
    --------
    >>> rows = pd.DataFrame({"index": [0, 1], "entity_name": ["width", "width"]})
    >>> answers = pd.DataFrame({"index": [0, 1], "prediction": ["5 cm", "2 gram"]})
    >>> for fault in check_predictions(rows, answers):
    ...     print(fault)
    line 2, index 0: unit 'cm'; expected one of the allowed units: ... [official]
    line 3, index 1: unit 'gram'; expected a unit of width: centimetre, foot, ..., yard [contract]
    """
    schema = schema or default_entities()
    lines = range(2, len(predictions) + 2) if lines is None else lines
    row_lines = range(2, len(rows) + 2) if row_lines is None else row_lines
    indexes = [as_text(index) for index in rows["index"]]
    entity_of = dict(zip(indexes, rows["entity_name"], strict=True))
    texts = [a if isinstance(a, str) else as_text(a) for a in predictions["prediction"]]
    faults: list[Fault] = []
    first: dict[str, int] = {}
    in_order: list[tuple[str, int]] = []
    for line, index, text in zip(lines, map(as_text, predictions["index"]), texts, strict=True):
        if index in first:
            faults.append(
                Fault(line, index, "contract", f"the index is also in line {first[index]}", "each once")
            )
        elif index not in entity_of:
            faults.append(Fault(line, index, "contract", "no row has this index", "the rows' indexes only"))
        else:
            in_order.append((index, line))
        first.setdefault(index, line)
        faults += (Fault(line, index, *fault) for fault in _answer_faults(text, entity_of.get(index), schema))
    expected = [index for index in entity_of if index in first]
    for wanted, (index, line) in zip(expected, in_order, strict=True):
        if index != wanted:
            found = f"index {index} where {wanted} is next"
            faults.append(Fault(line, index, "contract", found, "the order of the rows"))
            break
    faults.sort(key=lambda fault: fault.line)
    for line, index in zip(row_lines, indexes, strict=True):
        if index not in first:
            found = f"no prediction for line {line} of the rows"
            faults.append(Fault(line, index, "contract", found, "a line per row, be it blank"))
    return faults


def _answer_faults(text: str, entity: str | None, schema: EntitySchema) -> Iterator[tuple[Kind, str, str]]:
    if not text.strip():
        return
    allowed = allowed_units(schema)
    if not OFFICIAL.match(text.strip()):
        yield "official", f"prediction {text!r}", "'<number> <unit>' such as '12.5 gram', or nothing"
        return
    number, unit = text.split(maxsplit=1)
    unit = unit.strip()
    repaired = repair_unit(unit, allowed)
    if repaired not in allowed:
        yield "official", f"unit {unit!r}", f"one of the allowed units: {', '.join(sorted(allowed))}"
        return
    if repaired != unit:
        yield "contract", f"unit {unit!r}", f"the allowed spelling, {repaired!r}"
    elif not CONTRACT.fullmatch(text):
        yield "contract", f"prediction {text!r}", f"plain digits, no sign, one blank: {_plain(number, unit)}"
    if entity is not None and entity in schema.entities and repaired not in schema.entity(entity).units:
        yield "contract", f"unit {unit!r}", f"a unit of {entity}: {', '.join(schema.entity(entity).units)}"


def _plain(number: str, unit: str) -> str:
    digits = "".join(c if c == "." else str(unicodedata.digit(c)) for c in number.removeprefix("-"))
    return repr(f"{digits} {unit}")


def check_files(rows: str | Path, predictions: str | Path, schema: EntitySchema | None = None) -> list[Fault]:
    """Check a file of predictions against the file of rows it answers; see :func:`check_predictions`.

    A file of predictions that is no table, or lacks a column, is a fault of the submission.

    Raises
    ------
    RowsError
        When a file does not exist, or the rows cannot be used.
    """
    frame, _ = read_rows(rows, truth=False, schema=schema)
    if not Path(predictions).is_file():
        raise RowsError(
            f"cannot read {predictions}: no such file; expected predictions as 'hybridml predict' writes them"
        )
    try:
        file = read_csv(predictions)
        answers = predictions_frame(file)
    except RowsError as error:
        return [Fault(1, None, "official", str(error), "a table index,prediction")]
    return check_predictions(frame, answers, schema, file.lines, read_csv(rows).lines)
