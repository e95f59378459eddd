"""A download run: missing photos are fetched, and at its end every link is checked against its file."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import Counter
from collections.abc import Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from hybridml.datasets.links import image_names, is_url
from hybridml.errors import HybridmlError

from . import status
from .downloader import Downloader, DownloadTask
from .file_names import RESERVED, assign_files
from .placeholder import is_placeholder, placeholder
from .settings import DownloadSettings
from .status import Journal, Record

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DownloadReport:
    """What a run did, and which links have no photo at its end.

    Attributes
    ----------
    links : int
        Different links.
    present : int
        Photos that were there before.
    fetched, bytes : int
        Photos fetched in this run, and their size.
    failed : dict of str to str
        Link to cause for every link without a photo, including those that failed earlier.
    others : int
        Files in the folder that belong to none of the links.
    seconds : float
        Wall time.
    """

    links: int
    present: int
    fetched: int
    bytes: int
    failed: dict[str, str]
    others: int
    seconds: float

    def causes(self) -> Counter[str]:
        """Return how many links failed for each cause, without the details that differ between links."""
        return Counter(problem.partition(":")[0].partition(";")[0] for problem in self.failed.values())


def run(
    links: Iterable[str], folder: Path, settings: DownloadSettings, progress: bool = True
) -> DownloadReport:
    """Fetch missing photos; see :func:`hybridml.datasets.download.download`."""
    lock = FileLock(folder / status.LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = lock.acquire(timeout=0)
    except Timeout:
        raise HybridmlError(
            f"another download is running in {folder} (it holds {lock.lock_file}); wait until it ends, "
            "or give one of them another folder"
        ) from None
    except OSError as error:
        raise HybridmlError(f"cannot write to the folder {folder}: {error.strerror}; name another") from None
    with held:
        return _run(links, folder, settings, progress)


def _run(links: Iterable[str], folder: Path, settings: DownloadSettings, progress: bool) -> DownloadReport:
    start = time.perf_counter()
    named, nameless = image_names(links)
    for part in folder.glob(f"{status.PART}*.part"):
        part.unlink(missing_ok=True)
    earlier = status.read(folder)
    journal = Journal(folder, earlier)
    files = assign_files(named, {link: record.file for link, record in earlier.items()})
    downloader = Downloader(folder, settings, journal)
    try:
        tasks = _plan(named, files, folder, earlier, settings.retry_failed)
        _run_to_end(downloader.run(tasks, progress))
        if settings.placeholders:
            _write_placeholders(named, files, folder, journal)
    finally:
        journal.merge()
    records = [journal.records[link] for link in named]
    failed = {record.link: problem for record in records if (problem := _problem(record, folder))}
    own = {record.file for record in records} | RESERVED
    return DownloadReport(
        links=len(named) + len(nameless),
        present=len(named) - len(failed) - downloader.fetched,
        fetched=downloader.fetched,
        bytes=downloader.bytes,
        failed=failed | nameless,
        others=sum(entry.is_file() and entry.name not in own for entry in os.scandir(folder)),
        seconds=time.perf_counter() - start,
    )


def _plan(
    links: Iterable[str],
    files: Mapping[str, str],
    folder: Path,
    records: Mapping[str, Record],
    retry_failed: bool,
) -> list[DownloadTask]:
    """Return the tasks that the status table and the files on disk leave to be done."""
    tasks: list[DownloadTask] = []
    lost = 0
    for link in links:
        record, path = records.get(link), folder / files[link]
        if record and not _problem(record, folder):
            continue
        had_photo = record is not None and not record.failed
        lost += had_photo
        # a photo that was fetched and has changed is fetched again; a file from elsewhere may be a photo
        exists = not (had_photo and is_url(link)) and path.is_file() and not is_placeholder(path)
        fetch = is_url(link) and (had_photo or record is None or retry_failed)
        if exists or fetch or not is_url(link):
            tasks.append(DownloadTask(link, path.name, exists, fetch))
    if lost:
        log.info("photos gone from %s or changed since they were fetched: %d; fetched again", folder, lost)
    return tasks


def _problem(record: Record, folder: Path) -> str:
    """Return why a link has no photo, by its record and the file on disk; empty when it has one."""
    if record.failed:
        return record.problem
    try:
        size = (folder / record.file).stat().st_size
    except OSError:
        return f"the file {record.file} is gone"
    return "" if size == record.bytes else f"the file {record.file} changed since it was fetched"


def _write_placeholders(
    links: Iterable[str], files: Mapping[str, str], folder: Path, journal: Journal
) -> None:
    """Write a placeholder for each link that failed, unless there is a file."""
    for link in links:
        record, path = journal.records[link], folder / files[link]
        if record.failed and not path.exists():
            part = status.part_of(folder)
            with status.write_errors(path):
                part.write_bytes(placeholder(path.name))
                os.replace(part, path)
            journal.add(replace(record, file=path.name, status=status.PLACEHOLDER))


def _run_to_end(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end; in a thread of its own where an event loop is running already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work)
        return
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()
