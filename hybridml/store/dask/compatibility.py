"""Whether a worker of a cluster can do the work: asked before any photo is, so that no two machines disagree."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

from hybridml import __version__
from hybridml.errors import HybridmlError
from hybridml.store.worker import Worker
from hybridml.utils.hashing import fingerprint
from hybridml.utils.paths import MARK, check_protocol
from hybridml.vision.stages import VisionStages

from .client import workers_of

SECONDS = 2.0
"""How often to see whether the workers that were asked are still there."""

_made = threading.local()


class UnfitError(HybridmlError):
    """This worker lacks something, or has it in another version."""


def worker_of(stages: VisionStages, version: str, protocols: Iterable[str] = ()) -> Worker:
    """Return what works with ``stages`` in this thread of this process, which loads them once.

    Parameters
    ----------
    stages : mapping of kind to Stage
        What reads and looks.
    version : str
        Of hybridml where the work comes from.
    protocols : iterable of str
        File systems that photos lie on, ``"s3"``.

    Raises
    ------
    UnfitError
        When this machine has another version of hybridml, or of what an engine's results depend on, or lacks it.
    """
    if version != __version__:
        raise UnfitError(f"it has hybridml {__version__}, expected {version}: install that there")
    mark = fingerprint({"stages": stages.settings, "protocols": sorted(protocols)})
    known: dict[str, Worker] = vars(_made).setdefault("workers", {})
    if mark not in known:
        made = Worker(stages, threads=1)
        try:
            for protocol in protocols:
                check_protocol(protocol)
            made.processor.load()
        except HybridmlError as error:
            raise UnfitError(str(error)) from None
        known[mark] = made
    return known[mark]


def protocols_of(paths: Iterable[str]) -> list[str]:
    """Return the file systems that paths lie on, other than this machine's.

    Examples
    --------
    >>> protocols_of(["/photos/a.jpg", "s3://shop/b.jpg", "s3://shop/c.jpg"])
    ['s3']
    """
    return sorted({path.partition(MARK)[0] for path in paths if MARK in path})


def _unfit(stages: VisionStages, version: str, protocols: Sequence[str]) -> str:
    try:
        worker_of(stages, version, protocols)
    except UnfitError as error:
        return str(error)
    return ""


def check(client: Any, stages: VisionStages, protocols: Sequence[str] = ()) -> None:
    """Let every worker of a cluster load ``stages``, and what ``protocols`` need, before any work starts.

    Raises
    ------
    HybridmlError
        When workers are unfit; names each, and what it lacks.
    """
    from distributed import wait

    asked = {
        client.submit(
            _unfit, stages, __version__, protocols, workers=[address], pure=False, retries=0
        ): address
        for address in workers_of(client)
    }
    unfit, waiting = {}, set(asked)
    while waiting:
        # what was asked of a worker that went meanwhile is never answered
        there = workers_of(client)
        waiting = {future for future in waiting if asked[future] in there}
        try:
            done = wait(list(waiting), timeout=SECONDS, return_when="FIRST_COMPLETED").done if waiting else ()
        except TimeoutError:
            continue
        for future in done:
            waiting.discard(future)
            error = future.exception()
            if reason := f"{type(error).__name__}: {error}" if error is not None else future.result():
                unfit[asked[future]] = reason
    if unfit:
        told = "\n".join(f"  {address}: {reason}" for address, reason in unfit.items())
        raise HybridmlError(
            f"{len(unfit)} of {len(asked)} workers of the cluster cannot do this work; mend or stop them, then start "
            f"again:\n{told}"
        )
