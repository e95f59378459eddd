"""The ONNX models of an OCR engine: those of its wheel, or lighter copies that are made once on each machine."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hybridml.errors import HybridmlError, MissingExtraError
from hybridml.utils import cache
from hybridml.utils.hashing import sha256_of
from hybridml.utils.optional import require

from . import quantize

NEEDED = ("onnx", "onnxruntime", "platformdirs")
"""Packages that are needed to make and keep a lighter copy."""

CHARACTERS_VERSION = 1
"""Counts up with every change of :func:`without_east_asian` that changes a copy."""

EAST_ASIAN = 0x2E80
"""The first code point of the East Asian scripts; what lies below is kept."""

KEY = "character"
"""Metadata key of the characters that PP-OCR's recognizers know, one per line."""


def check(model: Path, eight: bool = False, western: bool = False) -> None:
    """Raise :class:`MissingExtraError` when :func:`lighter` lacks a package, or the ranges of this model."""
    if eight or western:
        require("OCR with lighter networks (any --effort but best)", NEEDED)
    if eight and (reason := quantize.missing(model)):
        raise MissingExtraError(reason)


def lighter(model: Path, eight: bool = False, western: bool = False) -> Path:
    """Return a copy of a network that takes less time, made now where there is none yet: some seconds, once.

    Parameters
    ----------
    model : Path
        An ONNX file; returned unchanged if neither option is set.
    eight : bool
        Compute in 8-bit integers, see :mod:`hybridml.vision.ocr.quantize`.
    western : bool
        A recognizer without East Asian characters, see :func:`without_east_asian`.

    Raises
    ------
    MissingExtraError
        When a package, or the ranges of this model, are missing.
    HybridmlError
        When the copy cannot be made or written; says what to do.
    """
    if not eight and not western:
        return model
    check(model, eight, western)
    import onnxruntime

    source = sha256_of(model)
    made_of = [source]
    made_of += [f"western {CHARACTERS_VERSION}"] if western else []
    made_of += [f"int8 {quantize.digest(model)} {onnxruntime.__version__}"] if eight else []
    name = "-".join([model.stem, *(["western"] if western else []), *(["int8"] if eight else [])])

    def make(target: Path) -> None:
        try:
            _make(model, target, eight, western)
        except Exception as error:
            raise HybridmlError(
                f"cannot make a lighter copy of {model.name} ({type(error).__name__}: {error}): use "
                "precision='float32' and characters='all' (--effort best), or the versions that setup.cfg names"
            ) from error

    return cache.made_once(f"{name}.onnx", " ".join(made_of), make)


def _make(model: Path, target: Path, eight: bool, western: bool) -> None:
    import onnx

    with TemporaryDirectory() as folder:
        source = model
        if western:
            source = Path(folder) / model.name
            onnx.save(without_east_asian(onnx.load(str(model))), str(source))
        if eight:
            quantize.quantize(source, target, quantize.ranges_of(model))
        else:
            target.write_bytes(source.read_bytes())


def western(characters: list[str]) -> list[int]:
    """Return which characters are not East Asian.

    Examples
    --------
    >>> western(["a", "5", "米", "µ", "克"])
    [0, 1, 3]
    """
    return [i for i, text in enumerate(characters) if text and max(map(ord, text)) < EAST_ASIAN]


def without_east_asian(network: Any) -> Any:
    """Take the East Asian characters from a recognizer, in place: from its last layer and from its list.

    Most characters that it knows are East Asian, and leaving them out saves time. What stands in such a script is
    then read as what looks most like it, or as nothing.

    Raises
    ------
    ValueError
        When this is no network of PP-OCR's, whose last matrix has a column for the blank, each character, and the
        space.
    """
    from onnx import numpy_helper

    held = [entry for entry in network.metadata_props if entry.key == KEY]
    if not held:
        raise ValueError("it does not hold the list of its characters")
    characters = held[0].value.splitlines()
    keep = western(characters)
    classes = len(characters) + 2
    columns = [0, *(i + 1 for i in keep), classes - 1]
    found = [tensor for tensor in network.graph.initializer if tensor.dims and tensor.dims[-1] == classes]
    if len(found) != 2:
        raise ValueError(f"it has {len(found)} layers over {classes} characters, expected 2")
    for tensor in found:
        values = numpy_helper.to_array(tensor)[..., columns]
        tensor.CopyFrom(numpy_helper.from_array(values.copy(), tensor.name))
    for value in (*network.graph.output, *network.graph.value_info):
        sides = value.type.tensor_type.shape.dim
        if sides and sides[-1].dim_value == classes:
            sides[-1].dim_value = len(columns)
    held[0].value = "\n".join(characters[i] for i in keep)
    return network
