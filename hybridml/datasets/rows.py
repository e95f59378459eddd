"""Tables of rows: reading and validation.

A row asks for one entity on one photo: ``index, image_link, group_id, entity_name`` and, where the label is known,
``entity_value``. Faults that make a table unusable raise one error that names each of them; faults of single rows are
returned, so that a run answers the other rows.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hybridml.entities import EntitySchema, default_entities
from hybridml.errors import RowsError

from .csv_file import check_faults, read_csv
from .groups import as_text
from .labels import parse_label
from .links import image_names, is_url

REQUIRED = ("image_link", "group_id", "entity_name")
"""Columns that every table of rows has, beside ``index``."""

VALUE = "entity_value"

PRODUCT = "product_id"
"""Column with the product that a row shows, blank where it shows none; tables may lack it."""

WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}", re.ASCII)


@dataclass(frozen=True)
class RowFault:
    """A fault of one row; the other rows can be answered.

    Parameters
    ----------
    line : int
        Line of the file on which the row begins; in a data frame, the row's position counted from 1.
    index : int or str
        The row's index.
    column : str
        The column with the fault.
    problem : str
        What was found, what was expected and what to do.
    """

    line: int
    index: int | str
    column: str
    problem: str

    def __str__(self) -> str:
        return f"line {self.line}, index {self.index}, column {self.column}: {self.problem}"


Checked = tuple[pd.DataFrame, list[RowFault]]
"""Validated rows, and the faults of single ones."""


@dataclass(frozen=True)
class Source:
    """The table whose faults are reported."""

    name: str  # the file, or what messages call a data frame
    row_word: str  # "line" or "row"
    lines: Sequence[int]  # line of each row, or its position counted from 1

    def at(self, position: int, column: str) -> str:
        """Return where the cell of a row is."""
        return f"{self.name}, {self.row_word} {self.lines[position]}, column {column}"


def read_rows(path: str | Path, truth: bool | None = None, schema: EntitySchema | None = None) -> Checked:
    """Read a table of rows from a CSV file in UTF-8 and validate it, as :func:`validate` does a data frame."""
    file = read_csv(path)
    frame, lines = pd.DataFrame(file.columns(), dtype=object), file.lines
    del file  # its records need as much memory as the frame
    return validate(frame, truth, schema, str(path), lines)


def validate(
    frame: pd.DataFrame,
    truth: bool | None = None,
    schema: EntitySchema | None = None,
    source: str = "the data frame",
    lines: Sequence[int] | None = None,
) -> Checked:
    """Validate rows and return them in one form, with the faults of single rows.

    Parameters
    ----------
    frame : data frame
        The rows. Missing cells count as blank. The frame itself is not changed.
    truth : bool, optional
        Whether labels (``entity_value``) must be there; by default they are checked if they are there, and with False
        they are ignored.
    schema : EntitySchema, optional
        Entities that a row may ask for; the packaged ones by default.
    source : str
        What messages call the table.
    lines : sequence of int, optional
        Line on which each row begins, if the table is a file.

    Returns
    -------
    data frame
        ``index`` (whole numbers if all are, else text), ``image_link, group_id, entity_name`` and, if they are there,
        ``entity_value`` and ``product_id`` as text, blank when empty; other columns as they are.
    list of RowFault
        Faults of single rows, in their order.

    Raises
    ------
    RowsError
        When the table cannot be used; the message names each fault with its line and column.

    Examples
    --------
    >>> row = {"index": 7, "image_link": "a.jpg", "group_id": 1, "entity_name": "widht"}
    >>> _, faults = validate(pd.DataFrame([row]))
    >>> print(faults[0])
    line 1, index 7, column entity_name: unknown entity 'widht'; did you mean 'width'? Expected ...
    """
    table = Source(source, *(("row", range(1, len(frame) + 1)) if lines is None else ("line", lines)))
    _check_columns(frame, table, truth)
    if not len(frame):
        raise RowsError(f"{source}: has no rows below the header; expected at least one")
    frame = frame.reset_index(drop=True)
    for column in (*REQUIRED, *(c for c in (VALUE, PRODUCT) if c in frame.columns)):
        frame[column] = pd.Series([as_text(value) for value in frame[column]], dtype=object)
    frame["index"], unusable = parse_index(frame["index"], table)
    names, nameless = image_names(frame["image_link"])
    unusable += _shared_names(frame, names, table)
    check_faults(source, "the table cannot be used", unusable)
    schema = schema or default_entities()
    if "" in nameless:
        nameless[""] = "blank; expected a URL or a path of a photo"
    problems = {
        "entity_name": {name: entity_problem(name, schema) for name in frame["entity_name"].unique()},
        "image_link": nameless,
    }
    if VALUE in frame.columns and truth is not False:
        problems[VALUE] = {label: _label_problem(label, schema) for label in frame[VALUE].unique()}
    return frame, _row_faults(frame, problems, table)


def _check_columns(frame: pd.DataFrame, source: Source, truth: bool | None) -> None:
    wanted = ("index", *REQUIRED, *((VALUE,) if truth else ()))
    columns = [str(c) for c in frame.columns]
    where = f"{source.name}, line 1" if source.row_word == "line" else source.name
    others = {c.lower(): c for c in columns if c not in (*wanted, VALUE)}
    faults = []
    for name in wanted:
        if name not in columns:
            close = difflib.get_close_matches(name, others, 1)
            remedy = f"rename {others[close[0]]!r}" if close else "add it"
            faults.append(
                f"{where}: no column {name!r}; {remedy} "
                f"(found: {', '.join(columns) or 'none'}; expected: {', '.join(wanted)})"
            )
    check_faults(source.name, "columns are missing", faults)


def parse_index(column: pd.Series, source: Source) -> tuple[pd.Series, list[str]]:
    """Return the index as whole numbers, else as text, and a fault for each that is blank or repeated."""
    texts = [as_text(value) for value in column]
    faults = []
    first: dict[str, int] = {}
    for position, text in enumerate(texts):
        if not text:
            faults.append(f"{source.at(position, 'index')}: blank; expected an index. Number the rows")
        elif (before := first.setdefault(text, position)) != position:
            faults.append(
                f"{source.at(position, 'index')}: {text} is also in {source.row_word} {source.lines[before]}; "
                "expected each index once. Remove the repeat or number it anew"
            )
    whole = all(WHOLE_NUMBER.fullmatch(text) for text in texts)
    index = pd.Series([int(t) for t in texts] if whole else texts, dtype="int64" if whole else object)
    return index, faults


def _shared_names(frame: pd.DataFrame, names: Mapping[str, str], source: Source) -> list[str]:
    """Return a fault for each link that shares its base name with another, unless all of these are URLs.

    A download can make a file of each URL; :func:`hybridml.datasets.photos.located`, which knows them, checks those.
    """
    links_of: dict[str, list[str]] = {}
    for link, name in names.items():
        links_of.setdefault(name, []).append(link)
    clashes = {
        link: links
        for links in links_of.values()
        if len(links) > 1 and not all(map(is_url, links))
        for link in links[1:]
    }
    if not clashes:
        return []
    first: dict[str, int] = {}
    for position, link in enumerate(frame["image_link"]):
        first.setdefault(link, position)
    return [
        f"{source.at(first[link], 'image_link')}: {link} and {links[0]} "
        f"({source.row_word} {source.lines[first[links[0]]]}) have one base name, {names[link]}; "
        "expected one link per photo. Rename one of the files"
        for link, links in clashes.items()
    ]


def _row_faults(
    frame: pd.DataFrame, problems: Mapping[str, Mapping[str, str]], source: Source
) -> list[RowFault]:
    faults = [
        RowFault(line, index, column, of_text[text])
        for column, of_text in problems.items()
        if any(of_text.values())
        for line, index, text in zip(source.lines, frame["index"].tolist(), frame[column], strict=True)
        if of_text.get(text)
    ]
    return sorted(faults, key=lambda fault: fault.line)


def entity_problem(name: str, schema: EntitySchema) -> str:
    """Return what is wrong with the name of an entity, "" if nothing is."""
    if name in schema.entities:
        return ""
    close = difflib.get_close_matches(name.lower(), list(schema.entities), 1)
    hint = f"; did you mean {close[0]!r}? Expected" if close else "; expected"
    what = f"unknown entity {name!r}" if name else "blank"
    return f"{what}{hint} one of: {', '.join(sorted(schema.entities))}"


def _label_problem(label: str, schema: EntitySchema) -> str:
    if parse_label(label, schema).kind != "unreadable":
        return ""
    return f"cannot read the label {label!r}; expected a number and a unit, such as '500.0 gram', or nothing"
