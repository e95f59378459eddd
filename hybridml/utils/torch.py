"""Computing with torch: no gradients, as many threads as asked for, and torch left as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def inferring(threads: int | None = None) -> Iterator[None]:
    """Let torch compute on so many threads and keep no gradients until the block ends.

    Parameters
    ----------
    threads : int, optional
        By default torch's own choice.
    """
    import torch

    before = torch.get_num_threads()
    if threads:
        torch.set_num_threads(threads)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(before)
