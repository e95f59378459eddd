"""Files of trained weights: read, held against the network they are for, and made ready for inference.

torch is imported when a file is read, not before.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hybridml.errors import WeightsError

KEYS_SHOWN = 5
"""Names of weights in a message at most."""


def read(path: Path, remedy: str = "") -> Mapping[str, Any]:
    """Return the ``state_dict`` of a file, mapped into memory where its format allows: what is not used is not loaded.

    Parameters
    ----------
    path : Path
        What ``torch.save`` wrote.
    remedy : str
        What to do when it is something else, for the message.

    Raises
    ------
    WeightsError
        When the file is no ``state_dict``.
    """
    import torch

    try:
        # torch maps its newer files only, which are archives
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # pickle, zip and torch each have their own
        cause = (str(error).splitlines() or [type(error).__name__])[0]
        raise WeightsError(
            _with(f"{path}: is not a file of weights that torch can load: {cause}", remedy)
        ) from error
    if not isinstance(state, dict):
        raise WeightsError(_with(f"{path}: expected a state_dict, got {type(state).__name__}", remedy))
    return state


def fitting(
    path: Path,
    network: Any,
    what: str,
    remedy: str = "",
    optional: Callable[[str], bool] = lambda key: False,
    prefix: str = "",
) -> dict[str, Any]:
    """Return the weights of a file, which are those of ``network`` to the last name and shape.

    Parameters
    ----------
    path : Path
        What ``torch.save`` wrote.
    network : Module
        Which network they are for; on device ``meta``, it takes no memory.
    what : str
        That network, for messages.
    remedy : str
        What to do when they are others, for messages.
    optional : callable
        Which names are left out, whether they are there or not.
    prefix : str
        Of the names in the file, where ``network`` is a part of what was saved; the rest is left out.

    Raises
    ------
    WeightsError
        When the file cannot be read or does not fit; names weights that are missing, too many or misshapen.
    """
    held = {str(key): value for key, value in read(path, remedy).items()}
    state = {key.removeprefix(prefix): value for key, value in held.items() if key.startswith(prefix)}
    state = {key: value for key, value in state.items() if not optional(key)}
    wanted = {key: value for key, value in network.state_dict().items() if not optional(key)}
    both = set(wanted) & set(state)
    faults = {
        "missing": set(wanted) - set(state),
        "unexpected": set(state) - set(wanted),
        "of the wrong shape": {k for k in both if getattr(state[k], "shape", None) != wanted[k].shape},
    }
    differences = "; ".join(
        f"{len(keys)} keys {fault}: {_listed(keys)}" for fault, keys in faults.items() if keys
    )
    if differences:
        raise WeightsError(_with(f"{path}: is not a state_dict of {what}: {differences}", remedy))
    return state


def _with(message: str, remedy: str) -> str:
    return f"{message}; {remedy}" if remedy else message


def _listed(keys: set[str]) -> str:
    names = sorted(keys)
    return ", ".join(names[:KEYS_SHOWN]) + (", ..." if len(names) > KEYS_SHOWN else "")


def fold_batch_norms(network: Any) -> None:
    """Fold the batch norms of torchvision's ResNet-50 into the convolutions before them: exact up to rounding."""
    import torch
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    def fold(module: Any, convolution: str, norm: str) -> None:
        setattr(module, convolution, fuse_conv_bn_eval(getattr(module, convolution), getattr(module, norm)))
        setattr(module, norm, torch.nn.Identity())

    fold(network, "conv1", "bn1")
    for layer in (network.layer1, network.layer2, network.layer3, network.layer4):
        for block in layer:
            for number in "123":
                fold(block, f"conv{number}", f"bn{number}")
            if block.downsample is not None:
                fold(block.downsample, "0", "1")
