"""Photos as tasks of a Dask cluster."""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hybridml import __version__
from hybridml.store.worker import DIED, PhotoTask, WorkResult
from hybridml.utils.paths import MARK
from hybridml.vision.stages import VisionStages

from .client import workers_of
from .compatibility import UnfitError, check, protocols_of, worker_of

log = logging.getLogger(__name__)

SECONDS = 10.0
"""How long a batch should take: long beside what a task costs the scheduler, short beside what a kill loses."""

FIRST, LARGEST = 8, 256
"""Photos of the first batches, and of any."""

AHEAD = 2
"""Batches that are sent for each that a worker can take: one to work on, one to go on with."""

PATIENCE = 10.0
"""Seconds without a result after which the workers are counted again."""


@dataclass(frozen=True)
class _Done:
    """What a worker sends back; ``refused`` is why it did nothing."""

    result: WorkResult
    seconds: float = 0.0
    worker: str = ""
    refused: str = ""


def _work(tasks: Sequence[PhotoTask], stages: VisionStages, version: str, protocols: Sequence[str]) -> _Done:
    """Work on a batch; this runs on a worker."""
    from distributed import get_worker

    try:
        worker = worker_of(stages, version, protocols)
    except UnfitError as error:
        return _Done(WorkResult(), worker=str(get_worker().address), refused=str(error))
    start = time.perf_counter()
    return _Done(worker(tasks), time.perf_counter() - start)


@dataclass
class _Batches:
    """Tasks in batches as large as the work takes to fill :data:`SECONDS`, those to be tried one by one first.

    Towards the end batches shrink, so that all workers end together (guided self-scheduling: C. Polychronopoulos and
    D. Kuck, IEEE Transactions on Computers, 1987).

    Examples
    --------
    >>> batches = _Batches(deque(PhotoTask(str(i), "", frozenset()) for i in range(60)))
    >>> len(batches.next(2)), batches.learn(8, 2.0), len(batches.next(2)), len(batches.next(2))
    (8, None, 24, 14)
    """

    left: deque[PhotoTask]
    alone: deque[PhotoTask] = field(default_factory=deque)
    size: int = FIRST

    def __bool__(self) -> bool:
        return bool(self.left or self.alone)

    def next(self, shares: int) -> list[PhotoTask]:
        """Return the next batch: no more than one of so many shares of what is left."""
        if self.alone:
            return [self.alone.popleft()]
        return [self.left.popleft() for _ in range(min(self.size, math.ceil(len(self.left) / shares)))]

    def learn(self, photos: int, seconds: float) -> None:
        """Take note of how long a batch took; no batch is more than three times as large as those before."""
        fits = photos * SECONDS / max(seconds, 1e-6)
        self.size = round(min(max(fits, 1), 3 * self.size, LARGEST))


def work(
    client: Any,
    tasks: Sequence[PhotoTask],
    stages: VisionStages,
    prepare: Callable[[Sequence[PhotoTask]], Sequence[PhotoTask]],
) -> Iterator[WorkResult]:
    """Yield the results of tasks as workers send them.

    A worker that goes costs nothing: what it had is done by another. A photo that takes down every worker that tries
    it is left out. A worker that joins is used at once, unless it is unfit, which is said.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster.
    tasks : sequence of Task
        Photos; their paths must lead to them on every worker.
    stages : mapping of kind to Stage
        What reads and looks.
    prepare : callable
        Completes a batch when it is sent.

    Raises
    ------
    HybridmlError
        When workers are unfit when it starts.
    """
    from distributed import wait

    protocols = protocols_of(task.path for task in tasks)
    check(client, stages, protocols)
    batches = _Batches(deque(replace(task, path=everywhere(task.path)) for task in tasks))
    running: dict[Any, list[PhotoTask]] = {}
    refused: set[str] = set()
    slots, counted = 0, 0.0
    while batches or running:
        if time.monotonic() - counted > PATIENCE / 2 or not slots:
            workers = {a: n for a, n in workers_of(client).items() if a not in refused}
            slots, counted = sum(workers.values()), time.monotonic()
        ahead = AHEAD * max(slots, 1)
        while batches and len(running) < ahead:
            batch = batches.next(ahead)
            where = {"workers": list(workers)} if refused and workers else {}
            future = client.submit(_work, prepare(batch), stages, __version__, protocols, pure=False, **where)
            running[future] = batch
        try:
            done = wait(list(running), timeout=PATIENCE, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            if not workers_of(client):
                log.warning("the cluster has no workers left; waiting for some to join")
            continue
        for future in done:
            batch = running.pop(future)
            found = _outcome(future, batch, batches)
            if found is None:
                continue
            if found.refused:
                if found.worker not in refused:
                    log.warning("worker %s is left out: %s", found.worker, found.refused)
                refused.add(found.worker)
                slots = 0
                batches.left.extendleft(reversed(batch))
                continue
            if found.seconds:
                batches.learn(len(batch), found.seconds)
            yield found.result


def _outcome(future: Any, batch: list[PhotoTask], batches: _Batches) -> _Done | None:
    """Return what came of a batch, or None where its photos are to be tried one by one."""
    from distributed.scheduler import KilledWorker

    try:
        done: _Done = future.result()
        return done
    except KilledWorker:
        if len(batch) > 1:
            log.warning("workers died; the photos that they may have died of are tried again one by one")
            batches.alone.extend(batch)
            return None
        log.error("%s took the workers that tried it down; left out", batch[0].path)
        return _Done(WorkResult(failed={batch[0].key: DIED}, photos=1))


def everywhere(path: str) -> str:
    """Return a path that does not depend on the folder in which a worker was started."""
    return path if MARK in path else str(Path(path).absolute())
