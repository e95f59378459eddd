"""The file of an artifact: plain data with a format number and a checksum, compressed by zlib.

Reading one needs neither LightGBM nor an OCR engine.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hybridml import __version__
from hybridml.errors import ArtifactError, HybridmlError, MissingExtraError
from hybridml.utils.files import atomic
from hybridml.utils.paths import PRETRAINED_FOLDER
from hybridml.utils.plain_data import checksum, dumps, loads

MODEL = PRETRAINED_FOLDER / "hybridml.joblib"
"""The pretrained artifact."""

DEFAULT_MODEL = Path("models/model.joblib")
"""Where training writes an artifact, and where one is looked for first."""

FORMAT = 4
"""Raised when an artifact of the last format would be read otherwise, or not at all."""

OLDER_FORMATS = re.compile(rb"\x80\x04\x95.{8}}\x94\(\x8c\x06format\x94K([\x01-\x03])", re.DOTALL)
"""How the data of formats 1 to 3 begin, of which only the number is read."""

MAX_BYTES = 1 << 30
"""Bytes that a file may have, and decompress to."""

ALWAYS_ALLOWED = 1 << 26
"""Bytes that any file may decompress to, however small it is."""

MAX_RATIO = 100
"""How many times its size a larger file may decompress to: models need a few, decompression bombs a thousand."""


def write(data: Mapping[str, Any], path: str | Path) -> Path:
    """Write the data of an artifact with its checksum, whole or not at all.

    Parameters
    ----------
    data : mapping
        Plain data with ``"format"``, see :func:`hybridml.utils.plain_data.dumps`; a ``"checksum"`` in it is replaced.
    path : path
        The file; its folder is made when it is not there.

    Raises
    ------
    ArtifactError
        When something is not plain, or the file cannot be written.
    """
    plain = loads(dumps(without_checksum(data)))
    raw = dumps({"format": plain["format"], "checksum": checksum(plain), **plain})
    with atomic(path, ArtifactError) as temporary:
        temporary.write_bytes(zlib.compress(raw))
    return Path(path)


def read(path: str | Path) -> dict[str, Any]:
    """Return the data of an artifact; nothing in the file is ever run.

    Raises
    ------
    ArtifactError
        When there is no such file, it is no artifact, is damaged, holds anything but plain data, or has another format.
    """
    path = Path(path)
    if not path.is_file():
        raise ArtifactError(f"no model at {path}: train one with 'hybridml train', or name its file")
    try:
        raw = _decompressed(path)
        older = OLDER_FORMATS.match(raw)
        data = {"format": older[1][0]} if older else loads(raw)
    except ArtifactError as error:
        raise ArtifactError(
            f"{path} is refused: {printable(error, 300)}. Nothing in it was run. Get the file again from where it came "
            "from, or train again"
        ) from None
    if not isinstance(data, dict) or "format" not in data:
        raise ArtifactError(f"{path} is not a hybridml artifact: name a file that 'hybridml train' wrote")
    if type(data["format"]) is not int or data["format"] != FORMAT:
        versions = data.get("versions")
        raise ArtifactError(
            f"{path}: its format is {printable(data['format'], 50)}, and hybridml {__version__} reads format {FORMAT}: "
            f"{remedy(versions.get('hybridml') if isinstance(versions, dict) else None)}"
        )
    if str(data.get("checksum")) != checksum(without_checksum(data)):
        raise ArtifactError(
            f"{path} is damaged, or was changed by hand: its data do not have the checksum they were written with. "
            "Get the file again from where it came from, or train again"
        )
    return data


def _decompressed(path: Path) -> bytes:
    decompressor = zlib.decompressobj()
    try:
        size = path.stat().st_size
        most = min(MAX_BYTES, max(ALWAYS_ALLOWED, MAX_RATIO * size))
        packed = path.read_bytes() if size <= most else b""
        raw = decompressor.decompress(packed, most + 1)
    except OSError as error:
        raise ArtifactError(f"it cannot be read: {error.strerror or error}") from None
    except zlib.error as error:
        raise ArtifactError(f"it is damaged, or no hybridml artifact: {error}") from None
    if max(len(raw), size) > most:
        raise ArtifactError(f"its {size} bytes decompress to more than {most}, which no model's do")
    if not decompressor.eof:
        raise ArtifactError("it is truncated" if packed else "it is empty")
    if decompressor.unused_data:
        raise ArtifactError(f"it goes on for {len(decompressor.unused_data)} bytes after its end")
    return raw


def without_checksum(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of an artifact without their checksum."""
    return {key: value for key, value in data.items() if key != "checksum"}


def printable(value: object, most: int | None = None) -> str:
    """Return a text of at most so many characters that cannot steer a terminal, as what a file holds might.

    Examples
    --------
    >>> print(printable("\\x1b[2J 5 µm"))
    \\x1b[2J 5 µm
    """
    text = str(value)
    text = text if most is None or len(text) <= most else f"{text[:most]}..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def remedy(writer: object = None) -> str:
    """Return what to do about a model that this version cannot use, by the version of hybridml that wrote it.

    Examples
    --------
    >>> remedy("0.0.9")
    'train again, or pip install hybridml==0.0.9, which wrote it'
    >>> remedy()
    'train again, or pip install the version of hybridml that wrote it'
    """
    if writer == __version__:  # between two releases code changes under one version
        return "train again, or use the model that comes with this version"
    version = f"hybridml=={printable(writer, 50)}, which" if writer else "the version of hybridml that"
    return f"train again, or pip install {version} wrote it"


@contextmanager
def complete(path: object) -> Iterator[None]:
    """Turn whatever is wrong with an artifact's data into an ArtifactError that names the file.

    A part that is not installed here stays a MissingExtraError.
    """
    try:
        yield
    except MissingExtraError:
        raise
    except HybridmlError as error:
        raise ArtifactError(printable(f"{path}: {error}")) from error
    except Exception as error:  # of any kind, for data of any kind
        what = f"lacks, or has in another form, what an artifact of format {FORMAT} holds"
        raise ArtifactError(
            printable(f"{path} {what}: {type(error).__name__}: {error}. Train again")
        ) from error


def model_path(model: str | Path | None = None) -> Path:
    """Return the path of the artifact to use.

    That is ``model`` where it is given, else the file that the environment variable HYBRIDML_MODEL names, else
    :data:`DEFAULT_MODEL` where it exists, else :data:`MODEL`.

    Raises
    ------
    ArtifactError
        When there is no such file.
    """
    named = model or os.environ.get("HYBRIDML_MODEL")
    path = Path(named) if named else DEFAULT_MODEL if DEFAULT_MODEL.is_file() else MODEL
    if not path.is_file():
        raise ArtifactError(
            f"no model at {path}: train one with 'make features train' or 'hybridml train', or name a model file "
            "(model, --model)"
        )
    return path
