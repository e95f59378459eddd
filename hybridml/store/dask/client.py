"""The connection to a Dask cluster."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hybridml.errors import HybridmlError
from hybridml.utils.optional import require

SECONDS = 15
"""How long to wait for a scheduler that does not answer."""

_told: set[str] = set()


@contextmanager
def connected(address: str, progress: bool = False) -> Iterator[Any]:
    """Give a client of the cluster whose scheduler is at ``address``.

    Parameters
    ----------
    address : str
        As ``dask scheduler`` prints it: ``"tcp://10.0.0.5:8786"``.
    progress : bool
        Say where the dashboard is, once a process.

    Raises
    ------
    MissingExtraError
        When Dask is not installed.
    HybridmlError
        When no scheduler answers, or it has no workers; says what to type.
    """
    require(f"the cluster at {address}", ("dask", "distributed"), "dask")
    from distributed import Client

    try:
        client = Client(address, timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise HybridmlError(
            f"no Dask scheduler answers at {address} ({error}): start one with 'dask scheduler' and give the address "
            "that it prints, or try it on this machine with 'make cluster'"
        ) from None
    try:
        if not workers_of(client):
            raise HybridmlError(
                f"the Dask cluster at {address} has no workers: start some with 'dask worker {address} --nthreads 1'"
            )
        if progress:
            _tell_dashboard(client)
        with client.as_current():
            yield client
    finally:
        client.close()


def _tell_dashboard(client: Any) -> None:
    try:
        link = client.dashboard_link
    except KeyError:  # a scheduler that was started without
        return
    if link not in _told:
        _told.add(link)
        print(f"Dask's dashboard, where the work can be watched: {link}", file=sys.stderr)


def workers_of(client: Any) -> dict[str, int]:
    """Return the addresses of a cluster's workers and how many tasks each takes at a time."""
    return dict(client.nthreads())
