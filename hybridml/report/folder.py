"""The data files of a report: its table, its cards, its numbers."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from hybridml.utils.files import atomic

from .shell import script

VERSION = 1

CARDS = 100
"""Cards in a file, all of which the page loads when one of them is opened."""

COLUMNS = (
    *("id", "index", "photo", "image", "thumb", "group", "entity", "truth", "prediction", "confidence"),
    *("outcome", "cause", "loss", "trained", "suspect", "suspect_why", "text", "problem", "other", "change"),
)
"""Columns of the table, one entry per row each."""

NUMBERS = "report.json"
FILES = "files"
"""Where the numbers name the tables and plots of the report: those of an earlier one can be told from anybody's."""

_CARDS = re.compile(r"cards-\d{4,}\.js")
_DRAWN = re.compile(r"(plots|tables)/[\w-]+\.(svg|csv)")


def write_rows(folder: Path, rows: pd.DataFrame, head: Mapping[str, Any]) -> None:
    """Write ``data/rows.js``.

    Parameters
    ----------
    folder : Path
        The report's.
    rows : data frame
        With :data:`COLUMNS`.
    head : mapping
        What is said of all rows: title, units, ...
    """
    columns = {name: plain(rows[name].tolist()) for name in COLUMNS}
    head = {"version": VERSION, "report": _identity(rows), **head}
    _write(folder / "data" / "rows.js", script("rows", {**head, "columns": columns}))


def write_cards(folder: Path, cards: Iterable[Mapping[str, Any]]) -> None:
    """Write ``data/cards-0000.js`` and so on, in order, and remove those that an earlier report left."""
    written = set()
    for number, some in enumerate(_chunks(cards, CARDS)):
        name = f"cards-{number:04d}.js"
        written.add(name)
        _write(folder / "data" / name, script("cards", number, some))
    for earlier in (folder / "data").glob("cards-*.js"):
        if _CARDS.fullmatch(earlier.name) and earlier.name not in written:
            earlier.unlink()


def write_numbers(folder: Path, numbers: Mapping[str, Any], files: Collection[str]) -> None:
    """Write ``report.json``, and remove the tables and plots that an earlier report left and this one has not.

    Parameters
    ----------
    folder : Path
        The report's.
    numbers : mapping
        What is said of the run.
    files : collection of str
        Tables and plots of this report, from the folder.
    """
    for file in _earlier(folder) - set(files):
        (folder / file).unlink(missing_ok=True)
    numbers = {**numbers, FILES: sorted(files)}
    text = json.dumps(plain(dict(numbers)), indent=1, allow_nan=False, ensure_ascii=False)
    _write(folder / NUMBERS, f"{text}\n")


def _earlier(folder: Path) -> set[str]:
    """Return the tables and plots that the report written before says are its own."""
    try:
        told = json.loads((folder / NUMBERS).read_text(encoding="utf-8"))[FILES]
        return {file for file in told if _DRAWN.fullmatch(file)}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def plain(value: Any) -> Any:
    """Return data as JSON has it: numbers that are not finite are None.

    Examples
    --------
    >>> plain({"a": (1.0, float("nan"))})
    {'a': [1.0, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _identity(rows: pd.DataFrame) -> str:
    """Return what tells the rows from others: the same for another report on them, so that corrections stay."""
    told = json.dumps([rows[name].tolist() for name in ("index", "entity", "photo")])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some


def _write(path: Path, text: str) -> None:
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
