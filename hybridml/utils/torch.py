"""Inference with torch: no gradients, a given number of threads, and torch's own settings restored afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def inferring(threads: int | None = None) -> Iterator[None]:
    """Limit torch's threads and keep no gradients until the block ends.

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
