"""What is to be done about each link, by what the status table says and what is on disk."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from hybridml.datasets.links import is_url

from .placeholder import is_placeholder
from .status import Record

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """A photo to get.

    Parameters
    ----------
    link : str
        Where from.
    file : str
        Name below the images folder.
    there : bool
        Whether a file of that name is there, and counts if it is a photo.
    fetch : bool
        Whether it may be asked for; else it only counts as it is.
    """

    link: str
    file: str
    there: bool
    fetch: bool

    @property
    def host(self) -> str:
        """The host that is asked, empty for none."""
        try:
            return urlsplit(self.link).netloc.rpartition("@")[2].lower() if self.fetch else ""
        except ValueError:
            return ""


def plan(
    links: Iterable[str],
    files: Mapping[str, str],
    folder: Path,
    records: Mapping[str, Record],
    retry_failed: bool,
) -> list[Task]:
    """Return what is to be done, by what the table says and what is on disk."""
    tasks: list[Task] = []
    lost = 0
    for link in links:
        record, path = records.get(link), folder / files[link]
        had = record is not None and not record.failed
        if record and not problem_of(record, folder):
            continue
        lost += had
        # what was fetched and changed since is fetched again; a file from elsewhere is looked at
        there = not (had and is_url(link)) and path.is_file() and not is_placeholder(path)
        fetch = is_url(link) and (had or record is None or retry_failed)
        if there or fetch or not is_url(link):
            tasks.append(Task(link, path.name, there, fetch))
    if lost:
        log.info("photos gone from %s or changed since they were fetched: %d; fetched again", folder, lost)
    return tasks


def problem_of(record: Record, folder: Path) -> str:
    """Return why a link has no photo, by its record and the file on disk; empty when it has one."""
    if record.failed:
        return record.problem
    try:
        size = (folder / record.file).stat().st_size
    except OSError:
        return f"the file {record.file} is gone"
    return "" if size == record.bytes else f"the file {record.file} changed since it was fetched"
