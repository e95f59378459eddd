"""The compatibility check of a cluster's workers, made before any photo is sent so that all machines agree."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

from hybridml import __version__
from hybridml.errors import HybridmlError
from hybridml.store.worker import Worker
from hybridml.utils.hashing import fingerprint
from hybridml.utils.paths import SCHEME_SEPARATOR, check_protocol
from hybridml.vision.stages import VisionStages

POLL_SECONDS = 2.0
"""How often to look whether the workers that are being checked are still there."""

_made = threading.local()


class IncompatibleWorkerError(HybridmlError):
    """Something that the stages need is missing on this worker, or has another version there."""


def worker_of(stages: VisionStages, version: str, protocols: Iterable[str] = ()) -> Worker:
    """Return this thread's worker for ``stages`` and photos on the file systems ``protocols``; it loads them once.

    Raises
    ------
    IncompatibleWorkerError
        When this machine lacks something that the stages need, or has a package that changes results, or hybridml
        itself, in another version than the process that sends the work.
    """
    if version != __version__:
        raise IncompatibleWorkerError(
            f"it has hybridml {__version__}, expected {version}: install that there"
        )
    mark = fingerprint({"stages": stages.settings, "protocols": sorted(protocols)})
    known: dict[str, Worker] = vars(_made).setdefault("workers", {})
    if mark not in known:
        made = Worker(stages, threads=1)
        try:
            for protocol in protocols:
                check_protocol(protocol)
            made.processor.load()
        except HybridmlError as error:
            raise IncompatibleWorkerError(str(error)) from None
        known[mark] = made
    return known[mark]


def protocols_of(paths: Iterable[str]) -> list[str]:
    """Return the file systems of paths, other than this machine's.

    Examples
    --------
    >>> protocols_of(["/photos/a.jpg", "s3://shop/b.jpg", "s3://shop/c.jpg"])
    ['s3']
    """
    return sorted({path.partition(SCHEME_SEPARATOR)[0] for path in paths if SCHEME_SEPARATOR in path})


def _incompatibility(stages: VisionStages, version: str, protocols: Sequence[str]) -> str:
    """Return why this worker cannot do the work, or nothing; this runs on a worker."""
    try:
        worker_of(stages, version, protocols)
    except IncompatibleWorkerError as error:
        return str(error)
    return ""


def check(client: Any, stages: VisionStages, protocols: Sequence[str] = ()) -> None:
    """Let every worker of a cluster load ``stages`` and what ``protocols`` need, before any work starts.

    Raises
    ------
    HybridmlError
        When workers are incompatible; the message names each, and what it lacks.
    """
    from distributed import wait

    asked = {
        client.submit(
            _incompatibility, stages, __version__, protocols, workers=[address], pure=False, retries=0
        ): address
        for address in client.nthreads()
    }
    reasons, waiting = {}, set(asked)
    while waiting:
        # a worker that has left never answers
        present = client.nthreads()
        waiting = {future for future in waiting if asked[future] in present}
        try:
            done = (
                wait(list(waiting), timeout=POLL_SECONDS, return_when="FIRST_COMPLETED").done
                if waiting
                else ()
            )
        except TimeoutError:
            continue
        for future in done:
            waiting.discard(future)
            error = future.exception()
            if reason := f"{type(error).__name__}: {error}" if error is not None else future.result():
                reasons[asked[future]] = reason
    if reasons:
        listed = "\n".join(f"  {address}: {reason}" for address, reason in reasons.items())
        raise HybridmlError(
            f"{len(reasons)} of {len(asked)} workers of the cluster cannot do this work; fix or stop them, then start "
            f"again:\n{listed}"
        )
