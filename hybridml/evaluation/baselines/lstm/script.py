"""The network in TorchScript: one file that predicts without the code that learned it."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def scripted(network: Any) -> bytes:
    """Return a network in TorchScript, on the CPU and ready for inference."""
    import torch

    file = io.BytesIO()
    with _without_advice():
        torch.jit.save(torch.jit.script(network.cpu().eval()), file)
    return file.getvalue()


def loaded(script: bytes, device: str = "cpu") -> Any:
    """Return the network that :func:`scripted` wrote down."""
    import torch

    with _without_advice():
        return torch.jit.load(io.BytesIO(script), map_location=device)


@contextmanager
def _without_advice() -> Iterator[None]:
    """Leave out torch's advice to export instead, which knows no sequences of differing length."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*torch.jit.*", DeprecationWarning)
        yield
