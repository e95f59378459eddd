"""The status table beside the photos: which link became which file, and what came of each.

While a run is at work, its results go line by line to a journal; when it ends, and when the next one begins, the
journal is folded into the table. A killed run loses the line it was writing at most.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping
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
"""What the names of unfinished files begin with."""

PARTS = f"{PART}*.part"

OK, FAILED, PLACEHOLDER = "ok", "failed", "placeholder"


@dataclass(frozen=True)
class Record:
    """What came of one link.

    Parameters
    ----------
    link : str
        As it is in the rows.
    file : str
        Name below the images folder.
    status : {"ok", "failed", "placeholder"}
        A placeholder is a failed photo with a grey file in its place.
    problem : str
        Why it failed; of a photo, what was odd about it.
    http_status : int, optional
        The last one; none where no server answered or none was asked.
    bytes : int, optional
        Size of the photo.
    sha256 : str
        Of the photo's bytes.
    attempts : int
        How often it was tried; 0 for a file that was there.
    seconds : float
        How long that took, waits included.
    when : str
        The end of it, UTC.
    """

    link: str
    file: str
    status: str
    problem: str = ""
    http_status: int | None = None
    bytes: int | None = None
    sha256: str = ""
    attempts: int = 0
    seconds: float = 0.0
    when: str = ""

    @property
    def failed(self) -> bool:
        """Whether there is no photo."""
        return self.status != OK


COLUMNS = tuple(field.name for field in fields(Record))


def read(folder: Path) -> dict[str, Record]:
    """Return link to record from the status table of a folder and the journal of a run that was killed.

    Raises
    ------
    HybridmlError
        When the table is not one of a download.
    """
    # the journal first: a run that ends meanwhile moves its lines from there to the table
    later = {record.link: record for record in _journal(folder / JOURNAL)}
    return {record.link: record for record in _table(folder / TABLE)} | later


def part_of(folder: Path) -> Path:
    """Return a name for an unfinished file, short whatever it is to be called."""
    return folder / f"{PART}{uuid.uuid4().hex}.part"


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
    link, file, status, problem, http_status, size, sha256, tries, seconds, when = cells
    try:
        if status not in (OK, FAILED, PLACEHOLDER):
            raise ValueError(f"unknown status {status!r}")
        # a name with a slash would lead out of the folder
        if not file or Path(str(file)).name != file:
            raise ValueError(f"{file!r} is not a file's name")
        return Record(
            str(link),
            str(file),
            str(status),
            str(problem),
            _whole(http_status),
            _whole(size),
            str(sha256),
            int(str(tries)),
            float(str(seconds)),
            str(when),
        )
    except ValueError as error:
        raise HybridmlError(
            f"{place}: not a line of a download's status table ({error}); correct the line or remove it"
        ) from None


def _whole(cell: object) -> int | None:
    return None if cell in (None, "") else int(str(cell))


def _journal(path: Path) -> Iterator[Record]:
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return
    whole, _, torn = text.rpartition(b"\n")
    if torn:
        log.warning("%s: the last line is cut short (a run was killed, or is at work); left out", path)
    for number, line in enumerate(whole.split(b"\n") if whole else (), start=1):
        try:
            cells = json.loads(line)
            if len(cells) != len(COLUMNS):
                raise ValueError
        except (ValueError, TypeError):
            log.warning("%s, line %d: damaged, left out; its photo is checked again", path, number)
            continue
        yield _record(f"{path}, line {number}", cells)


class Journal:
    """Keeps the records of a run, each on disk as soon as it is known.

    Parameters
    ----------
    folder : Path
        The images folder.
    records : mapping of link to Record
        Those of earlier runs.
    """

    def __init__(self, folder: Path, records: Mapping[str, Record]) -> None:
        self.records = dict(records)
        self._folder = folder
        self._file: IO[str] | None = None

    def add(self, record: Record) -> None:
        """Keep a record."""
        path = self._folder / JOURNAL
        try:
            if self._file is None:
                self._file = open(path, "a", encoding="utf-8")  # noqa: SIM115
            self._file.write(json.dumps(astuple(record)) + "\n")
            # past this a killed process loses nothing
            self._file.flush()
        except OSError as error:
            raise HybridmlError(f"cannot write {path}: {error.strerror}; make room and start again") from None
        self.records[record.link] = record

    def fold(self) -> None:
        """Write the table and remove the journal, which it now has."""
        if self._file is not None:
            self._file.close()
            self._file = None
        write_csv(self._folder / TABLE, COLUMNS, (astuple(record) for record in self.records.values()))
        (self._folder / JOURNAL).unlink(missing_ok=True)
