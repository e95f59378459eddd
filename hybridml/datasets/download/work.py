"""Getting photos, many at once: what is there is checked, the rest fetched, decoded and given its name."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from hybridml.datasets.images import decode, fingerprint
from hybridml.datasets.links import image_name, is_url
from hybridml.errors import HybridmlError, ImageError

from .client import Client
from .failure import FetchError, attempts
from .host_queue import Turns
from .placeholder import is_placeholder
from .plan import Task
from .response import Received, check_photo, one_line
from .settings import Settings
from .status import FAILED, OK, PLACEHOLDER, Journal, Record, part_of

R = TypeVar("R")

DECODERS = min(4, os.cpu_count() or 1)
"""Threads that decode; each may hold a photo of the largest size in memory."""


class Work:
    """Does the tasks of one run.

    Parameters
    ----------
    folder : Path
        Where photos go.
    settings : Settings
        How to fetch.
    journal : Journal
        Where results go.
    """

    def __init__(self, folder: Path, settings: Settings, journal: Journal) -> None:
        self.fetched = 0
        self.bytes = 0
        self._folder = folder
        self._settings = settings
        self._journal = journal
        # a photo under two links that end in one name is kept once, and is one photo
        self._file_of = {
            (image_name(r.link), r.sha256): r.file for r in journal.records.values() if r.status == OK
        }

    async def all(self, tasks: list[Task], progress: bool, resolver: Any) -> None:
        """Do the tasks."""
        from tqdm import tqdm

        if not tasks:
            return
        turns = Turns(tasks, lambda task: task.host, self._settings.per_host)
        with (
            tqdm(total=len(tasks), desc="download", unit="photo", disable=not progress) as bar,
            ThreadPoolExecutor(DECODERS, "decode") as self._pool,
        ):
            try:
                async with Client(self._settings, resolver) as self._client, asyncio.TaskGroup() as group:
                    for _ in range(min(self._settings.jobs, len(tasks))):
                        group.create_task(self._worker(turns, bar))
            except ExceptionGroup as several:
                raise several.exceptions[0] from None
            finally:
                self._pool.shutdown(wait=False, cancel_futures=True)

    async def _worker(self, turns: Turns[Task], bar: Any) -> None:
        while (task := await turns.take()) is not None:
            try:
                await self._do(task)
            finally:
                await turns.done(task)
            bar.set_postfix_str(f"{self.bytes / 1e6:.0f} MB", refresh=False)
            bar.update()

    async def _do(self, task: Task) -> None:
        """Take the file that is there, else fetch the photo; either way its record goes to the journal."""
        problem = ""
        if task.there:
            try:
                self._journal.add(await self._in_pool(_adopted, task, self._folder / task.file))
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
            problem = problem or "no such photo in the images folder, and a path cannot be fetched"
            self._journal.add(self._failed(task, problem))

    async def _fetch(self, task: Task, part: Path) -> None:
        begin = time.perf_counter()
        tries = 0
        try:
            async for attempt in attempts(self._settings.retries, self._settings.backoff):
                with attempt:
                    tries += 1
                    body = await self._client.fetch(task.link, part)
                    odd = await self._in_pool(check_photo, part, body)
        except FetchError as error:
            facts = _facts(begin, tries, error.http_status)
            self._journal.add(self._failed(task, error.problem, **facts))
        else:
            self._keep(task, part, body, odd, _facts(begin, tries, body.http_status))

    def _keep(self, task: Task, part: Path, body: Received, odd: str, facts: Mapping[str, Any]) -> None:
        """Give a decoded photo its name."""
        key = (image_name(task.link), body.sha256)
        same = self._folder / self._file_of.get(key, task.file)
        if same.name != task.file and same.is_file() and same.stat().st_size == body.bytes:
            self._journal.add(_photo(task.link, same.name, body.bytes, body.sha256, odd, **facts))
        else:
            # a record without its file is fetched again, a file without its record could pass for another's
            self._journal.add(_photo(task.link, task.file, body.bytes, body.sha256, odd, **facts))
            try:
                os.replace(part, self._folder / task.file)
            except IsADirectoryError:
                problem = f"a folder is in the way: {self._folder / task.file}"
                self._journal.add(self._failed(task, problem, **facts))
                return
            except OSError as error:
                raise HybridmlError(
                    f"cannot write {self._folder / task.file}: {error.strerror}; make room and start again"
                ) from None
            self._file_of[key] = task.file
        self.fetched += 1
        self.bytes += body.bytes

    def _failed(self, task: Task, problem: str, **facts: Any) -> Record:
        grey = is_placeholder(self._folder / task.file)
        facts = {"when": _now(), **facts}
        return Record(task.link, task.file, PLACEHOLDER if grey else FAILED, problem, **facts)

    async def _in_pool(self, function: Callable[..., R], *arguments: Any) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)


def _adopted(task: Task, path: Path) -> Record:
    """Return the record of a file that was there.

    Raises
    ------
    ImageError
        When it is not a photo.
    """
    decode(path)
    return _photo(task.link, task.file, path.stat().st_size, fingerprint(path), "", when=_now())


def _photo(link: str, file: str, size: int, sha256: str, odd: str, **facts: Any) -> Record:
    return Record(link, file, OK, odd, bytes=size, sha256=sha256, **facts)


def _facts(begin: float, tries: int, http_status: int | None) -> dict[str, Any]:
    seconds = round(time.perf_counter() - begin, 3)
    return {"attempts": tries, "seconds": seconds, "http_status": http_status, "when": _now()}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
