"""The concurrent part of a run: existing files are checked, missing photos fetched, decoded and named."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from tqdm import tqdm

from hybridml.datasets.images import decode, fingerprint
from hybridml.datasets.links import image_name, is_url
from hybridml.errors import ImageError

from .client import fetch, open_session
from .failure import FetchError, retrying
from .placeholder import is_placeholder
from .response import check_photo, one_line
from .settings import DownloadSettings
from .status import FAILED, OK, PLACEHOLDER, Journal, Record, part_of, write_errors

R = TypeVar("R")

DECODERS = min(4, os.cpu_count() or 1)
"""Threads that decode; each may hold a photo of the largest size in memory."""


@dataclass(frozen=True)
class DownloadTask:
    """A photo to get."""

    link: str
    file: str  # name below the images folder
    exists: bool  # whether there is a file of that name, which counts if it is a photo
    fetch: bool  # whether the link may be requested

    @property
    def host(self) -> str:
        """The host that is contacted, empty for none."""
        try:
            return urlsplit(self.link).netloc.rpartition("@")[2].lower() if self.fetch else ""
        except ValueError:
            return ""


class Downloader:
    """Carries out the tasks of one run; the results go to the journal."""

    def __init__(self, folder: Path, settings: DownloadSettings, journal: Journal) -> None:
        self.fetched = 0  # photos fetched so far
        self.bytes = 0  # their size
        self._folder = folder
        self._settings = settings
        self._journal = journal
        # one photo under two links that end in the same name is kept once
        self._file_of = {
            (image_name(r.link), r.sha256): r.file for r in journal.records.values() if r.status == OK
        }

    async def run(self, tasks: list[DownloadTask], progress: bool) -> None:
        """Carry out the tasks."""
        if not tasks:
            return
        jobs = min(self._settings.jobs, len(tasks))
        queues = _host_queues(tasks, min(self._settings.per_host, jobs))
        with (
            tqdm(total=len(tasks), desc="download", unit="photo", disable=not progress) as bar,
            ThreadPoolExecutor(DECODERS, "decode") as self._pool,
        ):
            try:
                async with open_session(self._settings) as self._session, asyncio.TaskGroup() as group:
                    for _ in range(jobs):
                        group.create_task(self._worker(queues, bar))
            except ExceptionGroup as several:
                raise several.exceptions[0] from None
            finally:
                self._pool.shutdown(wait=False, cancel_futures=True)

    async def _worker(self, queues: deque[deque[DownloadTask]], bar: Any) -> None:
        # once no queue is left to take, other workers hold those that remain
        while queues:
            queue = queues.popleft()
            if not queue:
                continue
            await self._process(queue.popleft())
            queues.append(queue)
            bar.set_postfix_str(f"{self.bytes / 1e6:.0f} MB", refresh=False)
            bar.update()

    async def _process(self, task: DownloadTask) -> None:
        """Take the file that is there, else fetch the photo; either way its record goes to the journal."""
        problem = "no such photo in the images folder, and a path cannot be fetched"
        if task.exists:
            try:
                self._journal.add(await self._in_pool(_existing, task, self._folder / task.file))
                return
            except ImageError as error:
                problem = f"the file there is not a photo: {one_line(str(error))}"
        if task.fetch:
            part = part_of(self._folder)
            try:
                await self._fetch(task, part)
            finally:
                part.unlink(missing_ok=True)
        elif not is_url(task.link):
            self._journal.add(self._failed(task, problem))

    async def _fetch(self, task: DownloadTask, part: Path) -> None:
        start = time.perf_counter()
        try:
            async for attempt in retrying(self._settings.retries, self._settings.backoff):
                with attempt:
                    body = await fetch(self._session, task.link, part, self._settings)
                    remark = await self._in_pool(check_photo, part, body)
        except FetchError as error:
            record = self._failed(task, error.problem, error.http_status)
        else:
            record = Record(task.link, task.file, OK, remark, body.http_status, body.bytes, body.sha256)
        record = replace(
            record,
            attempts=attempt.retry_state.attempt_number,
            seconds=round(time.perf_counter() - start, 3),
            when=_now(),
        )
        if record.failed:
            self._journal.add(record)
        else:
            self._keep(record, part)

    def _keep(self, record: Record, part: Path) -> None:
        """Record a photo that was fetched, and give it its name unless another file has the same photo."""
        path = self._folder / record.file
        key = (image_name(record.link), record.sha256)
        same = self._folder / self._file_of.get(key, record.file)
        if same != path and same.is_file() and same.stat().st_size == record.bytes:
            self._journal.add(replace(record, file=same.name))
        else:
            # recorded before it is renamed: a record without its file is fetched again, but a file without its record
            # could pass for another link's
            self._journal.add(record)
            with write_errors(path):
                try:
                    os.replace(part, path)
                except IsADirectoryError:
                    problem = f"a folder is in the way: {path}"
                    self._journal.add(replace(record, status=FAILED, problem=problem, bytes=None, sha256=""))
                    return
            self._file_of[key] = record.file
        self.fetched += 1
        self.bytes += record.bytes or 0

    def _failed(self, task: DownloadTask, problem: str, http_status: int | None = None) -> Record:
        status = PLACEHOLDER if is_placeholder(self._folder / task.file) else FAILED
        return Record(task.link, task.file, status, problem, http_status, when=_now())

    async def _in_pool(self, function: Callable[..., R], *arguments: Any) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)


def _host_queues(tasks: Iterable[DownloadTask], per_host: int) -> deque[deque[DownloadTask]]:
    """Return the tasks as one queue per host, the hosts in turn.

    A host's queue occurs once for each of its tasks that may run at the same time: a worker takes a queue, does one of
    its tasks, and puts the queue back.
    """
    queue_of: dict[str, deque[DownloadTask]] = {}
    for task in tasks:
        queue_of.setdefault(task.host, deque()).append(task)
    return deque(queue for n in range(per_host) for queue in queue_of.values() if len(queue) > n)


def _existing(task: DownloadTask, path: Path) -> Record:
    """Return the record of a file that was already there; raise :class:`ImageError` when it is not a photo."""
    decode(path)
    return Record(task.link, task.file, OK, bytes=path.stat().st_size, sha256=fingerprint(path), when=_now())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
