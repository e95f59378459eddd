"""Extraction on a Dask cluster: batches of photos as tasks for workers on many machines.

The workers run the vision stages and send back the results; the calling process writes the store, so that all rules of
the store hold as on one machine. Dask connections are neither authenticated nor encrypted unless TLS is configured.
"""

from .client import connected
from .compatibility import check
from .dispatch import remote_contents, work

__all__ = ["check", "connected", "remote_contents", "work"]
