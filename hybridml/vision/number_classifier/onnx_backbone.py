"""The backbone of the number classifier on ONNX Runtime, which takes half the time of torch on single photos."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hybridml.errors import HybridmlError
from hybridml.utils import cache
from hybridml.utils.optional import require

from .inputs import SIZE

Maps = Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""From planes (1, 3, size, size) to local (1, 96, size / 8, size / 8) and whole (1, 64)."""


def maps_of(network: Callable[[], Any], digest: str, version: int, threads: int | None) -> Maps:
    """Return :meth:`NumberClassifierNetwork.maps` as a function of arrays.

    ``network`` returns the network with the weights whose SHA-256 is ``digest``. It is called only where that was not
    converted before; the conversion takes some seconds, once on each machine.

    Raises
    ------
    MissingExtraError
        When a package is missing.
    HybridmlError
        When the network cannot be translated; says what to do.
    """
    require("the number classifier", ("torch", "onnx", "onnxruntime", "onnxscript", "platformdirs"))
    import onnxruntime
    import torch

    def make(target: Path) -> None:
        loaded = network()
        try:
            _translate(loaded, target)
        except Exception as error:
            raise HybridmlError(
                f"cannot translate the number classifier for ONNX Runtime ({type(error).__name__}: {error}): use the "
                "versions that setup.cfg names, or leave it out with '--effort fast' or '--without number_classifier'"
            ) from error

    file = cache.made_once("number_class.onnx", f"{digest} {version} {torch.__version__}", make)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def maps(planes: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        local, whole = session.run(["local", "whole"], {"planes": planes})
        return local, whole

    return maps


def _translate(network: Any, target: Path) -> None:
    import torch

    class AllButTheHead(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, planes: torch.Tensor) -> Any:
            return self.network.maps(planes)

    exporter = logging.getLogger("torch.onnx")
    before = exporter.level
    exporter.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch about itself
            torch.onnx.export(
                AllButTheHead().eval(),
                (torch.zeros(1, 3, SIZE, SIZE),),
                str(target),
                dynamo=True,
                external_data=False,
                input_names=["planes"],
                output_names=["local", "whole"],
                verbose=False,
            )
    finally:
        exporter.setLevel(before)
