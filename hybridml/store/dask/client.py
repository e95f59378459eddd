"""The connection to a Dask cluster."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hybridml.errors import HybridmlError
from hybridml.utils.optional import require

CONNECT_SECONDS = 15
"""Time to wait for a scheduler that does not answer."""

_announced: set[str] = set()


@contextmanager
def connected(address: str, progress: bool = False) -> Iterator[Any]:
    """Connect to the cluster whose scheduler is at ``address``; yields a client.

    Parameters
    ----------
    address : str
        As ``dask scheduler`` prints it: ``"tcp://10.0.0.5:8786"``.
    progress : bool
        Print the address of the dashboard, once per process.

    Raises
    ------
    MissingExtraError
        When Dask is not installed.
    HybridmlError
        When no scheduler answers, or it has no workers; the message says what to type.
    """
    require(f"the cluster at {address}", ("dask", "distributed"), "dask")
    from distributed import Client
    from distributed.security import Security

    if address.startswith("tls://") and not Security().get_connection_args("client").get("ssl_context"):
        raise HybridmlError(
            f"Dask has no certificates to connect to {address}: name them in its configuration, such as "
            "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, ...__TLS__CLIENT__CERT and ...__TLS__CLIENT__KEY"
        )
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise HybridmlError(
            f"no Dask scheduler answers at {address} ({error}): start one with 'dask scheduler --host 127.0.0.1' and "
            "give the address that it prints, or try it on this machine with 'make cluster'"
        ) from None
    try:
        if not client.nthreads():
            raise HybridmlError(
                f"the Dask cluster at {address} has no workers: start some with 'dask worker {address} --nthreads 1 "
                "--host HOST', where HOST is their machine's address in a network that only you can reach: a worker "
                "runs whatever code anyone sends it"
            )
        if progress:
            _announce_dashboard(client)
        with client.as_current():
            yield client
    finally:
        client.close()


def _announce_dashboard(client: Any) -> None:
    try:
        link = client.dashboard_link
    except KeyError:  # the scheduler was started without a dashboard
        return
    if link not in _announced:
        _announced.add(link)
        print(f"Dask's dashboard shows the progress: {link}", file=sys.stderr)
