"""Which reader and embedding a run uses: names and options turned into engines with their full settings."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from . import images
from .errors import ArtifactError, MissingExtraError, WeightsError

log = logging.getLogger(__name__)

DEFAULT_OCR = "rapidocr"
DEFAULT_EMBEDDING = "resnet50"
DEFAULT_WEIGHTS = "IMAGENET1K_V2"


@dataclass(frozen=True)
class Engine:
    """A reader or embedding: its name and the settings it is created with.

    Parameters
    ----------
    kind : {"reader", "embedding"}
        What it is.
    name : str
        As registered, or ``module:name``.
    options : mapping
        Keyword arguments for its creation.
    settings : mapping
        Everything that changes a result, as the created engine tells it; its fingerprint is the key of the
        results in the store.
    """

    kind: Literal["reader", "embedding"]
    name: str
    options: Mapping[str, Any]
    settings: Mapping[str, Any]

    def create(self, threads: int | None = None) -> Any:
        """Make the engine and check that it is the one whose results the settings stand for.

        Parameters
        ----------
        threads : int, optional
            Threads of a packaged engine; changes no result.

        Raises
        ------
        ArtifactError
            When what is installed has other settings, another version, say: its results must not be kept,
            or ranked, as those of this engine.
        """
        options = dict(self.options)
        if threads is not None and ":" not in self.name:
            options["threads"] = threads
        made = _make(self.kind, self.name, options)
        now = _settings(self.kind, self.name, made)
        if now != dict(self.settings):
            differ = [
                f"{key} was {self.settings.get(key)!r} and is {now.get(key)!r}"
                for key in sorted({*now, *self.settings})
                if now.get(key) != self.settings.get(key)
            ]
            raise ArtifactError(
                f"the {self.kind} {self.name!r} on this machine is not the one the model was trained with: "
                f"{'; '.join(differ)}. Install what it was trained with, or train again"
            )
        return made


def _make(kind: str, name: str, options: Mapping[str, Any]) -> Any:
    from . import embedding, ocr

    return ocr.create(name, **options) if kind == "reader" else embedding.create(name, **options)


def _settings(kind: str, name: str, made: Any) -> dict[str, Any]:
    return {kind: name, "decoding": images.VERSION, **made.settings()}


def reader_engine(name: str = DEFAULT_OCR, options: Mapping[str, Any] | None = None) -> Engine:
    """Return the reader called ``name``; raise MissingExtraError saying what to type when it is not installed."""
    options = dict(options or {})
    return Engine("reader", name, options, _settings("reader", name, _make("reader", name, options)))


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
    options = dict(options or {})
    if name == "resnet50":
        options["weights"] = weights
    try:
        made = _make("embedding", name, options)
    except (WeightsError, MissingExtraError) as error:
        if weights != DEFAULT_WEIGHTS or name != DEFAULT_EMBEDDING:
            raise
        log.warning("going on WITHOUT image features: %s", error)
        return None, f"not available: {error}"
    return Engine("embedding", name, options, _settings("embedding", name, made)), None
