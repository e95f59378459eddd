"""Every quantity on a photo: what each most probably is, how sure that is, and which of them belong together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from hybridml.quantity import format_quantity
from hybridml.ranking.model import PHOTOS_PER_TABLE, Model, Projection, Ranked
from hybridml.vision.outline import Outline
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.text_line import TextLine

from .grouping import Box, PlacedQuantity, group_quantities
from .mentions import Mention, find_mentions, is_label, lines_of

COLUMNS = ("group", "entity_name", "prediction", "value", "unit", "confidence", "text", "form", "box")
"""Columns of :meth:`PhotoQuantities.frame`."""

LEAST_PROBABILITY = 0.005
"""Probability from which an alternative is listed."""


@dataclass(frozen=True)
class Alternative:
    """Something else that a quantity could be: of another entity, in another unit, or parsed differently.

    Parameters
    ----------
    entity, value, unit
        What it would be.
    confidence : float
        Probability that it is the right answer where that entity is asked for. It may exceed the confidence of the
        quantity itself: the only volume on a photo is a sure answer to the volume, if it is a volume at all.
    """

    entity: str
    value: float
    unit: str
    confidence: float

    @property
    def prediction(self) -> str:
        """The quantity as an answer writes it."""
        return format_quantity(self.value, self.unit)


@dataclass(frozen=True)
class FoundQuantity:
    """A quantity on a photo, as what it most probably is.

    Parameters
    ----------
    entity, value, unit
        What it most probably is.
    confidence : float
        Probability that it is the right answer where the entity is asked for; the same as in :func:`hybridml.read`.
        The weights of two products share it, as only one of them can be the right answer.
    text : str
        The text line that it was read from.
    box : (left, top, right, bottom)
        Where it stands, in pixels of the photo.
    form : str
        How it is written; see :data:`hybridml.quantity.types.Form`.
    alternatives : tuple of Alternative
        What else it could be, the most probable first.
    again : tuple of boxes
        Where else in the group the same quantity stands.
    """

    entity: str
    value: float
    unit: str
    confidence: float
    text: str
    box: Box
    form: str = "plain"
    alternatives: tuple[Alternative, ...] = ()
    again: tuple[Box, ...] = ()

    @property
    def prediction(self) -> str:
        """The quantity as an answer writes it."""
        return format_quantity(self.value, self.unit)


@dataclass(frozen=True)
class Group:
    """Quantities that belong together, of one product, drawing or table.

    Parameters
    ----------
    box : (left, top, right, bottom)
        Around the quantities, in pixels of the photo.
    items : tuple of FoundQuantity
        By entity, beginning with the entity of the surest; the surest first within each.
    """

    box: Box
    items: tuple[FoundQuantity, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the group as plain data; an item's ``text`` is its quantity, its ``line`` what that was read from."""
        items = []
        for found in self.items:
            item = asdict(found)
            item["line"], item["text"] = item["text"], found.prediction
            item["alternatives"] = [
                {"entity": other.entity, "text": other.prediction, "confidence": other.confidence}
                for other in found.alternatives
            ]
            items.append(item)
        return {"box": self.box, "items": items}


@dataclass(frozen=True)
class PhotoQuantities:
    """Every quantity on a photo, in groups that belong together.

    Parameters
    ----------
    groups : tuple of Group
        The one with the surest quantity first.
    width, height : int
        Size of the photo, in pixels.
    """

    groups: tuple[Group, ...]
    width: int
    height: int

    def to_dict(self) -> dict[str, Any]:
        """Return the photo as plain data."""
        return {
            "width": self.width,
            "height": self.height,
            "groups": [group.to_dict() for group in self.groups],
        }

    def frame(self) -> pd.DataFrame:
        """Return a table with one line per quantity and the columns :data:`COLUMNS`; groups count from 1."""
        lines = [
            (n, f.entity, f.prediction, f.value, f.unit, f.confidence, f.text, f.form, f.box)
            for n, group in enumerate(self.groups, 1)
            for f in group.items
        ]
        return pd.DataFrame(lines, columns=list(COLUMNS))


def find_quantities(
    model: Model,
    photo_features: Iterable[tuple[str, PhotoFeatures]],
    project: Projection | None = None,
    outlines: Mapping[str, Outline] | None = None,
) -> Iterator[tuple[str, PhotoQuantities]]:
    """Yield key and quantities of each photo, in the order of ``photo_features``.

    Parameters
    ----------
    model : Model
        Tells how probable each quantity is.
    photo_features : iterable of (key, PhotoFeatures)
        The features of the photos, each photo once.
    project : callable, optional
        As for :meth:`hybridml.ranking.model.Model.describe`.
    outlines : mapping of key to Outline, optional
        The outlines of the products on the photos, which help to group quantities; the model does not get them.
    """
    photos = iter(photo_features)
    entities = list(model.schema.entities)
    while batch := dict(islice(photos, PHOTOS_PER_TABLE)):
        keys = [key for key in batch for _ in entities]
        ranked: dict[str, dict[str, Ranked]] = {key: {} for key in batch}
        for described in model.describe(keys, entities * len(batch), batch.items(), project):
            for row, found in model.rank(described):
                ranked[keys[row]][entities[row % len(entities)]] = found
        for key, photo in batch.items():
            yield key, _quantities(model, photo, ranked[key], (outlines or {}).get(key))


def _quantities(
    model: Model, photo_features: PhotoFeatures, ranked: Mapping[str, Ranked], outline: Outline | None
) -> PhotoQuantities:
    mentions = find_mentions(photo_features, ranked, model)
    lines = lines_of(photo_features)
    ocr_result = photo_features.ocr_result
    # the second pass repeats text lines of the first: of its own, only those with a mention count for the layout
    with_mention = {mention.best.candidate.line for mention in mentions}
    kept = [i for i in range(len(lines)) if i < len(ocr_result.lines) or i in with_mention]
    position = {line: i for i, line in enumerate(kept)}
    placed = [
        PlacedQuantity(
            position[mention.best.candidate.line],
            mention.entity,
            mention.best.number,
            is_label(mention, mentions, lines[mention.best.candidate.line].text, model.schema),
        )
        for mention in mentions
    ]
    group_of = group_quantities([lines[i] for i in kept], placed, outline)
    groups = [
        _group([mention for mention, own in zip(mentions, group_of, strict=True) if own == n], lines)
        for n in range(int(group_of.max(initial=-1)) + 1)
    ]
    groups.sort(key=lambda group: -group.items[0].confidence)
    return PhotoQuantities(tuple(groups), ocr_result.width, ocr_result.height)


def _group(mentions: Sequence[Mention], lines: Sequence[TextLine]) -> Group:
    """Return the group of these mentions; one that repeats a surer one of the same entity is its ``again``."""
    repeated: dict[tuple[str, tuple[str, int]], list[Mention]] = {}
    for mention in sorted(_agreed(mentions), key=lambda m: (-m.best.confidence, -m.best.strength)):
        repeated.setdefault((mention.entity, mention.best.number), []).append(mention)
    items = [
        _found(first, others, lines[first.best.candidate.line].text) for first, *others in repeated.values()
    ]
    surest: dict[str, float] = {}
    for item in items:
        surest.setdefault(item.entity, item.confidence)
    items.sort(key=lambda item: (-surest[item.entity], item.entity, -item.confidence))
    corners = np.array([mention.best.candidate.box for mention in mentions])
    left, top = corners[:, :2].min(axis=0).tolist()
    right, bottom = corners[:, 2:].max(axis=0).tolist()
    return Group((left, top, right, bottom), tuple(items))


def _agreed(mentions: Sequence[Mention]) -> list[Mention]:
    """Return the mentions, each part of ``A x B x C`` with the entity of the same number where it stands alone."""
    alone: dict[tuple[str, int], str] = {}
    for mention in sorted(mentions, key=lambda mention: mention.best.strength):
        if mention.best.candidate.part is None:
            alone[mention.best.number] = mention.entity
    agreed = []
    for mention in mentions:
        entity = alone.get(mention.best.number, mention.entity)
        part = mention.best.candidate.part is not None and entity in mention.strength
        agreed.append(replace(mention, entity=entity) if part else mention)
    return agreed


def _found(mention: Mention, others: Sequence[Mention], text: str) -> FoundQuantity:
    best = mention.best
    candidate = best.candidate
    listed = {(best.entity, candidate.value, candidate.unit)}
    alternatives = []
    hypotheses = [hypothesis for each in (mention, *others) for hypothesis in each.hypotheses]
    for hypothesis in sorted(hypotheses, key=lambda hypothesis: -hypothesis.strength):
        what = (hypothesis.entity, hypothesis.candidate.value, hypothesis.candidate.unit)
        if what not in listed and hypothesis.confidence >= LEAST_PROBABILITY:
            listed.add(what)
            alternatives.append(Alternative(*what, hypothesis.confidence))
    return FoundQuantity(
        best.entity,
        candidate.value,
        candidate.unit,
        best.confidence,
        text,
        candidate.box,
        candidate.form,
        tuple(alternatives),
        tuple(other.best.candidate.box for other in others),
    )
