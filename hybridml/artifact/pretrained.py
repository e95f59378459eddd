"""The pretrained model that comes with the package, and the functions that answer a photo with it or another model."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from hybridml.errors import ArtifactError
from hybridml.prediction.all_quantities import WholePhoto
from hybridml.prediction.from_photo import PhotoPredictor
from hybridml.ranking.answer import Answer
from hybridml.vision.number_classifier.classifier import PRETRAINED_FOLDER

from .serialize import load

MODEL = PRETRAINED_FOLDER / "hybridml.joblib"
"""The pretrained artifact."""

DEFAULT_MODEL = Path("models/model.joblib")
"""Where training writes an artifact, and where one is looked for first."""


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
            f"no model at {path}: train one with 'make features train' or 'hybridml train', or name one's file"
        )
    return path


@lru_cache(maxsize=2)
def _loaded(path: Path, mtime_ns: int, size: int) -> PhotoPredictor:
    extractor = load(path)
    return PhotoPredictor(extractor.model_, extractor.stages_.adopted())


def read(photo: Any, entities: Sequence[str] | None = None, model: str | Path | None = None) -> list[Answer]:
    """Read the quantities off one photo with a trained model.

    Parameters
    ----------
    photo : path, bytes, PIL image or array
        The photo.
    entities : sequence of str, optional
        What to read; by default every entity that has an answer.
    model : path, optional
        An artifact; by default that of :func:`model_path`.

    Returns
    -------
    list of Answer
        Each with value, unit, confidence, box and runner-ups.
    """
    return photo_predictor(model).read(photo, entities)


def read_all(photo: Any, model: str | Path | None = None) -> WholePhoto:
    """Find every quantity on one photo, by the group to which it belongs, with a trained model.

    Parameters
    ----------
    photo : path, bytes, PIL image or array
        The photo.
    model : path, optional
        An artifact; by default that of :func:`model_path`.

    Returns
    -------
    WholePhoto
        Its ``groups`` hold the quantities, each with the entity it most probably answers, box and probability.
    """
    return photo_predictor(model).read_all(photo)


def photo_predictor(model: str | Path | None) -> PhotoPredictor:
    """Return the predictor of a model, which is loaded once, until its file changes."""
    path = model_path(model).resolve()
    stat = path.stat()
    return _loaded(path, stat.st_mtime_ns, stat.st_size)
