"""Which reader and embedding a run uses: names and options turned into engines with their full settings."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from .errors import MissingExtraError, WeightsError
from .featurize import Engine

log = logging.getLogger(__name__)

DEFAULT_OCR = "rapidocr"
DEFAULT_EMBEDDING = "resnet50"
DEFAULT_WEIGHTS = "IMAGENET1K_V2"


def reader_engine(name: str = DEFAULT_OCR, options: Mapping[str, Any] | None = None) -> Engine:
    """Return the reader called ``name``; raise MissingExtraError saying what to type when it is not installed."""
    from . import ocr

    options = dict(options or {})
    return Engine(name, options, {"reader": name, **ocr.create(name, **options).settings()})


def embedding_engine(
    name: str = DEFAULT_EMBEDDING, weights: str = DEFAULT_WEIGHTS, options: Mapping[str, Any] | None = None
) -> tuple[Engine | None, str | None]:
    """Return the embedding called ``name``, or the reason why there is none.

    Parameters
    ----------
    name : str
        ``"resnet50"``, ``"none"`` or ``module:name``.
    weights : str
        For ``"resnet50"``: ``"IMAGENET1K_V2"``, the path of a state_dict, or ``"random"``.
    options : mapping, optional
        Further options of the embedding.

    Returns
    -------
    engine : Engine or None
        None when there are no image features.
    reason : str or None
        Why not, for reports and the artifact.

    Raises
    ------
    WeightsError
        When weights that were asked for by path cannot be used. The default's absence is no error: one
        warning is logged and the run goes on without image features.
    """
    if name == "none":
        return None, "left out on request (--embedding none)"
    from . import embedding

    options = dict(options or {})
    if name == "resnet50":
        options["weights"] = weights
    try:
        made = embedding.create(name, **options)
    except (WeightsError, MissingExtraError) as error:
        if weights != DEFAULT_WEIGHTS or name != DEFAULT_EMBEDDING:
            raise
        log.warning("going on WITHOUT image features: %s", error)
        return None, f"not available: {error}"
    return Engine(name, options, {"embedding": name, **made.settings()}), None
