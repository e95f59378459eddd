"""The content keys of remote photos, computed by the workers so that the bytes need not pass the calling process."""

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

from .client import connected
from .compatibility import check, protocols_of, worker_of
from .dispatch import absolute

NO_STAGES = VisionStages(None)

log = logging.getLogger(__name__)

PHOTOS_PER_TASK = 256
"""Photos whose content keys are one task: seconds of work, most of it waiting."""

TASKS_AHEAD = 3
"""Tasks that are sent for each that the workers can run at a time."""


def _contents_of(paths: Sequence[str], version: str, protocols: Sequence[str]) -> list[PhotoContent]:
    """Return the contents of some photos; this runs on a worker."""
    worker_of(NO_STAGES, version, protocols)
    return list(contents([path_of(path) for path in paths]))


def remote_contents(address: str, paths: Sequence[Path], progress: bool = False) -> Iterator[PhotoContent]:
    """Yield what :func:`hybridml.store.feature_store.contents` does, in the same order, from the workers of a cluster.

    Parameters
    ----------
    address : str
        Address of the scheduler.
    paths : sequence of path
        Remote photos.
    progress : bool
        Print the address of the dashboard.

    Raises
    ------
    HybridmlError
        When there is no cluster, or a worker is incompatible.
    """
    from distributed.scheduler import KilledWorker

    texts = [absolute(str(path)) for path in paths]
    protocols = protocols_of(texts)
    starts = iter(range(0, len(texts), PHOTOS_PER_TASK))
    sent: deque[tuple[int, Any]] = deque()
    with connected(address, progress) as client:
        check(client, NO_STAGES, protocols)
        while True:
            room = TASKS_AHEAD * max(sum(client.nthreads().values()), 1) - len(sent)
            for _, start in zip(range(room), starts, strict=False):
                batch = texts[start : start + PHOTOS_PER_TASK]
                sent.append((start, client.submit(_contents_of, batch, __version__, protocols, pure=False)))
            if not sent:
                return
            start, future = sent.popleft()
            try:
                yield from future.result()
            except KilledWorker:
                log.warning(
                    "workers died while they read photos to compute their keys; this process reads them"
                )
                yield from contents(paths[start : start + PHOTOS_PER_TASK])
