"""The ONNX models of an OCR engine: those of its wheel, or lighter copies that are made once on each machine."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hybridml.errors import HybridmlError, MissingExtraError
from hybridml.utils import cache
from hybridml.utils.hashing import sha256_of
from hybridml.utils.optional import require

from . import charset, quantize

NEEDED = ("onnx", "onnxruntime", "platformdirs")
"""Packages that making and keeping a lighter copy takes."""


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
        An ONNX file; returned as it is where nothing is asked for.
    eight : bool
        Compute in 8-bit integers, see :mod:`hybridml.vision.ocr.quantize`.
    western : bool
        A recognizer without East Asian characters, see :mod:`hybridml.vision.ocr.charset`.

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
    made_of += [f"western {charset.VERSION}"] if western else []
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
            onnx.save(charset.western(onnx.load(str(model))), str(source))
        if eight:
            quantize.quantize(source, target, quantize.ranges_of(model))
        else:
            target.write_bytes(source.read_bytes())
