"""Eight-bit copies of an OCR engine's ONNX models, made from the models of its wheel.

Most convolutions compute in 8-bit integers (weights per channel, activations per tensor), which on a processor with
8-bit dot products takes about half the time. What each tensor's values range
over was measured on photos (``python -m benchmarks.calibrate``) and is packaged, so the copy that is made is the same
everywhere: B. Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference, CVPR 2018.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# Of this module: counts up with every change that changes a copy.
VERSION = 2
RANGES = Path(__file__).parent / "int8"
# Scales per channel came with operator set 13.
OPERATOR_SET = 17
# Convolutions left as they are, by network: with the recognizer's first ones in full precision far more lines read
# the same.
FIRST_KEPT = {"PP-OCRv6_rec_small": 6}
# What else handles 8-bit integers, by network: between two convolutions, it would turn them into floats and back.
BETWEEN = {"PP-OCRv6_det_small": ["Concat", "MaxPool", "Resize"]}


def ranges_of(model: Path) -> Path:
    """Return the file with the ranges of a model's tensors."""
    return RANGES / f"{model.stem}.json"


def missing(model: Path) -> str | None:
    """Return what is missing to copy ``model``, besides packages, and what to do; None if nothing is."""
    if not ranges_of(model).is_file():
        return (
            f"no ranges for reading {model.name} in 8 bits: use precision='float32', or measure them with "
            "'python -m benchmarks.calibrate'"
        )
    return None


def digest(model: Path) -> str:
    """Return what stands for the copy's weights beside those of ``model`` in an OCR engine's settings."""
    return f"{VERSION}:{hashlib.sha256(ranges_of(model).read_bytes()).hexdigest()[:16]}"


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
        newer, plain, fused, made = (
            str(Path(folder) / f"{name}.onnx") for name in ("newer", "plain", "fused", "made")
        )
        onnx.save(version_converter.convert_version(original, OPERATOR_SET), newer)
        quant_pre_process(newer, plain, skip_symbolic_shape=True)
        _fuse(plain, fused)
        quantization.quantize_static(
            fused,
            made,
            Inputs() if photos is not None else None,
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=["Conv", *BETWEEN.get(model.stem, [])],
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            calibrate_method=quantization.CalibrationMethod.MinMax,
            nodes_to_exclude=_sensitive(onnx.load(fused), FIRST_KEPT.get(model.stem, 0)),
            # the mean of the photos' ranges: the widest of all would leave few levels for the usual
            extra_options={"CalibMovingAverage": True},
            calibration_cache_path=str(ranges),
        )
        copy = onnx.load(made)
        del copy.metadata_props[:]
        copy.metadata_props.extend(original.metadata_props)  # the characters that a recognizer knows
        onnx.save(copy, str(target))


def _fuse(model: str, target: str) -> None:
    """Write ``model`` with its activations as one operation each: in 8 bits their parts are no longer recognised.

    Not joined with convolutions, which would then not be quantized.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = target
    options.log_severity_level = 3
    onnxruntime.InferenceSession(
        model, options, providers=["CPUExecutionProvider"], disabled_optimizers=["ConvActivationFusion"]
    )


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
