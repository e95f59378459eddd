"""Every quantity on a photo: what each most probably is, how sure, and which of them stand together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from hybridml.quantity import format_quantity
from hybridml.ranking.model import PHOTOS_PER_TABLE, Model, Projection, Ranked
from hybridml.vision.outline import Outline
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.text_line import TextLine

from .grouping import Box, Mark, areas
from .mentions import Place, is_label, lines_of, places

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("region", "entity_name", "prediction", "value", "unit", "confidence", "text", "form", "box")
"""Columns of :meth:`WholePhoto.frame`."""

SHOWN = 0.005
"""Probability from which another reading of a quantity is named."""


@dataclass(frozen=True)
class Alternative:
    """Something else that a quantity could be: another entity's, in another unit, or read another way.

    Parameters
    ----------
    entity, value, unit
        What it would be.
    confidence : float
        Probability that it is the right answer to that entity, where that is asked for. It may be above that of what
        the quantity is taken for: the only volume on a photo is a sure answer to the volume, if it is one.
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
class Found:
    """A quantity on a photo, as what it most probably is.

    Parameters
    ----------
    entity, value, unit
        What it most probably is.
    confidence : float
        Probability that it is the right answer to the entity, where that is asked for, as :func:`hybridml.read` says
        it. Two products' weights share it: only one of them can be the right answer.
    text : str
        The text line that it was read from.
    box : (left, top, right, bottom)
        Where it stands, in pixels of the photo.
    form : str
        How it is written; see :data:`hybridml.quantity.types.Form`.
    alternatives : tuple of Alternative
        What else it could be, the most probable first.
    again : tuple of boxes
        Where else in the region the same is said.
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
    """A part of a photo whose quantities stand together: of one product, drawing or table.

    Parameters
    ----------
    box : (left, top, right, bottom)
        Around the quantities, in pixels of the photo.
    items : tuple of Found
        By entity, those of the surest first; the surest first within each.
    """

    box: Box
    items: tuple[Found, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the region as plain data; ``text`` of an item is its quantity, ``line`` what it was read from."""
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
class WholePhoto:
    """Every quantity on a photo, by the region to which it belongs.

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
        """Return a table, one line per quantity, with the columns :data:`COLUMNS`; regions count from 1."""
        import pandas as pd

        lines = [
            (n, f.entity, f.prediction, f.value, f.unit, f.confidence, f.text, f.form, f.box)
            for n, group in enumerate(self.groups, 1)
            for f in group.items
        ]
        return pd.DataFrame(lines, columns=list(COLUMNS))


def whole_photos(
    model: Model,
    photo_features: Iterable[tuple[str, PhotoFeatures]],
    project: Projection | None = None,
    outlines: Mapping[str, Outline] | None = None,
) -> Iterator[tuple[str, WholePhoto]]:
    """Find every quantity on photos that were read.

    Parameters
    ----------
    model : Model
        Says how probable each quantity is.
    photo_features : iterable of (key, PhotoFeatures)
        What was found on the photos, each once.
    project : callable, optional
        As for :meth:`hybridml.ranking.model.Model.describe`.
    outlines : mapping of key to Outline, optional
        For the layout only, of photos that were seen without; the model does not get them.

    Yields
    ------
    (key, WholePhoto)
        In the order of ``photo_features``.
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
            yield key, _whole(model, photo, ranked[key], (outlines or {}).get(key))


def _whole(
    model: Model, photo_features: PhotoFeatures, ranked: Mapping[str, Ranked], outline: Outline | None
) -> WholePhoto:
    found = places(photo_features, ranked, model)
    lines = lines_of(photo_features)
    told = {place.best.candidate.line for place in found}
    # the second look reads the same text once more: of it, only what says something counts for the layout
    shown = [i for i in range(len(lines)) if i < len(photo_features.ocr_result.lines) or i in told]
    at = {line: i for i, line in enumerate(shown)}
    marks = [
        Mark(
            at[place.best.candidate.line],
            place.entity,
            place.best.number,
            is_label(place, found, lines[place.best.candidate.line].text, model.schema),
        )
        for place in found
    ]
    area = areas([lines[i] for i in shown], marks, outline)
    groups = [
        _region([place for place, its in zip(found, area, strict=True) if its == n], lines)
        for n in range(int(area.max(initial=-1)) + 1)
    ]
    groups.sort(key=lambda group: -group.items[0].confidence)
    return WholePhoto(tuple(groups), photo_features.ocr_result.width, photo_features.ocr_result.height)


def _region(inside: Sequence[Place], lines: Sequence[TextLine]) -> Group:
    """Return the region of these places; one that says what a surer one says of the same entity is its ``again``."""
    alike: dict[tuple[str, tuple[str, int]], list[Place]] = {}
    for place in sorted(_agreed(inside), key=lambda place: (-place.best.confidence, -place.best.strength)):
        alike.setdefault((place.entity, place.best.number), []).append(place)
    items = [
        _found(first, others, lines[first.best.candidate.line].text) for first, *others in alike.values()
    ]
    surest: dict[str, float] = {}
    for item in items:
        surest.setdefault(item.entity, item.confidence)
    items.sort(key=lambda item: (-surest[item.entity], item.entity, -item.confidence))
    corners = np.array([place.best.candidate.box for place in inside])
    left, top = corners[:, :2].min(axis=0).tolist()
    right, bottom = corners[:, 2:].max(axis=0).tolist()
    return Group((left, top, right, bottom), tuple(items))


def _agreed(inside: Sequence[Place]) -> list[Place]:
    """Return the places; a part of ``A x B x C`` is what the same number is where it stands alone."""
    alone: dict[tuple[str, int], str] = {}
    for place in sorted(inside, key=lambda place: place.best.strength):
        if place.best.candidate.part is None:
            alone[place.best.number] = place.entity
    agreed = []
    for place in inside:
        entity = alone.get(place.best.number, place.entity)
        part = place.best.candidate.part is not None and entity in place.strength
        agreed.append(replace(place, entity=entity) if part else place)
    return agreed


def _found(place: Place, others: Sequence[Place], text: str) -> Found:
    best = place.best
    candidate = best.candidate
    said = {(best.entity, candidate.value, candidate.unit)}
    alternatives = []
    claims = [claim for each in (place, *others) for claim in each.claims]
    for claim in sorted(claims, key=lambda claim: -claim.strength):
        what = (claim.entity, claim.candidate.value, claim.candidate.unit)
        if what not in said and claim.confidence >= SHOWN:
            said.add(what)
            alternatives.append(Alternative(*what, claim.confidence))
    return Found(
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
