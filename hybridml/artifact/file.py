"""The file of an artifact: plain data with a format version and a checksum.

Reading one needs neither LightGBM nor an engine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hybridml import __version__
from hybridml.errors import ArtifactError
from hybridml.utils.plain_data import as_plain, checksum
from hybridml.utils.plain_pickle import shown
from hybridml.vision.number_classifier.pretrained import FOLDER

from . import plain_joblib

MODEL = FOLDER / "hybridml.joblib"
"""The pretrained artifact."""

DEFAULT_MODEL = Path("models/model.joblib")

FORMAT = 3
"""Raised when an artifact of the last format would be read otherwise, or not at all."""


def write(data: Mapping[str, Any], path: str | Path) -> Path:
    """Write the data of an artifact with format and checksum, whole or not at all.

    Parameters
    ----------
    data : mapping
        Plain data with ``"format"``; a ``"checksum"`` in it is replaced.
    path : path
        The file; its folder is made when it is not there.
    """
    plain = as_plain({key: value for key, value in data.items() if key != "checksum"})
    return plain_joblib.write({"format": plain["format"], "checksum": checksum(plain), **plain}, path)


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
    data = plain_joblib.read(path)
    if not isinstance(data, dict) or "format" not in data:
        raise ArtifactError(
            f"{path} is a joblib file, but no hybridml artifact ({type(data).__name__}): name a file that "
            "'hybridml train' wrote"
        )
    if data["format"] != FORMAT:
        raise _other_format(path, data)
    if data.get("checksum") != checksum({key: value for key, value in data.items() if key != "checksum"}):
        raise ArtifactError(
            f"{path} is damaged, or was changed by hand: its data do not have the checksum they were written with. "
            "Get the file again from where it came from, or train again"
        )
    return data


def _other_format(path: Path, data: Mapping[str, Any]) -> ArtifactError:
    found, versions = data["format"], data.get("versions")
    writer = versions.get("hybridml", "unknown") if isinstance(versions, dict) else "unknown"
    newer = isinstance(found, int | float) and found > FORMAT
    todo = "install that version or a later one" if newer else remedy(writer)
    return ArtifactError(
        f"{path}: its format is {shown(repr(found))}, and hybridml {__version__} reads format {FORMAT}. "
        f"It was written by hybridml {shown(writer)}: {todo}"
    )


def remedy(writer: str) -> str:
    """Return what to do about a model that this version cannot use, by the version of hybridml that wrote it.

    Examples
    --------
    >>> remedy("0.0.9")
    'train again, or use hybridml 0.0.9'
    >>> remedy(__version__)
    'train again, or use the model that comes with this version'
    """
    # between two releases code changes under one version, which is then the one that is at hand
    other = "the model that comes with this version" if writer == __version__ else f"hybridml {shown(writer)}"
    return f"train again, or use {other}"


@contextmanager
def complete(path: object) -> Iterator[None]:
    """Turn what goes wrong where data lack something into an ArtifactError that names the file."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ArtifactError(
            f"{path} lacks, or has otherwise, what an artifact of format {FORMAT} holds: "
            f"{type(error).__name__}: {error}. Train again"
        ) from error


def model_path(model: str | Path | None = None) -> Path:
    """Return the artifact to use.

    That is ``model`` where it is given, else the file that the environment variable HYBRIDML_MODEL names, else
    ``models/model.joblib`` below the current folder where there is one, else the shipped model.

    Raises
    ------
    ArtifactError
        When the file that was named, or the shipped one, is not there.
    """
    named = model or os.environ.get("HYBRIDML_MODEL")
    path = Path(named) if named else DEFAULT_MODEL if DEFAULT_MODEL.is_file() else MODEL
    if not path.is_file():
        raise ArtifactError(
            f"no model at {path}: train one with 'make features train' or 'hybridml train', or name one's file"
        )
    return path
