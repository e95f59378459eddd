"""Reading and looking: fills the feature store with what is missing, photo by photo, in parallel.

Both are done once per photo, whatever the number of rows that ask about it; they are nearly all of the
cost. A photo that cannot be decoded is recorded as such, and costs its own rows only.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing import connection, get_context, parent_process
from pathlib import Path

from hybridml.errors import HybridmlError
from hybridml.utils.paths import is_remote
from hybridml.vision.stages import Stage, StageKind

from .feature_store import FLUSH_SECONDS, FeatureStore, FeatureTable
from .schema import ocr_result_of
from .worker import DIED, KIND_OF, Result, Task, Worker

log = logging.getLogger(__name__)

BATCH = 8
"""Photos a worker takes at a time: one forward pass of the network."""

SHARD = 64
"""Photos of a shard, unless it took so long that fewer are written: what a killed run loses at most."""

SHARD_REMOTE = 1024
"""The same where shards cannot be merged, in an object store; a minute's work is written even so."""

NO_PHOTO = "no such photo in the images folder"
NOT_STORED = f"not in the store with these settings, and {NO_PHOTO}"

Prepare = Callable[[Sequence[Task]], Sequence[Task]]


@dataclass
class Report:
    """What a run of :func:`extract` did.

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
    second, second_done : int
        Photos that a second look was wanted for, and those that got it now.
    partial : bool
        Whether nothing was worked on: what is done so far was looked up.
    waiting : set of str
        Then, names of the photos that are not done.
    """

    photos: int = 0
    cached: int = 0
    done: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    second: int = 0
    second_done: int = 0
    partial: bool = False
    waiting: set[str] = field(default_factory=set)


_worker: Worker | None = None


def _start(stages: Mapping[StageKind, Stage]) -> None:
    global _worker
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker = Worker(stages, threads=1)


def _end_with_parent() -> None:
    """End this process when the one that started it is killed: it would wait for work forever."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _work(tasks: Sequence[Task]) -> Result:
    assert _worker is not None
    return _worker(tasks)


def default_workers() -> int:
    """Return how many processes to use: one per core this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def extract(
    photos: Mapping[str, Path | None],
    store: FeatureStore,
    ocr: Stage | None,
    embedder: Stage | None,
    workers: int | None = None,
    progress: bool = True,
    further: Sequence[Stage] = (),
    retry_failed: bool = False,
    dask: str | None = None,
) -> Report:
    """Read, embed and look at the photos that the store does not have yet.

    Parameters
    ----------
    photos : mapping of name to path or None
        Where each photo lies, None when it is missing.
    store : FeatureStore
        Where results are kept.
    ocr, embedder : Stage or None
        What to read and look with; None leaves that half out.
    workers : int, optional
        Processes, each with one thread; by default one per core. 1 works in this process.
    progress : bool
        Show a progress bar.
    further : sequence of Stage
        What else to look with: for dimension lines, with the region network, a second time.
    retry_failed : bool
        Also work on photos that are recorded as undecodable.
    dask : str, optional
        Address of a Dask cluster whose workers do it in place of processes of this machine.

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
    tell = None
    if dask:
        from . import dask as cluster  # not at the top: ranking what is stored must start quickly

        tell = partial(cluster.contents_there, dask, progress=progress)
    report = Report(photos=len(photos), keys=store.photo_keys(photos, progress, tell))
    stages: dict[StageKind, Stage] = {
        stage.kind: stage for stage in (ocr, embedder, *further) if stage is not None
    }
    tables = {kind: store.table(KIND_OF[kind], stage.settings) for kind, stage in stages.items()}
    tasks = _tasks(photos, tables, report, retry_failed)
    failed: dict[str, str] = {}
    if tasks:
        prepare = _adding_ocr_results(tasks, tables)
        if dask:
            with cluster.connected(dask, progress) as client:
                failed = _run(len(tasks), tables, cluster.work(client, tasks, stages, prepare), progress)
        else:
            width = min(workers or default_workers(), len(tasks))
            failed = _run(len(tasks), tables, _here(tasks, stages, width, prepare), progress)
    # photos with the same content share their fate
    report.failed |= _errors(tables, report) | {n: failed[k] for n, k in report.keys.items() if k in failed}
    report.done = len(tasks)
    store.photos.merge()
    for table in tables.values():
        table.shards.merge()
    report.seconds = time.perf_counter() - start
    return report


def done_so_far(
    photos: Mapping[str, Path | None], store: FeatureStore, stages: Sequence[Stage | None]
) -> Report:
    """Look up what a store has, without opening a photo: also while another process fills it.

    Parameters
    ----------
    photos : mapping of name to path or None
        Where each photo lies, None when it is missing.
    store : FeatureStore
        Where results are kept.
    stages : sequence of Stage or None
        Whose results a photo needs in order to be done.
    """
    report = Report(photos=len(photos), keys=store.known_keys(photos), partial=True)
    tables = {e.kind: store.table(KIND_OF[e.kind], e.settings) for e in stages if e is not None}
    to_do = {None, *(task.key for task in _tasks(photos, tables, report))}
    failed = _errors(tables, report)
    late = (name for name, path in photos.items() if path is not None and report.keys.get(name) in to_do)
    report.waiting = {name for name in late if name not in failed}
    report.failed = {n: cause for n, cause in report.failed.items() if n not in report.waiting} | failed
    return report


def _tasks(
    photos: Mapping[str, Path | None],
    tables: Mapping[StageKind, FeatureTable],
    report: Report,
    retry_failed: bool = False,
) -> list[Task]:
    """Return what is missing, each content once; count in ``report`` what is there, and what cannot be done."""
    names = [name for name in photos if name in report.keys]
    keys = [report.keys[name] for name in names]
    there = {kind: table.finder(keys).has(keys, failed=not retry_failed) for kind, table in tables.items()}
    tasks: dict[str, Task] = {}
    for i, (name, key) in enumerate(zip(names, keys, strict=True)):
        missing = frozenset(kind for kind, has in there.items() if not has[i])
        path = photos[name]
        if not missing:
            report.cached += 1
        elif path is None:
            report.failed[name] = NOT_STORED
        else:
            tasks.setdefault(key, Task(key, str(path), missing))
    unknown = (name for name in photos if name not in report.keys)
    report.failed |= {name: "cannot be read" if photos[name] else NO_PHOTO for name in unknown}
    return list(tasks.values())


def _errors(tables: Mapping[StageKind, FeatureTable], report: Report) -> dict[str, str]:
    """Return name to cause for the photos that are recorded as undecodable."""
    keys = set(report.keys.values())
    failed = {key: cause for table in tables.values() for key, cause in table.finder(keys).errors().items()}
    return {name: failed[key] for name, key in report.keys.items() if key in failed}


def _adding_ocr_results(tasks: Sequence[Task], tables: Mapping[StageKind, FeatureTable]) -> Prepare:
    """Return what gives tasks the stored readings that their engines need, a batch at a time."""
    needing = [
        t.key for t in tasks if "ocr" not in t.stages and t.stages & {"number_classifier", "second_pass"}
    ]
    if not needing or "ocr" not in tables:
        return lambda batch: batch
    finder = tables["ocr"].finder(needing)

    def add(batch: Sequence[Task]) -> Sequence[Task]:
        records = finder.records([task.key for task in batch])
        found = {r["key"]: ocr_result_of(r) for r in records if r["error"] is None}
        return [replace(task, ocr_result=found.get(task.key)) for task in batch]

    return add


def _here(
    tasks: Sequence[Task], stages: Mapping[StageKind, Stage], workers: int, prepare: Prepare
) -> Iterator[Result]:
    """Return the results of ``tasks``, worked on by this machine."""
    batches = [tasks[i : i + BATCH] for i in range(0, len(tasks), BATCH)]
    if workers == 1:
        return map(Worker(stages, default_workers()), map(prepare, batches))
    return _parallel(batches, stages, workers, prepare)


def _run(
    n_tasks: int, tables: Mapping[StageKind, FeatureTable], results: Iterable[Result], progress: bool
) -> dict[str, str]:
    """Write results as shards while they come; return key to cause of the photos that failed."""
    from tqdm import tqdm

    pending = Result()

    def flush(least: int | None = None) -> None:
        for kind, table in tables.items():
            records = pending.records.get(kind, [])
            if len(records) >= (least or (SHARD_REMOTE if is_remote(table.folder) else SHARD)):
                table.append(records)
                records.clear()

    written = time.monotonic()
    try:
        with tqdm(total=n_tasks, desc="photos", unit="photo", disable=not progress, leave=None) as bar:
            for result in results:
                pending.merge(result)
                bar.update(result.photos)
                late = time.monotonic() - written > FLUSH_SECONDS
                flush(1 if late else None)
                written = time.monotonic() if late else written
    finally:
        flush(1)
    return pending.failed


def _parallel(
    batches: Iterable[Sequence[Task]],
    stages: Mapping[StageKind, Stage],
    workers: int,
    prepare: Prepare,
) -> Iterator[Result]:
    """Yield results as they come. When a photo takes its process down, its batch is retried one by one."""
    # each process computes with one thread; more would fight over the cores
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS"), "1"))
    queue = [list(b) for b in batches][::-1]
    alone: list[list[Task]] = []
    while queue or alone:
        source, width, ahead = (alone, 1, 1) if alone else (queue, workers, 2 * workers)
        pool = ProcessPoolExecutor(width, get_context("spawn"), _start, (stages,))
        running: dict[Future[Result], list[Task]] = {}
        _check_starts(pool)
        try:
            while source or running:
                while source and len(running) < ahead:
                    # a broken pool refuses: the batch must still be in the queue then
                    running[pool.submit(_work, prepare(source[-1]))] = source[-1]
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
                yield Result(failed={task.key: DIED}, photos=1)
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
