"""Files of trained weights: read, compared with the network they are for, and made ready for inference.

torch is imported when a file is read, not before.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from hybridml.errors import WeightsError

KEYS_SHOWN = 5
"""The most names of weights that a message lists."""


def loaded(
    make: Callable[[], Any],
    path: Path,
    what: str,
    remedy: str = "",
    unused: Collection[str] = (),
    prefix: str = "",
) -> Any:
    """Return a network with the weights of a file, ready for inference.

    Parameters
    ----------
    make : callable
        Returns the network, whose initial weights are not used.
    path : Path
        What ``torch.save`` wrote.
    what : str
        Name of the network, for messages.
    remedy : str
        What to do when the weights do not fit, for messages.
    unused : collection of str
        Weights that may be missing and are not loaded; nor are counters of training steps.
    prefix : str
        Of the names in the file, where ``network`` is a part of what was saved; the rest is not loaded.

    Raises
    ------
    WeightsError
        When the file cannot be read or does not fit; names weights that are missing, too many or misshapen.
    """
    import torch

    # Without storage: initial values would be drawn for a second only to be replaced.
    with torch.device("meta"):
        network = make()

    def used(key: str) -> bool:
        return key not in unused and not key.endswith("num_batches_tracked")

    def fault(message: str) -> WeightsError:
        return WeightsError(f"{path}: {message}" + (f"; {remedy}" if remedy else ""))

    try:
        # torch maps its newer files only, which are archives: what is not used of them is not read
        held = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # pickle, zip and torch each have their own
        cause = (str(error).splitlines() or [type(error).__name__])[0]
        raise fault(f"is not a file of weights that torch can load: {cause}") from error
    if not isinstance(held, dict):
        raise fault(f"expected a state_dict, got {type(held).__name__}")
    own = {str(key): value for key, value in held.items() if str(key).startswith(prefix)}
    state = {name: value for key, value in own.items() if used(name := key.removeprefix(prefix))}
    wanted = {key: value for key, value in network.state_dict().items() if used(key)}
    both = set(wanted) & set(state)
    faults = {
        "missing": set(wanted) - set(state),
        "unexpected": set(state) - set(wanted),
        "of the wrong shape": {k for k in both if getattr(state[k], "shape", None) != wanted[k].shape},
    }
    differences = "; ".join(
        f"{len(keys)} keys {kind}: {_listed(keys)}" for kind, keys in faults.items() if keys
    )
    if differences:
        raise fault(f"is not a state_dict of {what}: {differences}")
    network.load_state_dict({k: v.float() for k, v in state.items()}, strict=False, assign=True)
    return network.eval().requires_grad_(False)


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
