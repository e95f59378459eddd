"""The dispatch of photos as tasks of a Dask cluster: vision stages, and content keys of remote photos."""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from hybridml import __version__
from hybridml.store.feature_store import PhotoContent, contents
from hybridml.store.worker import DIED, PhotoTask, Worker, WorkResult
from hybridml.utils.paths import SCHEME_SEPARATOR, path_of
from hybridml.vision.stages import VisionStages

from .client import connected
from .compatibility import IncompatibleWorkerError, check, protocols_of, worker_of

log = logging.getLogger(__name__)

Item = TypeVar("Item")

BATCH_SECONDS = 10.0
"""Target duration of a batch: long compared with the scheduler's cost of a task, but a kill loses little."""

FIRST_BATCH, LARGEST_BATCH = 8, 256
"""Photos of the first batches, and of a batch at most."""

BATCHES_AHEAD = 2
"""Batches that are sent for each that the workers can run at a time: one to run and one to continue with."""

RESULT_SECONDS = 10.0
"""Time without a result after which the workers are counted again."""


@dataclass(frozen=True)
class _Done:
    """What a worker sends back; ``refused`` says why it did nothing."""

    result: Any = None
    seconds: float = 0.0
    worker: str = ""
    refused: str = ""


def _work(
    run: Callable[[Worker, Sequence[Any]], Any],
    items: Sequence[Any],
    stages: VisionStages,
    version: str,
    protocols: Sequence[str],
) -> _Done:
    """Work on a batch; this runs on a worker."""
    from distributed import get_worker

    try:
        worker = worker_of(stages, version, protocols)
    except IncompatibleWorkerError as error:
        return _Done(worker=str(get_worker().address), refused=str(error))
    start = time.perf_counter()
    return _Done(run(worker, items), time.perf_counter() - start)


@dataclass
class _Batches:
    """Items in batches that take about :data:`BATCH_SECONDS`; items to be tried one by one come first.

    Towards the end batches shrink, so that all workers finish together (guided self-scheduling: C. Polychronopoulos
    and D. Kuck, IEEE Transactions on Computers, 1987).

    Examples
    --------
    >>> batches = _Batches(deque(range(60)))
    >>> len(batches.next(2)), batches.learn(8, 2.0), len(batches.next(2)), len(batches.next(2))
    (8, None, 24, 14)
    """

    left: deque[Any]
    alone: deque[Any] = field(default_factory=deque)
    size: int = FIRST_BATCH

    def __bool__(self) -> bool:
        return bool(self.left or self.alone)

    def next(self, shares: int) -> list[Any]:
        """Return the next batch: at most one of ``shares`` equal shares of the items left."""
        if self.alone:
            return [self.alone.popleft()]
        return [self.left.popleft() for _ in range(min(self.size, math.ceil(len(self.left) / shares)))]

    def learn(self, photos: int, seconds: float) -> None:
        """Adapt the batch size to how long a batch took; it grows at most threefold."""
        fits = photos * BATCH_SECONDS / max(seconds, 1e-6)
        self.size = round(min(max(fits, 1), 3 * self.size, LARGEST_BATCH))


def work(
    client: Any,
    tasks: Sequence[PhotoTask],
    stages: VisionStages,
    prepare: Callable[[Sequence[PhotoTask]], Sequence[PhotoTask]],
) -> Iterator[WorkResult]:
    """Yield the results of tasks as workers send them.

    Parameters
    ----------
    client : distributed.Client
        Client of the cluster.
    tasks : sequence of PhotoTask
        Photos, with paths that are valid on every worker.
    stages : VisionStages
        The stages to run.
    prepare : callable
        Completes a batch when it is sent.

    Raises
    ------
    HybridmlError
        When a worker is incompatible at the start.
    """

    def died(task: PhotoTask) -> WorkResult:
        log.error("%s took down every worker that tried it; left out", task.path)
        return WorkResult(failed={task.key: DIED}, photos=1)

    protocols = protocols_of(task.path for task in tasks)
    items = [replace(task, path=_absolute(task.path)) for task in tasks]
    return _results(client, Worker.__call__, items, stages, protocols, died, prepare)


def remote_contents(
    address: str, paths: Sequence[Path], progress: bool = False
) -> Iterator[tuple[int, PhotoContent]]:
    """Yield what :func:`hybridml.store.feature_store.contents` does, in any order, from the workers of a cluster.

    The bytes of the photos need not pass the calling process. See :func:`connected` for the other parameters.
    """
    items = [(number, _absolute(str(path))) for number, path in enumerate(paths)]

    def died(item: tuple[int, str]) -> list[tuple[int, PhotoContent]]:
        log.warning("workers died while they read %s to compute its key; this process reads it", item[1])
        return _contents_of(None, [item])

    protocols = protocols_of(path for _, path in items)
    with connected(address, progress) as client:
        for found in _results(client, _contents_of, items, VisionStages(None), protocols, died):
            yield from found


def _contents_of(_: Any, items: Sequence[tuple[int, str]]) -> list[tuple[int, PhotoContent]]:
    found = contents([path_of(path) for _, path in items])
    return [(number, content) for (number, _), (_, content) in zip(items, found, strict=True)]


def _results(
    client: Any,
    run: Callable[[Worker, Sequence[Item]], Any],
    items: Sequence[Item],
    stages: VisionStages,
    protocols: Sequence[str],
    died: Callable[[Item], Any],
    prepare: Callable[[Sequence[Item]], Sequence[Item]] = lambda batch: batch,
) -> Iterator[Any]:
    """Yield the results of batches as workers send them.

    When a worker leaves, another does its batches again. An item that takes down every worker that tries it has the
    result that ``died`` returns. A worker that joins is used at once; an incompatible one is left out with a warning.
    """
    from distributed import wait

    check(client, stages, protocols)
    batches = _Batches(deque(items))
    running: dict[Any, list[Item]] = {}
    refused: set[str] = set()
    slots, counted = 0, 0.0
    while batches or running:
        if time.monotonic() - counted > RESULT_SECONDS / 2 or not slots:
            workers = {a: n for a, n in client.nthreads().items() if a not in refused}
            slots, counted = sum(workers.values()), time.monotonic()
        ahead = BATCHES_AHEAD * max(slots, 1)
        while batches and len(running) < ahead:
            batch = batches.next(ahead)
            where = {"workers": list(workers)} if refused and workers else {}
            future = client.submit(
                _work, run, prepare(batch), stages, __version__, protocols, pure=False, **where
            )
            running[future] = batch
        try:
            done = wait(list(running), timeout=RESULT_SECONDS, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            if not client.nthreads():
                log.warning("the cluster has no workers left; waiting for some to join")
            continue
        for future in done:
            batch = running.pop(future)
            found = _outcome(future, batch, batches, died)
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


def _outcome(future: Any, batch: list[Item], batches: _Batches, died: Callable[[Item], Any]) -> _Done | None:
    """Return the result of a batch, or None if its items are to be tried one by one."""
    from distributed.scheduler import KilledWorker

    try:
        done: _Done = future.result()
        return done
    except KilledWorker:
        if len(batch) == 1:
            return _Done(died(batch[0]))
        log.warning("workers died; the photos of their batch are tried again one by one")
        batches.alone.extend(batch)
        return None


def _absolute(path: str) -> str:
    """Return a path that is valid whatever folder a worker was started in."""
    return path if SCHEME_SEPARATOR in path else str(Path(path).absolute())
