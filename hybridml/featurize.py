"""Reading and looking: fills the feature store with what is missing, photo by photo, in parallel.

Both are done once per photo, whatever the number of rows that ask about it; they are nearly all of the
cost. A photo that cannot be decoded is recorded as such, and costs its own rows only.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from .engines import Engine
from .errors import HybridmlError, ImageError
from .store import FeatureStore, FeatureTable, record_of

log = logging.getLogger(__name__)

BATCH = 8
"""Photos a worker takes at a time: one forward pass of the network."""

SHARD = 64
"""Photos of a shard: what a killed run loses at most."""


@dataclass
class Report:
    """What a run of :func:`featurize` did.

    Attributes
    ----------
    photos, cached, done : int
        Photos asked for, found in the store, and worked on now.
    failed : dict of str to str
        Photo name to cause.
    keys : dict of str to str
        Photo name to content key, for the photos that are known.
    seconds : float
        Wall time.
    """

    photos: int = 0
    cached: int = 0
    done: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class _Task:
    key: str
    path: str
    read: bool
    embed: bool


@dataclass
class _Result:
    readings: list[dict[str, Any]] = field(default_factory=list)
    embeddings: list[dict[str, Any]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # by key


class _Worker:
    """Both engines in one process, each loaded when first needed."""

    def __init__(self, reader: Engine | None, embedder: Engine | None, threads: int) -> None:
        self._engines = {"reader": reader, "embedder": embedder}
        self._threads = threads
        self._made: dict[str, Any] = {}

    def _engine(self, what: str) -> Any:
        if what not in self._made:
            engine = self._engines[what]
            assert engine is not None
            self._made[what] = engine.create(self._threads)
        return self._made[what]

    def __call__(self, tasks: Sequence[_Task]) -> _Result:
        from .images import decode

        result = _Result()
        to_embed: list[tuple[_Task, np.ndarray]] = []
        for task in tasks:
            try:
                image = decode(Path(task.path))
            except ImageError as error:
                self._undecodable(task, str(error), result)
                continue
            except MemoryError:
                result.failed[task.key] = "not enough memory to decode it"
                continue
            if task.read:
                start = time.perf_counter()
                with self._costs_only(task, "reader", result):
                    reading = self._engine("reader").read(image)
                    result.readings.append(record_of(task.key, reading, time.perf_counter() - start))
            if task.embed and task.key not in result.failed:
                to_embed.append((task, image))
        self._embed(to_embed, result)
        return result

    def _embed(self, photos: Sequence[tuple[_Task, np.ndarray]], result: _Result) -> None:
        if not photos:
            return
        start = time.perf_counter()
        trial = _Result()
        with self._costs_only(photos[0][0], "embedding", trial):
            vectors = self._engine("embedder").embed([image for _, image in photos])
            seconds = (time.perf_counter() - start) / len(photos)
            result.embeddings += [
                {"key": task.key, "error": None, "seconds": seconds, "vector": vector.astype(np.float16)}
                for (task, _), vector in zip(photos, vectors, strict=True)
            ]
        if trial.failed and len(photos) == 1:
            result.failed |= trial.failed
        elif trial.failed:
            for photo in photos:
                self._embed([photo], result)

    @staticmethod
    @contextmanager
    def _costs_only(task: _Task, what: str, result: _Result) -> Iterator[None]:
        """Let an engine's failure on one photo cost that photo; it is not recorded, so the next run tries again."""
        try:
            yield
        except HybridmlError:
            raise
        except Exception as error:
            result.failed[task.key] = f"the {what} failed: {type(error).__name__}: {error}"

    @staticmethod
    def _undecodable(task: _Task, cause: str, result: _Result) -> None:
        result.failed[task.key] = cause
        if task.read:
            empty: dict[str, Any] = {"text": [], "confidence": [], "polygon": [], "width": 0, "height": 0}
            result.readings.append({"key": task.key, "error": cause, "seconds": 0.0, **empty})
        if task.embed:
            result.embeddings.append({"key": task.key, "error": cause, "seconds": 0.0, "vector": []})


_worker: _Worker | None = None


def _start(reader: Engine | None, embedder: Engine | None) -> None:
    global _worker
    _worker = _Worker(reader, embedder, threads=1)


def _work(tasks: Sequence[_Task]) -> _Result:
    assert _worker is not None
    return _worker(tasks)


def default_workers() -> int:
    """Return how many processes to use: one per core this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def featurize(
    photos: Mapping[str, Path | None],
    store: FeatureStore,
    reader: Engine | None,
    embedder: Engine | None,
    workers: int | None = None,
    progress: bool = True,
) -> Report:
    """Read and embed the photos that the store does not have yet.

    Parameters
    ----------
    photos : mapping of name to path or None
        Where each photo lies, None when it is missing.
    store : FeatureStore
        Where results are kept.
    reader, embedder : Engine or None
        What to read and look with; None leaves that half out.
    workers : int, optional
        Processes, each with one thread; by default one per core. 1 works in this process.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Report

    Raises
    ------
    HybridmlError
        When an engine cannot be created. What was done before is kept.
    """
    if workers is not None and workers < 1:
        raise HybridmlError(f"workers must be at least 1, got {workers}")
    start = time.perf_counter()
    report = Report(photos=len(photos), keys=store.photo_keys(photos))
    tables: dict[str, FeatureTable] = {}
    if reader:
        tables["readings"] = store.table("readings", reader.settings)
    if embedder:
        tables["embeddings"] = store.table("embeddings", embedder.settings)
    have = {kind: table.keys() for kind, table in tables.items()}
    failed = {k: e for table in tables.values() for k, e in table.errors().items()}
    tasks: dict[str, _Task] = {}
    for name, path in photos.items():
        key = report.keys.get(name)
        if key is None:
            report.failed[name] = "cannot be read" if path else "no such photo in the images folder"
            continue
        read = "readings" in have and key not in have["readings"]
        embed = "embeddings" in have and key not in have["embeddings"]
        if not (read or embed):
            report.cached += 1
        elif path is None:
            report.failed[name] = (
                "not in the store with these settings, and no such photo in the images folder"
            )
        else:
            tasks.setdefault(key, _Task(key, str(path), read, embed))
    if tasks:
        width = min(workers or default_workers(), len(tasks))
        failed |= _run(list(tasks.values()), tables, reader, embedder, width, progress)
    # photos with the same content share their fate
    report.failed |= {name: failed[key] for name, key in report.keys.items() if key in failed}
    report.done = len(tasks)
    report.seconds = time.perf_counter() - start
    return report


def _run(
    tasks: Sequence[_Task],
    tables: Mapping[str, FeatureTable],
    reader: Engine | None,
    embedder: Engine | None,
    workers: int,
    progress: bool,
) -> dict[str, str]:
    """Work on ``tasks`` and write shards; return key to cause of those that failed."""
    from tqdm import tqdm

    pending = _Result()

    def flush(least: int) -> None:
        for kind, table in tables.items():
            records = getattr(pending, kind)
            if len(records) >= least:
                table.append(records)
                records.clear()

    batches = [tasks[i : i + BATCH] for i in range(0, len(tasks), BATCH)]
    results = (
        map(_Worker(reader, embedder, default_workers()), batches)
        if workers == 1
        else _parallel(batches, reader, embedder, workers)
    )
    try:
        with tqdm(total=len(tasks), desc="photos", unit="photo", disable=not progress) as bar:
            for result in results:
                pending.readings += result.readings
                pending.embeddings += result.embeddings
                pending.failed |= result.failed
                bar.update(max(len(result.readings), len(result.embeddings), len(result.failed)))
                flush(SHARD)
    finally:
        flush(1)
    return pending.failed


def _parallel(
    batches: Iterable[Sequence[_Task]], reader: Engine | None, embedder: Engine | None, workers: int
) -> Iterator[_Result]:
    """Yield results as they come. When a photo takes its process down, its batch is retried one by one."""
    # each process computes with one thread; more would fight over the cores
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS"), "1"))
    queue = [list(b) for b in batches][::-1]
    alone: list[list[_Task]] = []
    while queue or alone:
        source, width, ahead = (alone, 1, 1) if alone else (queue, workers, 2 * workers)
        pool = ProcessPoolExecutor(width, get_context("spawn"), _start, (reader, embedder))
        running: dict[Future[_Result], list[_Task]] = {}
        _check_starts(pool)
        try:
            while source or running:
                while source and len(running) < ahead:
                    # a broken pool refuses: the batch must still be in the queue then
                    running[pool.submit(_work, source[-1])] = source[-1]
                    source.pop()
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    result = future.result()
                    del running[future]
                    yield result
        except BrokenProcessPool:
            suspects = [task for batch in running.values() for task in batch]
            if source is alone and suspects:
                (task,) = suspects
                log.error("%s took its process down; left out", task.path)
                yield _Result(failed={task.key: "the process that read it died (out of memory or a crash)"})
            else:
                log.warning("a process died; the photos it may have had are tried again one by one")
                alone += [[task] for task in suspects]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _check_starts(pool: ProcessPoolExecutor) -> None:
    """Raise an error that says what to do when no worker process can start at all."""
    try:
        pool.submit(os.getpid).result()
    except BrokenProcessPool:
        pool.shutdown(wait=False, cancel_futures=True)
        raise HybridmlError(
            "worker processes cannot start. In a script, put the calls below 'if __name__ == \"__main__\":'; "
            "or work in this process with workers=1"
        ) from None
