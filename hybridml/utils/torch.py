"""Torch with a given number of threads and without gradients, its own settings restored afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def inferring(threads: int | None = None) -> Iterator[None]:
    """Keep no gradients and limit torch's threads, as :func:`limited_threads` does, until the block ends."""
    import torch

    with limited_threads(threads), torch.inference_mode():
        yield


@contextmanager
def limited_threads(threads: int | None = None) -> Iterator[None]:
    """Limit torch's threads until the block ends; by default torch chooses."""
    import torch

    before = torch.get_num_threads()
    if threads:
        torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
