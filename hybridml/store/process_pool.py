"""The process pool of this machine: batches of photos are worked on in parallel, and a crash costs one photo."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process

from hybridml.errors import HybridmlError
from hybridml.vision.stages import VisionStages

from .worker import DIED, PhotoTask, Worker, WorkResult

log = logging.getLogger(__name__)

PHOTOS_PER_TASK = 8
"""Photos that a worker takes at a time: one forward pass of the network."""

Prepare = Callable[[Sequence[PhotoTask]], Sequence[PhotoTask]]

_worker: Worker | None = None


def _start(stages: VisionStages) -> None:
    global _worker
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker = Worker(stages, threads=1)


def _end_with_parent() -> None:
    """End this process when the one that started it is killed: it would wait for work forever."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _work(tasks: Sequence[PhotoTask]) -> WorkResult:
    assert _worker is not None
    return _worker(tasks)


def default_workers() -> int:
    """Return how many processes to use: one per core this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def work(
    tasks: Sequence[PhotoTask], stages: VisionStages, workers: int, prepare: Prepare
) -> Iterator[WorkResult]:
    """Return the results of ``tasks``, worked on by this machine."""
    batches = [tasks[i : i + PHOTOS_PER_TASK] for i in range(0, len(tasks), PHOTOS_PER_TASK)]
    if workers == 1:
        return map(Worker(stages, default_workers()), map(prepare, batches))
    return _parallel(batches, stages, workers, prepare)


def _parallel(
    batches: Iterable[Sequence[PhotoTask]],
    stages: VisionStages,
    workers: int,
    prepare: Prepare,
) -> Iterator[WorkResult]:
    """Yield results as they come. When a photo takes its process down, its batch is retried one by one."""
    # each process computes with one thread; more would fight over the cores
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS"), "1"))
    queue = [list(b) for b in batches][::-1]
    alone: list[list[PhotoTask]] = []
    while queue or alone:
        source, width, ahead = (alone, 1, 1) if alone else (queue, workers, 2 * workers)
        pool = ProcessPoolExecutor(width, get_context("spawn"), _start, (stages,))
        running: dict[Future[WorkResult], list[PhotoTask]] = {}
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
                yield WorkResult(failed={task.key: DIED}, photos=1)
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
