"""Reading and looking on many machines: batches of photos as tasks of a Dask cluster.

The workers read, look and send back what they found; the process that asked writes the store, so that every rule of the
store holds as on one machine. See docs/cluster.md.
"""

from .client import connected
from .compatibility import check
from .contents import remote_contents
from .dispatch import work

__all__ = ["check", "connected", "remote_contents", "work"]
