"""Features from the number classifier, which sees the photo around a number: what it takes the number for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hybridml.candidates.find import Candidate
from hybridml.entities import Entity
from hybridml.vision.number_classifier import CLASSES

from .column import Column, PhraseContext, percent, spaced
from .photo_context import PhotoContext, rivals_of

VERSION = 1

_UNLIKELY = 0.02
"""Probability below which an explanation says that the classifier does not take a number for a class."""


def _takes_for(what: str, log_probability: float) -> str:
    probability = math.exp(log_probability)
    if probability < _UNLIKELY:
        return f"the number classifier does not take it for {what}"
    return f"the number classifier takes it for {what} with a probability of {percent(probability)}"


def _class_column(name: str) -> Column:
    what = "none of the entities" if name == "other" else spaced(name)
    return Column(
        f"number_class.{name}",
        f"the number classifier's probability of {what}",
        lambda value, _: _takes_for(what, value),
    )


def _beside_phrase(value: float, context: PhraseContext) -> str:
    return f"{'no other' if value > -1e-6 else 'another'} candidate looks more like {context.requested}"


_DECLARED = (
    *map(_class_column, CLASSES),
    Column(
        "number_class.own",
        "the number classifier's probability of the requested entity",
        lambda value, context: _takes_for(context.requested, value),
    ),
    Column(
        "number_class.own_lead",
        "the number classifier's preference for the requested entity over others",
        lambda value, context: (
            f"the number classifier prefers {context.requested if value > 0 else 'another entity'} for it"
        ),
    ),
    Column(
        "number_class.own_beside",
        "the number classifier's probability of the requested entity relative to the other candidates'",
        _beside_phrase,
    ),
)
COLUMNS = tuple(replace(column, missing="the number classifier did not run on it") for column in _DECLARED)


def block(photo: PhotoContext, entity: Entity, candidates: Sequence[Candidate]) -> dict[str, np.ndarray]:
    """Return the logarithms of the classifier's probabilities for each candidate; NaN on a photo without them."""
    unknown = np.full(len(candidates), np.nan)
    if photo.number_classes is None:
        return {column.name: unknown for column in COLUMNS}
    probabilities = photo.number_classes[[c.line for c in candidates]].astype(float)
    log = np.log(np.maximum(probabilities, 1e-4))
    columns = {f"number_class.{name}": log[:, i] for i, name in enumerate(CLASSES)}
    own = columns.get(f"number_class.{entity.name}", unknown)
    rivals = [log[:, CLASSES.index(e.name)] for e in rivals_of(entity, photo.schema) if e.name in CLASSES]
    best = own[np.isfinite(own)].max(initial=-np.inf)
    columns["number_class.own"] = own
    columns["number_class.own_lead"] = own - (np.max(rivals, axis=0) if rivals else unknown)
    columns["number_class.own_beside"] = own - best if np.isfinite(best) else unknown
    return columns
