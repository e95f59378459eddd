"""The status table beside the photos: the file of each link, and what came of it.

A running download appends its results to a journal, line by line; when it ends, or when the next one begins, the
journal is merged into the table. A killed run loses at most the line it was writing.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import IO

from hybridml.datasets.csv_file import read_csv, write_csv
from hybridml.errors import HybridmlError

log = logging.getLogger(__name__)

TABLE = "download.csv"
JOURNAL = "download.journal.jsonl"
FAULTS = "download.faults.csv"
LOCK = ".download.lock"
PART = ".download-"
"""Beginning of the names of unfinished files."""

OK, FAILED, PLACEHOLDER = "ok", "failed", "placeholder"


@dataclass(frozen=True)
class Record:
    """The outcome of one link: a line of the status table, whose columns are these fields."""

    link: str  # as in the rows
    file: str  # name below the images folder
    status: str  # OK, FAILED, or PLACEHOLDER: failed, with a grey image in the photo's place
    problem: str = ""  # why it failed, or what is unusual about a photo
    http_status: int | None = None  # the last one; None where no server answered or none was asked
    bytes: int | None = None  # size of the photo
    sha256: str = ""  # of the photo's bytes
    attempts: int = 0  # none for a file that was already there
    seconds: float = 0.0  # duration of all attempts, waits included
    when: str = ""  # when they ended, UTC

    @property
    def failed(self) -> bool:
        """Whether there is no photo."""
        return self.status != OK


COLUMNS = tuple(field.name for field in fields(Record))


def read(folder: Path) -> dict[str, Record]:
    """Return link to record from the status table of a folder and the journal of a killed or running download.

    Raises
    ------
    HybridmlError
        When the table is not that of a download.
    """
    # the journal first: a run that ends meanwhile moves its lines from there to the table
    newer = {record.link: record for record in _journal(folder / JOURNAL)}
    return {record.link: record for record in _table(folder / TABLE)} | newer


def part_of(folder: Path) -> Path:
    """Return a new name for an unfinished file, short however long its final name is."""
    return folder / f"{PART}{uuid.uuid4().hex}.part"


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Turn an OSError of the block, which writes a path, into a HybridmlError that says what to do."""
    try:
        yield
    except OSError as error:
        raise HybridmlError(
            f"cannot write {path}: {error.strerror}; make room or name another folder, then run the command again"
        ) from None


def _table(path: Path) -> Iterator[Record]:
    if not path.is_file():
        return
    file = read_csv(path)
    missing = [name for name in COLUMNS if name not in file.header]
    if missing:
        raise HybridmlError(
            f"{path}, line 1: no column {missing[0]!r}; expected the status table of a download "
            f"({','.join(COLUMNS)}). Move that file elsewhere"
        )
    columns = file.columns()
    for line, cells in zip(file.lines, zip(*(columns[name] for name in COLUMNS), strict=True), strict=True):
        yield _record(f"{path}, line {line}", cells)


def _record(place: str, cells: Iterable[object]) -> Record:
    texts = ("" if cell is None else str(cell) for cell in cells)
    link, file, status, problem, http_status, size, sha256, attempts, seconds, when = texts
    try:
        if status not in (OK, FAILED, PLACEHOLDER):
            raise ValueError(f"unknown status {status!r}")
        # a name with a slash would lead out of the folder
        if not file or Path(file).name != file:
            raise ValueError(f"{file!r} is not a file name")
        code, length = (int(text) if text else None for text in (http_status, size))
        return Record(link, file, status, problem, code, length, sha256, int(attempts), float(seconds), when)
    except ValueError as error:
        raise HybridmlError(
            f"{place}: not a line of a download's status table ({error}); correct the line or remove it"
        ) from None


def _journal(path: Path) -> Iterator[Record]:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return
    *lines, torn = content.split(b"\n")
    if torn:
        log.warning("%s: the last line is cut short and skipped (a download was killed, or is running)", path)
    for number, line in enumerate(lines, start=1):
        try:
            cells = json.loads(line)
            if len(cells) != len(COLUMNS):
                raise ValueError
        except (ValueError, TypeError):
            log.warning("%s, line %d: damaged and skipped; its photo is checked again", path, number)
            continue
        yield _record(f"{path}, line {number}", cells)


class Journal:
    """The records of the links of a folder: those of earlier runs, and those of this run, each written at once."""

    def __init__(self, folder: Path, records: Mapping[str, Record]) -> None:
        self.records = dict(records)
        self._folder = folder
        self._file: IO[str] | None = None

    def add(self, record: Record) -> None:
        """Append a record."""
        path = self._folder / JOURNAL
        with write_errors(path):
            if self._file is None:
                self._file = open(path, "a", encoding="utf-8")  # noqa: SIM115
            self._file.write(json.dumps(astuple(record)) + "\n")
            # from here on, killing the process loses nothing
            self._file.flush()
        self.records[record.link] = record

    def merge(self) -> None:
        """Write all records to the table and remove the journal."""
        if self._file is not None:
            self._file.close()
            self._file = None
        write_csv(self._folder / TABLE, COLUMNS, (astuple(record) for record in self.records.values()))
        (self._folder / JOURNAL).unlink(missing_ok=True)
