"""One download at a time in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from hybridml.errors import HybridmlError

from .status import LOCK


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other downloads out of a folder; a killed process lets go of it.

    Raises
    ------
    HybridmlError
        When another download is at work there.
    """
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise HybridmlError(
            f"another download is at work in {folder} (it holds {folder / LOCK}); wait for its end, "
            "or give one of them another folder"
        ) from None
    try:
        yield
    finally:
        lock.release()
