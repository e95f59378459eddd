"""A run: what is missing is fetched, what was done is kept, and at the end every link is checked against its file."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hybridml.datasets.links import image_name
from hybridml.errors import HybridmlError, RowsError

from . import status
from .file_names import RESERVED, assign
from .lock import locked
from .placeholder import placeholder
from .plan import plan, problem_of
from .settings import Settings
from .status import Journal, Record
from .work import Work


@dataclass
class Report:
    """What a run did, and how every link stands at its end.

    Attributes
    ----------
    links : int
        Different links asked for.
    present : int
        Photos that were there before.
    fetched, bytes : int
        Photos fetched now, and their size.
    failed : dict of str to str
        Link to cause, for every link without a photo, those that failed earlier included.
    others : int
        Files in the folder that belong to none of the links.
    seconds : float
        Wall time.
    """

    links: int = 0
    present: int = 0
    fetched: int = 0
    bytes: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    others: int = 0
    seconds: float = 0.0

    def causes(self) -> Counter[str]:
        """Return how many links failed of each cause, without what differs from link to link."""
        return Counter(problem.partition(":")[0].partition(";")[0] for problem in self.failed.values())


def run(
    links: Iterable[str], folder: Path, settings: Settings, progress: bool = True, resolver: Any = None
) -> Report:
    """Fetch what is missing; see :func:`hybridml.datasets.download.download`.

    Parameters
    ----------
    links, folder, settings, progress
        As there.
    resolver : aiohttp.abc.AbstractResolver, optional
        What looks host names up; by default the system.
    """
    start = time.perf_counter()
    wanted, nameless = _named(links)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HybridmlError(f"cannot make the folder {folder}: {error.strerror}; name another") from None
    with locked(folder):
        for part in folder.glob(status.PARTS):
            part.unlink(missing_ok=True)
        earlier = status.read(folder)
        journal = Journal(folder, earlier)
        files = assign(wanted, {link: record.file for link, record in earlier.items()})
        work = Work(folder, settings, journal)
        try:
            tasks = plan(wanted, files, folder, earlier, settings.retry_failed)
            _complete(work.all(tasks, progress, resolver))
            if settings.placeholders:
                _fill(wanted, files, folder, journal)
        finally:
            journal.fold()
        report = _checked(wanted, journal.records, folder)
    report.links += len(nameless)
    report.failed |= nameless
    report.fetched, report.bytes = work.fetched, work.bytes
    report.present -= work.fetched
    report.seconds = time.perf_counter() - start
    return report


def _named(links: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Return the different links, and apart those that name no file, with the reason."""
    wanted: dict[str, None] = {}
    nameless: dict[str, str] = {}
    for link in links:
        try:
            image_name(link)
            wanted[link] = None
        except RowsError as error:
            nameless[link] = str(error)
    return list(wanted), nameless


def _checked(links: Sequence[str], records: Mapping[str, Record], folder: Path) -> Report:
    """Return how each link stands against what is on disk now."""
    failed = {link: problem for link in links if (problem := problem_of(records[link], folder))}
    own = {records[link].file for link in links} | RESERVED
    others = sum(entry.is_file() and entry.name not in own for entry in os.scandir(folder))
    return Report(len(links), len(links) - len(failed), failed=failed, others=others)


def _fill(links: Iterable[str], files: Mapping[str, str], folder: Path, journal: Journal) -> None:
    """Write a placeholder for each link that failed, unless there is a file."""
    for link in links:
        record, path = journal.records[link], folder / files[link]
        if record.failed and not path.exists():
            part = status.part_of(folder)
            try:
                part.write_bytes(placeholder(path.name))
                os.replace(part, path)
            except OSError as error:
                raise HybridmlError(
                    f"cannot write {path}: {error.strerror}; make room and start again"
                ) from None
            journal.add(replace(record, file=path.name, status=status.PLACEHOLDER))


def _complete(work: Coroutine[Any, Any, None]) -> None:
    """Run to its end what is asynchronous; in a thread of its own where a loop runs already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work)
        return
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()
