"""What is in photos afar, told by the workers: their bytes need not pass the process that asks."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hybridml import __version__
from hybridml.store.feature_store import PhotoContent, contents
from hybridml.utils.paths import path_of
from hybridml.vision.stages import VisionStages

from .client import connected, workers_of
from .compatibility import check, protocols_of, worker_of
from .dispatch import everywhere

NO_STAGES = VisionStages(None)

log = logging.getLogger(__name__)

AT_ONCE = 256
"""Photos of a task: seconds' work, most of it waiting."""

AHEAD = 3
"""Tasks that are sent for each that a worker can take."""


def _tell(paths: Sequence[str], version: str, protocols: Sequence[str]) -> list[PhotoContent]:
    """Tell the contents of some photos; this runs on a worker."""
    worker_of(NO_STAGES, version, protocols)
    return list(contents([path_of(path) for path in paths]))


def remote_contents(address: str, paths: Sequence[Path], progress: bool = False) -> Iterator[PhotoContent]:
    """Yield what :func:`hybridml.store.feature_store.contents` does, in the same order, told by the workers of a cluster.

    Parameters
    ----------
    address : str
        Of the scheduler.
    paths : sequence of path
        Photos afar.
    progress : bool
        Say where the dashboard is.

    Raises
    ------
    HybridmlError
        When there is no cluster, or a worker is unfit.
    """
    from distributed.scheduler import KilledWorker

    texts = [everywhere(str(path)) for path in paths]
    protocols = protocols_of(texts)
    starts = iter(range(0, len(texts), AT_ONCE))
    sent: deque[tuple[int, Any]] = deque()
    with connected(address, progress) as client:
        check(client, NO_STAGES, protocols)
        while True:
            room = AHEAD * max(sum(workers_of(client).values()), 1) - len(sent)
            for _, start in zip(range(room), starts, strict=False):
                batch = texts[start : start + AT_ONCE]
                sent.append((start, client.submit(_tell, batch, __version__, protocols, pure=False)))
            if not sent:
                return
            start, future = sent.popleft()
            try:
                yield from future.result()
            except KilledWorker:
                log.warning("workers died while they told what photos hold; it is told here")
                yield from contents(paths[start : start + AT_ONCE])
