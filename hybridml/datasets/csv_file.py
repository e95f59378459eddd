"""CSV files: strict reading with errors that name the line, and atomic writing."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hybridml.errors import RowsError
from hybridml.utils.files import atomic
from hybridml.utils.paths import path_of

FAULTS_LISTED = 20
"""Faults that an error lists; of more it gives the number."""

_CARRIAGE_RETURN = re.compile(r"(?<=\r)(?!\n|\Z)")
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


@dataclass(frozen=True)
class CsvFile:
    """The contents of a CSV file as text."""

    source: str  # the file, for messages
    header: tuple[str, ...]  # names of the columns, without surrounding blanks
    records: list[list[str]]  # those below the header, each as long as the header
    lines: list[int]  # the line on which each record begins

    def columns(self) -> dict[str, list[str]]:
        """Return each column's texts by name."""
        return {name: [record[i] for record in self.records] for i, name in enumerate(self.header)}

    def fields(self, names: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
        """Yield line and stripped cells of each record in the columns ``names``, all of which must be there."""
        self.require(names)
        columns = [self.header.index(name) for name in names]
        for line, record in zip(self.lines, self.records, strict=True):
            yield line, [record[i].strip() for i in columns]

    def require(self, names: Sequence[str]) -> None:
        """Raise an error that names the first of ``names`` that is not a column."""
        for name in names:
            if name not in self.header:
                raise RowsError(
                    f"{self.source}, line 1: no column {name!r}; expected {','.join(names)}, "
                    f"found {','.join(self.header)}"
                )


def check_faults(source: str, what: str, faults: Sequence[str]) -> None:
    """If there are faults in ``source``, raise an error that lists the first twenty and counts the others."""
    if not faults:
        return
    shown = [f"  {fault}" for fault in faults[:FAULTS_LISTED]]
    if len(faults) > FAULTS_LISTED:
        shown.append(f"  ... and {len(faults) - FAULTS_LISTED} more")
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    raise RowsError("\n".join([f"{source}: {what} ({count})", *shown]))


def read_csv(path: str | Path) -> CsvFile:
    """Read a CSV file in UTF-8, with or without byte order mark, whose quoted fields may span lines.

    Empty lines are skipped, as in pandas.

    Raises
    ------
    RowsError
        When the file is missing, is empty, is not UTF-8 or not CSV, or has a record that is longer or shorter than
        the header; the message names line and remedy.
    """
    header, numbered = scan_csv(path)
    file = CsvFile(str(path), header, [], [])
    for line, record in numbered:
        file.records.append(record)
        file.lines.append(line)
    return file


def scan_csv(path: str | Path) -> tuple[tuple[str, ...], Iterator[tuple[int, list[str]]]]:
    """Return the header of a CSV file, and an iterator over line and fields of the records below it.

    The iterator holds one record at a time. It skips those that are longer or shorter than the header and names all of
    them in one error at the end; any other fault is raised where it occurs.
    """
    source = str(path)
    records = _records(source, path)
    _, names = next(records, (0, None))
    if names is None:
        raise RowsError(f"{source}: the file is empty; expected a line of column names and lines below it")
    header = tuple(name.strip() for name in names)
    _check_header(source, header)
    return header, _whole(source, header, records)


def _whole(
    source: str, header: tuple[str, ...], records: Iterable[tuple[int, list[str]]]
) -> Iterator[tuple[int, list[str]]]:
    """Yield the records that are as long as the header, then raise an error that names the others, if any."""
    wrong = []
    for line, record in records:
        if len(record) == len(header):
            yield line, record
            continue
        wrong.append(
            f"{source}, line {line}: {len(record)} fields, expected {len(header)} as in the header; "
            "a value with a comma needs double quotes, and a last line cut short a fresh copy of the file"
        )
    check_faults(source, "not a table", wrong)


def _records(source: str, path: str | Path) -> Iterator[tuple[int, list[str]]]:
    begin = 1
    try:
        with path_of(path).open("rb") as file:
            reader = csv.reader(_lines(source, file), strict=True)
            for record in reader:
                if record:
                    yield begin, record
                begin = reader.line_num + 1
    except OSError as error:
        raise RowsError(f"cannot read {path}: {error.strerror or error}; expected a CSV file") from None
    except csv.Error as error:
        raise RowsError(
            f"{source}, line {begin}: not valid CSV ({error}); expected fields separated by commas, those "
            'with a comma, quote or line break within double quotes, and a quote within them doubled ("")'
        ) from None


def _lines(source: str, file: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of a file as text with their ends: a line feed, a carriage return or both."""
    for number, raw in enumerate(file, start=1):
        if number == 1 and raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise RowsError(f"{source}, line 1: the file is UTF-16; expected UTF-8. Save it as CSV UTF-8")
        if b"\0" in raw:
            raise RowsError(
                f"{source}, line {number}: not a text file (it has a zero byte); expected CSV in UTF-8. "
                "Export a spreadsheet as CSV UTF-8"
            )
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise RowsError(
                f"{source}, line {number}: not UTF-8 (byte 0x{error.object[error.start]:02x}); "
                "expected CSV in UTF-8. Save the file as CSV UTF-8"
            ) from None
        yield from _CARRIAGE_RETURN.split(text) if "\r" in text else (text,)


def _check_header(source: str, header: tuple[str, ...]) -> None:
    if len(header) == 1:
        for separator, name in _SEPARATORS.items():
            if separator in header[0]:
                raise RowsError(f"{source}, line 1: fields are separated by {name}; expected commas")
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise RowsError(
            f"{source}, line 1: column {repeated[0]!r} is there more than once; expected each once"
        )


def write_csv(path: str | Path, header: Sequence[str], records: Iterable[Sequence[object]]) -> None:
    """Write a CSV file, which is at any time either as it was or complete; raise :class:`RowsError` if that fails."""
    with atomic(path, RowsError) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(records)
