"""Inference with torch: no gradients, a given number of threads, and torch's own settings restored afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def inferring(threads: int | None = None) -> Iterator[None]:
    """Keep no gradients, and limit torch's threads if a number is given, until the block ends."""
    import torch

    before = torch.get_num_threads()
    if threads:
        torch.set_num_threads(threads)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(before)
