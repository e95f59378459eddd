"""CSV files with faults that name their line: what row tables, predictions and folds are read from."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import RowsError
from .files import atomic
from .paths import path_of

SHOWN_FAULTS = 20
"""Faults an error lists before it only counts."""

_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


@dataclass(frozen=True)
class CsvFile:
    """A CSV file as text.

    Parameters
    ----------
    source : str
        The file, for messages.
    header : tuple of str
        Names of the columns, without surrounding blanks.
    records : list of list of str
        The records below the header, each as long as the header.
    lines : list of int
        The line on which each record begins; the header's is 1 and a record may span several.
    """

    source: str
    header: tuple[str, ...]
    records: list[list[str]]
    lines: list[int]

    def columns(self) -> dict[str, list[str]]:
        """Return each column's texts by name."""
        cells = zip(*self.records, strict=True) if self.records else [() for _ in self.header]
        return {name: list(column) for name, column in zip(self.header, cells, strict=True)}

    def require(self, names: Sequence[str]) -> None:
        """Raise an error that names the first of ``names`` that no column has."""
        for name in names:
            if name not in self.header:
                raise RowsError(
                    f"{self.source}, line 1: no column {name!r}; expected {','.join(names)}, "
                    f"found {','.join(self.header)}"
                )


def faults_error(source: str, what: str, faults: Sequence[str]) -> RowsError:
    """Return the error that lists ``faults`` of ``source``: the first twenty, then how many more."""
    shown = [f"  {fault}" for fault in faults[:SHOWN_FAULTS]]
    if len(faults) > SHOWN_FAULTS:
        shown.append(f"  ... and {len(faults) - SHOWN_FAULTS} more")
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return RowsError("\n".join([f"{source}: {what} ({count})", *shown]))


def read_csv(path: str | Path) -> CsvFile:
    """Read a CSV file: UTF-8 with or without byte order mark, quoted fields over several lines.

    Lines without a character are skipped, as pandas does.

    Raises
    ------
    RowsError
        When the file is not there, is empty, is not UTF-8 or not CSV, or has a record that is longer or
        shorter than the header; the message names line and remedy.
    """
    source = str(path)
    text = _decoded(source, _bytes(path))
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[list[str]] = []
    lines: list[int] = []
    begin = 1
    try:
        for record in reader:
            if record:
                records.append(record)
                lines.append(begin)
            begin = reader.line_num + 1
    except csv.Error as error:
        raise RowsError(
            f"{source}, line {begin}: not valid CSV ({error}); expected fields parted by commas, those "
            'with a comma, quote or line break within double quotes, and a quote within them doubled ("")'
        ) from None
    if not records:
        raise RowsError(f"{source}: the file is empty; expected a line of column names and lines below it")
    header = tuple(name.strip() for name in records[0])
    _check_header(source, header)
    wrong = [
        f"{source}, line {line}: {len(record)} fields, expected {len(header)} as in the header; "
        "a value with a comma needs double quotes, and a last line cut short a fresh copy of the file"
        for record, line in zip(records, lines, strict=True)
        if len(record) != len(header)
    ]
    if wrong:
        raise faults_error(source, "not a table", wrong)
    return CsvFile(source, header, records[1:], lines[1:])


def _bytes(path: str | Path) -> bytes:
    try:
        return path_of(path).read_bytes()
    except OSError as error:
        raise RowsError(f"cannot read {path}: {error.strerror or error}; expected a CSV file") from None


def _decoded(source: str, raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise RowsError(f"{source}, line 1: the file is UTF-16; expected UTF-8. Save it as CSV UTF-8")
    if b"\0" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        raise RowsError(
            f"{source}, line {line}: not a text file (it has a zero byte); expected CSV in UTF-8. "
            "Export a spreadsheet as CSV UTF-8"
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise RowsError(
            f"{source}, line {line}: not UTF-8 (byte 0x{raw[error.start]:02x}); "
            "expected CSV in UTF-8. Save the file as CSV UTF-8"
        ) from None


def _check_header(source: str, header: tuple[str, ...]) -> None:
    if len(header) == 1:
        for mark, name in _SEPARATORS.items():
            if mark in header[0]:
                raise RowsError(f"{source}, line 1: fields are parted by {name}; expected commas")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise RowsError(f"{source}, line 1: column {twice[0]!r} is there more than once; expected each once")


def write_csv(path: str | Path, header: Sequence[str], records: Iterable[Sequence[object]]) -> None:
    """Write a CSV file so that ``path`` is at any time either as it was or complete.

    Raises
    ------
    RowsError
        When the file cannot be written.
    """
    with atomic(path, RowsError) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(records)
