"""Eight-bit copies of a reader's ONNX models, made once on each machine from the models of its wheel.

Most convolutions compute in 8-bit integers (convolutions; weights per channel, activations
per tensor), which on a processor with 8-bit dot products takes about half the time. What each tensor's values range
over was measured on photos (``python -m benchmarks.calibrate``) and is packaged, so the copy that is made is the same
everywhere: B. Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference, CVPR 2018.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .. import files
from ..errors import HybridmlError, MissingExtraError

log = logging.getLogger(__name__)

# Of this module: counts up with every change that changes a copy.
VERSION = 1
RANGES = Path(__file__).parent.parent / "data" / "int8"
# Scales per channel came with operator set 13.
OPERATOR_SET = 17
# Convolutions left as they are, by network: with the recognizer's first ones in full precision far more lines read
# the same.
FIRST_KEPT = {"PP-OCRv6_rec_small": 6}
INSTALL = 'pip install "hybridml[read]"'


def ranges_of(model: Path) -> Path:
    """Return the file with the ranges of a model's tensors."""
    return RANGES / f"{model.stem}.json"


def missing(model: Path) -> str | None:
    """Return what making a copy of ``model`` lacks and what to do, or None."""
    for module in ("onnx", "onnxruntime", "platformdirs"):
        if importlib.util.find_spec(module) is None:
            return f"reading in 8 bits needs {module}, which is not installed: {INSTALL}"
    if not ranges_of(model).is_file():
        return (
            f"no ranges for reading {model.name} in 8 bits: use precision='float32', or measure them with "
            "'python -m benchmarks.calibrate'"
        )
    return None


def digest(model: Path) -> str:
    """Return what stands for the copy's weights beside those of ``model`` in a reader's settings."""
    return f"{VERSION}:{hashlib.sha256(ranges_of(model).read_bytes()).hexdigest()[:16]}"


def cache_folder() -> Path:
    """Return where copies are kept: the environment variable HYBRIDML_CACHE, or the user's cache folder."""
    from platformdirs import user_cache_path

    own = os.environ.get("HYBRIDML_CACHE")
    return Path(own) if own else user_cache_path("hybridml")


def int8_copy(model: Path) -> Path:
    """Return the eight-bit copy of a model, made now where there is none yet: some seconds, once.

    Parameters
    ----------
    model : Path
        An ONNX file.

    Raises
    ------
    MissingExtraError
        When a package, or the ranges of this model, are missing.
    HybridmlError
        When the copy cannot be made or written; says what to do.
    """
    import onnxruntime

    if reason := missing(model):
        raise MissingExtraError(reason)
    source = hashlib.sha256(model.read_bytes()).hexdigest()
    told = f"{source} {digest(model)} {onnxruntime.__version__}"
    copy = cache_folder() / f"{model.stem}-int8-{hashlib.sha256(told.encode()).hexdigest()[:16]}.onnx"
    if not copy.is_file():
        log.info("making an 8-bit copy of %s, once: %s", model.name, copy)
        with files.atomic(copy) as temporary:
            try:
                quantize(model, temporary, ranges_of(model))
            except Exception as error:
                raise HybridmlError(
                    f"cannot make an 8-bit copy of {model.name} ({type(error).__name__}: {error}): "
                    "use precision='float32' (--effort best), or the versions that setup.cfg names"
                ) from error
    return copy


def quantize(model: Path, target: Path, ranges: Path, photos: Iterable[dict[str, Any]] | None = None) -> None:
    """Write the eight-bit copy of ``model`` to ``target``.

    Parameters
    ----------
    model, target : Path
        ONNX files.
    ranges : Path
        What the values of each tensor range over; written when ``photos`` are given.
    photos : iterable of dict, optional
        Inputs of the model to measure ranges on.
    """
    import onnx
    from onnx import version_converter
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Inputs(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self.left = iter(photos or ())

        def get_next(self) -> dict[str, Any] | None:
            return next(self.left, None)

    original = onnx.load(str(model))
    with tempfile.TemporaryDirectory() as folder:
        newer, prepared, made = (str(Path(folder) / f"{name}.onnx") for name in ("newer", "prepared", "made"))
        onnx.save(version_converter.convert_version(original, OPERATOR_SET), newer)
        quant_pre_process(newer, prepared, skip_symbolic_shape=True)
        quantization.quantize_static(
            prepared,
            made,
            Inputs() if photos is not None else None,
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            calibrate_method=quantization.CalibrationMethod.MinMax,
            nodes_to_exclude=_sensitive(onnx.load(prepared), FIRST_KEPT.get(model.stem, 0)),
            # the mean of the photos' ranges: the widest of all would leave few levels for the usual
            extra_options={"CalibMovingAverage": True},
            calibration_cache_path=str(ranges),
        )
        copy = onnx.load(made)
        del copy.metadata_props[:]
        copy.metadata_props.extend(original.metadata_props)  # the characters that a recognizer knows
        onnx.save(copy, str(target))


def _sensitive(model: Any, first: int) -> list[str]:
    """Return the names of the convolutions that stay as they are: the ``first`` ones, and those of single channels.

    They are few operations, and 8 bits lose most there.
    """
    shape = {tensor.name: tensor.dims for tensor in model.graph.initializer}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    return [
        node.name
        for i, node in enumerate(convolutions)
        if i < first or (len(shape.get(node.input[1], ())) == 4 and shape[node.input[1]][1] == 1)
    ]
