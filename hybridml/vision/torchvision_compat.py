"""Import of torchvision next to a torch that it was not built for.

``import torchvision`` registers fake implementations for its C++ operators. When its binary cannot be loaded,
as with a torchvision linked to CUDA beside a CPU build of torch, those operators do not exist and the import
stops at ``operator torchvision::nms does not exist``. Declaring their schemas first lets it finish. hybridml
uses the networks of torchvision only, none of these operators.
"""

from __future__ import annotations

import functools
import sys
import warnings
from types import ModuleType
from typing import Any

from hybridml.errors import MissingExtraError
from hybridml.utils.optional import install, missing

#: The operators for which importing torchvision registers fake implementations.
OPERATOR_SCHEMAS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}

# A library's declarations end with the object that holds them.
_declared: list[Any] = []


@functools.lru_cache(maxsize=1)
def import_torchvision() -> ModuleType:
    """Import torchvision, declaring its missing operators where its binary does not load.

    Does nothing besides importing where the operators load.

    Raises
    ------
    MissingExtraError
        When torch or torchvision is not installed, or torchvision stops for another reason.
    """
    try:
        import torch
    except ImportError as error:
        raise missing("ResNet-50", "torch", error) from error
    try:
        import torchvision
    except ModuleNotFoundError as error:
        raise missing("ResNet-50", "torchvision", error) from error
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise _unfit(error) from error
    else:
        return torchvision
    _forget()
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name, signature in OPERATOR_SCHEMAS.items():
        if not hasattr(torch.ops.torchvision, name):
            library.define(name + signature)
    _declared.append(library)
    try:
        with warnings.catch_warnings():
            # It says that its image codecs did not load either; Pillow decodes here.
            warnings.simplefilter("ignore", UserWarning)
            import torchvision
    except (ImportError, RuntimeError) as error:
        _forget()
        raise _unfit(error) from error
    return torchvision


def _unfit(error: Exception) -> MissingExtraError:
    return MissingExtraError(f"torchvision does not fit this torch: {install()} ({error})")


def _forget() -> None:
    """Drop the half-imported modules, so that the next import starts over."""
    for name in [n for n in sys.modules if n == "torchvision" or n.startswith("torchvision.")]:
        del sys.modules[name]
