"""The tables of rows: read and validate.

A row asks for one entity on one photo: ``index, image_link, group_id, entity_name`` and, where the label is
known, ``entity_value``. Faults are of two sorts: those that leave no usable table raise, naming every one;
those of a single row are collected, so that a run answers the other rows.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, overload

import numpy as np
import pandas as pd

from hybridml.entities import EntitySchema, default_entities
from hybridml.errors import RowsError

from .csv_file import faults_error, read_csv
from .groups import as_text
from .groups import hold_out as hold_out
from .links import image_name as image_name
from .links import is_url

REQUIRED = ("image_link", "group_id", "entity_name")
"""Columns that every table of rows has, beside ``index``."""

VALUE = "entity_value"

PRODUCT = "product_id"
"""Column that says which rows show one product, blank where none; tables may lack it."""

Result = tuple[pd.DataFrame, "list[RowFault]"]

WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}", re.ASCII)


@dataclass(frozen=True)
class RowFault:
    """What is wrong with one row; the other rows can be answered.

    Parameters
    ----------
    line : int
        Line of the file on which the row begins; of a data frame, the row's position counted from 1.
    index : int or str
        The row's index.
    column : str
        Where the fault is.
    problem : str
        What was found, what was expected and what to do.
    """

    line: int
    index: int | str
    column: str
    problem: str

    def __str__(self) -> str:
        return f"line {self.line}, index {self.index}, column {self.column}: {self.problem}"


@overload
def read_rows(
    path: str | Path,
    truth: bool | None = ...,
    schema: EntitySchema | None = ...,
    on_row_fault: Literal["raise"] = ...,
    make_index: bool = ...,
) -> pd.DataFrame: ...
@overload
def read_rows(
    path: str | Path,
    truth: bool | None = ...,
    schema: EntitySchema | None = ...,
    *,
    on_row_fault: Literal["collect"],
    make_index: bool = ...,
) -> Result: ...
def read_rows(
    path: str | Path,
    truth: bool | None = None,
    schema: EntitySchema | None = None,
    on_row_fault: Literal["raise", "collect"] = "raise",
    make_index: bool = False,
) -> pd.DataFrame | Result:
    """Read a table of rows from a CSV file.

    Parameters
    ----------
    path : path
        CSV in UTF-8.
    truth : bool, optional
        Whether labels (``entity_value``) must be there; by default they are checked where they are, and with
        False not looked at.
    schema : EntitySchema, optional
        Entities that may be asked for; the packaged ones by default.
    on_row_fault : {"raise", "collect"}
        What becomes of faults of single rows: part of the error, or returned.
    make_index : bool
        Number the rows from 0 when there is no column ``index``.

    Returns
    -------
    data frame
        ``index`` (whole numbers if all are, else text), ``image_link, group_id, entity_name`` and, where they
        are there, ``entity_value`` and ``product_id`` as text, blank when empty; other columns as text.
    list of RowFault
        Only with ``on_row_fault="collect"``.

    Raises
    ------
    RowsError
        When the table cannot be used: the message has each fault with its line and column.
    """
    file = read_csv(path)
    frame, lines = pd.DataFrame(file.columns(), dtype=object), file.lines
    del file  # its records would be in memory a second time while they are checked
    return _validated(frame, Place(str(path), "line", lines), truth, schema, on_row_fault, make_index)


@overload
def validate(
    frame: pd.DataFrame,
    truth: bool | None = ...,
    schema: EntitySchema | None = ...,
    on_row_fault: Literal["raise"] = ...,
    make_index: bool = ...,
    source: str = ...,
) -> pd.DataFrame: ...
@overload
def validate(
    frame: pd.DataFrame,
    truth: bool | None = ...,
    schema: EntitySchema | None = ...,
    *,
    on_row_fault: Literal["collect"],
    make_index: bool = ...,
    source: str = ...,
) -> Result: ...
def validate(
    frame: pd.DataFrame,
    truth: bool | None = None,
    schema: EntitySchema | None = None,
    on_row_fault: Literal["raise", "collect"] = "raise",
    make_index: bool = False,
    source: str = "the data frame",
) -> pd.DataFrame | Result:
    """Check a data frame of rows and return it in the form that :func:`read_rows` gives.

    Parameters are those of :func:`read_rows`; ``source`` names the table in messages. Missing cells count as
    blank, and ``group_id`` becomes text. The frame given is left as it is.

    Examples
    --------
    >>> row = {"index": 7, "image_link": "a.jpg", "group_id": 1, "entity_name": "widht"}
    >>> rows = pd.DataFrame([row])
    >>> _, faults = validate(rows, on_row_fault="collect")
    >>> print(faults[0])
    line 1, index 7, column entity_name: unknown entity 'widht'; did you mean 'width'? Expected ...
    """
    place = Place(source, "row", range(1, len(frame) + 1))
    return _validated(frame.copy(), place, truth, schema, on_row_fault, make_index)


def validate_part(
    frame: pd.DataFrame, source: str, lines: Sequence[int], schema: EntitySchema | None
) -> Result:
    """Check some rows of a file as :func:`read_rows` checks all of them.

    Parameters
    ----------
    frame : data frame
        Fields as text.
    source, lines : str, sequence of int
        The file, and the line on which each row begins.
    schema : EntitySchema, optional
        Entities that may be asked for.
    """
    result = _validated(frame, Place(source, "line", lines), None, schema, "collect", False)
    assert isinstance(result, tuple)
    return result


@dataclass(frozen=True)
class Place:
    """Names the place of a fault.

    Parameters
    ----------
    source : str
        The table.
    word : str
        What its rows are counted in.
    lines : sequence of int
        Number of each.
    """

    source: str
    word: str
    lines: Sequence[int]

    def at(self, position: int, column: str) -> str:
        return f"{self.source}, {self.word} {self.lines[position]}, column {column}"


def _validated(
    frame: pd.DataFrame,
    place: Place,
    truth: bool | None,
    schema: EntitySchema | None,
    on_row_fault: str,
    make_index: bool,
) -> pd.DataFrame | Result:
    if on_row_fault not in ("raise", "collect"):
        raise ValueError(f"on_row_fault must be 'raise' or 'collect', got {on_row_fault!r}")
    _check_columns(frame, place, truth, make_index)
    if not len(frame):
        raise RowsError(f"{place.source}: has no rows below the header; expected at least one")
    frame = frame.reset_index(drop=True)
    labelled = VALUE in frame.columns
    for column in (*REQUIRED, *(c for c in (VALUE, PRODUCT) if c in frame.columns)):
        frame[column] = _texts(frame[column])
    unusable: list[str] = []
    if "index" in frame.columns:
        frame["index"] = index_of(frame["index"], place, unusable)
    else:
        frame.insert(0, "index", np.arange(len(frame)))
    names = _file_names(frame["image_link"])
    unusable += _shared_names(frame, names, place)
    if unusable:
        raise faults_error(place.source, "the table cannot be used", unusable)
    schema = schema or default_entities()
    problems = {
        "entity_name": {n: _entity_problem(n, schema) for n in frame["entity_name"].unique()},
        "image_link": {link: _link_problem(link, name) for link, name in names.items()},
    }
    if labelled and truth is not False:
        problems[VALUE] = {label: _label_problem(label, schema) for label in frame[VALUE].unique()}
    faults = _row_faults(frame, problems, place)
    if on_row_fault == "collect":
        return frame, faults
    if faults:
        told = [f"{place.source}, {place.word} {f.line}, column {f.column}: {f.problem}" for f in faults]
        raise faults_error(place.source, "rows with a fault", told)
    return frame


def _check_columns(frame: pd.DataFrame, place: Place, truth: bool | None, make_index: bool) -> None:
    wanted = (*(() if make_index else ("index",)), *REQUIRED, *((VALUE,) if truth else ()))
    columns = [str(c) for c in frame.columns]
    missing = [name for name in wanted if name not in columns]
    if not missing:
        return
    where = f"{place.source}, line 1" if place.word == "line" else place.source
    others = {c.lower(): c for c in columns if c not in (*wanted, VALUE)}
    told = []
    for name in missing:
        found = [others[c] for c in difflib.get_close_matches(name, others, 1)]
        told.append(
            f"{where}: no column {name!r}; "
            + (f"rename {found[0]!r}" if found else "add it")
            + f" (found: {', '.join(columns) or 'none'}; expected: {', '.join(wanted)})"
        )
    raise faults_error(place.source, "columns are missing", told)


def _texts(column: pd.Series) -> pd.Series:
    """Return cells as text without surrounding blanks, missing ones as ""."""
    found = {value: as_text(value) for value in column.dropna().unique()}
    return pd.Series([found.get(value, "") for value in column], index=column.index, dtype=object)


def index_of(column: pd.Series, place: Place, unusable: list[str]) -> pd.Series:
    """Return the index as whole numbers, else as text; note blanks and repeats."""
    texts = [as_text(value) for value in column]
    first: dict[str, int] = {}
    for position, text in enumerate(texts):
        if not text:
            unusable.append(f"{place.at(position, 'index')}: blank; expected an index. Number the rows")
        elif text in first:
            unusable.append(
                f"{place.at(position, 'index')}: {text} is also in {place.word} {place.lines[first[text]]}; "
                "expected each index once. Remove the repeat or number it anew"
            )
        else:
            first[text] = position
    whole = all(WHOLE.fullmatch(text) for text in texts)
    return pd.Series([int(t) for t in texts] if whole else texts, dtype="int64" if whole else object)


def _file_names(links: Iterable[str]) -> dict[str, str | RowsError]:
    """Return each link's base name, or why it has none."""
    names: dict[str, str | RowsError] = {}
    for link in links:
        if link not in names:
            try:
                names[link] = image_name(link)
            except RowsError as error:
                names[link] = error
    return names


def _shared_names(frame: pd.DataFrame, names: dict[str, str | RowsError], place: Place) -> list[str]:
    """Return a fault for each link whose base name a path has, or which is a path and has another's.

    Of two URLs a download can make two files: :func:`hybridml.datasets.photos.named`, which knows them, judges those.
    """
    links_of: dict[str, list[str]] = {}
    for link, name in names.items():
        if isinstance(name, str):
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
        f"{place.at(first[link], 'image_link')}: {link} and {links[0]} "
        f"({place.word} {place.lines[first[links[0]]]}) have one base name, {names[link]}; "
        "expected one link per photo. Rename one of the files"
        for link, links in clashes.items()
    ]


def _row_faults(
    frame: pd.DataFrame, problems: Mapping[str, Mapping[str, str]], place: Place
) -> list[RowFault]:
    faults = []
    for column, of_text in problems.items():
        if any(of_text.values()):
            for line, index, text in zip(place.lines, frame["index"].tolist(), frame[column], strict=True):
                if of_text[text]:
                    faults.append(RowFault(line, index, column, of_text[text]))
    return sorted(faults, key=lambda fault: fault.line)


def _entity_problem(name: str, schema: EntitySchema) -> str:
    if name in schema.entities:
        return ""
    close = difflib.get_close_matches(name.lower(), list(schema.entities), 1)
    hint = f"; did you mean {close[0]!r}? Expected" if close else "; expected"
    what = f"unknown entity {name!r}" if name else "blank"
    return f"{what}{hint} one of: {', '.join(sorted(schema.entities))}"


def _link_problem(link: str, name: str | RowsError) -> str:
    if not link:
        return "blank; expected a URL or a path of a photo"
    return str(name) if isinstance(name, RowsError) else ""


def _label_problem(label: str, schema: EntitySchema) -> str:
    from .labels import parse_label

    if not label or parse_label(label, schema).kind != "unreadable":
        return ""
    return f"cannot read the label {label!r}; expected a number and a unit, such as '500.0 gram', or nothing"
