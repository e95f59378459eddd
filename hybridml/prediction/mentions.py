"""Places: where on a photo a quantity stands, and what each most probably is.

One place can be read in several ways (``5 ft 10 in`` is a sum and two parts), say one quantity in two units, and answer
several entities. The ranker says how probable each of these is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hybridml.candidates.find import Candidate
from hybridml.entities import EntitySchema
from hybridml.ranking.joint import same_numbers
from hybridml.ranking.model import Model, Ranked
from hybridml.vision.number_classifier import CLASSES
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.text_line import TextLine

PAIR_GAP = 1.5
"""How far apart a quantity and the same in another unit may stand, in font sizes."""

FEW_LETTERS = 3
"""Letters beside its quantities that the label of a dimension line may have: ``H``, ``Dia``."""

NETWORK, USUAL = 0.5, 0.25
"""Powers with which the region network's probability and an entity's share of all labels count beside the ranker's."""

WORDED, BESIDE = 16.0, 12.0
"""How much more speaks for an entity whose own word is the nearest, and how near that is, in font sizes."""

REREAD = 0.1
"""How much speaks for a unit that is written as another, ``oz`` as a fluid ounce, beside the one written."""

UNSEEN = 0.05
"""The region network's probability for what it did not see or does not know."""


@dataclass(frozen=True)
class Claim:
    """A candidate as the answer to one entity.

    Parameters
    ----------
    entity : str
        What it would answer.
    candidate : Candidate
        The quantity; its ``line`` counts through the first reading's text lines and those of the second look.
    number : (str, int)
        Family, and which number: the same for the same quantity in another unit.
    confidence : float
        Probability that the quantity is the right answer.
    strength : float
        How much speaks for it, beside the other claims to its place: the candidate's share among those of the
        entity, what the region network takes its text line for, how usual the entity is, and its words nearby.
        The confidence cannot say that: it is what is left beside other quantities, wherever they stand.
    """

    entity: str
    candidate: Candidate
    number: tuple[str, int]
    confidence: float
    strength: float


@dataclass(frozen=True)
class Place:
    """All claims to one place.

    Parameters
    ----------
    claims : tuple of Claim
        At least one, in reading order.
    entity : str
        What the place most probably tells.
    """

    claims: tuple[Claim, ...]
    entity: str

    @cached_property
    def best(self) -> Claim:
        """The surest claim of the entity."""
        own = [claim for claim in self.claims if claim.entity == self.entity]
        return max(own, key=lambda claim: (claim.confidence, claim.strength))

    @cached_property
    def strength(self) -> dict[str, float]:
        """How much speaks for each entity."""
        total: dict[str, float] = {}
        for claim in self.claims:
            total[claim.entity] = total.get(claim.entity, 0.0) + claim.strength
        return total


def lines_of(photo_features: PhotoFeatures) -> tuple[TextLine, ...]:
    """Return the text lines of the first reading, then those of the second look."""
    return (
        *photo_features.ocr_result.lines,
        *(photo_features.second_pass.lines if photo_features.second_pass else ()),
    )


def places(photo_features: PhotoFeatures, ranked: Mapping[str, Ranked], model: Model) -> list[Place]:
    """Return every place where a quantity stands, in reading order.

    Parameters
    ----------
    photo_features : PhotoFeatures
        What was found on the photo.
    ranked : mapping of entity to Ranked
        What :meth:`hybridml.ranking.model.Model.ranked` made of it.
    model : Model
        That model.
    """
    lines, schema = lines_of(photo_features), model.schema
    usual = _usual(model)
    claims = [
        claim
        for entity, found in ranked.items()
        if found.candidates
        for claim in _claims(entity, found, photo_features, usual.get(entity, 1.0) * _words(found, model))
    ]
    claims = _numbered(_as_written(claims, schema), schema)
    if not claims:
        return []
    of_place: dict[int, list[Claim]] = {}
    for claim, place in zip(claims, _joined(claims, lines).tolist(), strict=True):
        of_place.setdefault(place, []).append(claim)
    made = []
    for together in of_place.values():
        place = Place(tuple(together), together[0].entity)
        made.append(replace(place, entity=max(place.strength, key=lambda entity: place.strength[entity])))
    made.sort(key=lambda place: (place.best.candidate.line, place.best.candidate.start))
    return _told_apart(made)


def is_label(place: Place, around: Sequence[Place], text: str, schema: EntitySchema) -> bool:
    """Return whether a place labels a line of a drawing: a length, with hardly another word in its text line.

    Parameters
    ----------
    place : Place
        The place.
    around : sequence of Place
        All of the photo.
    text : str
        Of the line.
    schema : EntitySchema
        Entities.
    """
    if not schema.entity(place.entity).axis:
        return False
    line = place.best.candidate.line
    spans = [c.candidate for other in around for c in other.claims if c.candidate.line == line]
    own = {i for candidate in spans for i in range(candidate.start, candidate.end)}
    return sum(letter.isalpha() for i, letter in enumerate(text) if i not in own) <= FEW_LETTERS


def _told_apart(found: Sequence[Place]) -> list[Place]:
    """Return the places, those of one ``A x B x C`` as different entities where there are enough."""
    from scipy.optimize import linear_sum_assignment

    told = list(found)
    for run in _products(found):
        entities = sorted({entity for i in run for entity in found[i].strength})
        if len(entities) < len(run):
            continue
        gain = np.log([[found[i].strength.get(entity, 0.0) + 1e-12 for entity in entities] for i in run])
        for i, chosen in zip(run, linear_sum_assignment(-gain)[1].tolist(), strict=True):
            if entities[chosen] in found[i].strength:
                told[i] = replace(found[i], entity=entities[chosen])
    return told


def _products(found: Sequence[Place]) -> list[list[int]]:
    """Return the positions of the places that are parts of one ``A x B x C`` each."""
    runs: list[list[int]] = []
    before: Candidate | None = None
    for i, place in enumerate(found):
        candidate = place.best.candidate
        if candidate.part is None:
            before = None
            continue
        if (
            before is None
            or before.part is None
            or (before.line, before.part[1]) != (candidate.line, candidate.part[1])
            or before.part[0] >= candidate.part[0]
        ):
            runs.append([])
        runs[-1].append(i)
        before = candidate
    return runs


def _claims(
    entity: str, found: Ranked, photo_features: PhotoFeatures, factor: npt.NDArray[np.float64]
) -> list[Claim]:
    """Return the claims of an entity's candidates, their numbers still blank."""
    probability = {_quantity(found.candidates[i]): p for i, p in found.order}
    share = np.exp(found.scores - found.scores.max())
    strength = share / share.sum() * factor
    first = len(photo_features.ocr_result.lines) if found.second_pass else 0
    claims = []
    for candidate, s in zip(found.candidates, strength.tolist(), strict=True):
        seen_as = UNSEEN if found.second_pass else _network(photo_features, candidate.line, entity)
        placed = replace(candidate, line=first + candidate.line, unit_line=first + candidate.unit_line)
        confidence = probability[_quantity(candidate)]
        claims.append(Claim(entity, placed, (candidate.family, 0), confidence, s * seen_as**NETWORK))
    return claims


def _usual(model: Model) -> dict[str, float]:
    """Return how much speaks for each entity because labels ask for it often; nothing where none were counted."""
    if model.learned.priors is None:
        return {}
    counts = model.learned.priors.counts["entity"]
    share = counts["n"] / counts["n"].sum()
    return {str(entity): float(s) ** USUAL for entity, s in zip(counts["entity"], share, strict=True)}


def _words(found: Ranked, model: Model) -> npt.NDArray[np.float64]:
    """Return how much the words beside each candidate speak for the entity; 1 where the model sees no words."""
    columns = model.ranker.columns_
    if not {"keywords.own_near", "keywords.rival_near"} <= set(columns):
        return np.ones(len(found.candidates))
    own, rival = (found.X[:, columns.index(f"keywords.{name}_near")] for name in ("own", "rival"))
    return np.where((own < BESIDE) & (own < rival), WORDED, 1.0)


def _quantity(candidate: Candidate) -> tuple[float, str]:
    return candidate.value, candidate.unit


def _network(photo_features: PhotoFeatures, line: int, entity: str) -> float:
    """Return the region network's probability that a text line's number is the entity's."""
    if photo_features.number_classes is None or entity not in CLASSES:
        return UNSEEN
    p = float(photo_features.number_classes[line, CLASSES.index(entity)])
    return max(p, 1e-4) if p == p else UNSEEN


def _as_written(claims: Sequence[Claim], schema: EntitySchema) -> list[Claim]:
    """Return the claims; less speaks for one that reads another's unit as its own."""

    def spot(claim: Claim) -> tuple[object, ...]:
        candidate = claim.candidate
        return candidate.line, candidate.start, candidate.end, candidate.value

    units: dict[tuple[object, ...], set[str]] = {}
    for claim in claims:
        units.setdefault(spot(claim), set()).add(claim.candidate.unit)
    made = []
    for claim in claims:
        reads_as, own = schema.entity(claim.entity).reads_as, claim.candidate.unit
        reread = any(unit != own and reads_as.get(unit) == own for unit in units[spot(claim)])
        made.append(replace(claim, strength=claim.strength * REREAD) if reread else claim)
    return made


def _numbered(claims: Sequence[Claim], schema: EntitySchema) -> list[Claim]:
    """Return the claims with their numbers."""
    made = list(claims)
    for family in {claim.candidate.family for claim in claims}:
        own = [i for i, claim in enumerate(claims) if claim.candidate.family == family]
        base = [schema.to_base(claims[i].candidate.value, claims[i].candidate.unit) for i in own]
        for i, number in zip(own, same_numbers(base).tolist(), strict=True):
            made[i] = replace(claims[i], number=(family, number))
    return made


def _joined(claims: Sequence[Claim], lines: Sequence[TextLine]) -> npt.NDArray[np.int64]:
    """Return the place of each claim: what overlaps in the text, or says the same beside it in another unit."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    candidates = [claim.candidate for claim in claims]
    units: dict[str, int] = {}
    unit = np.array([units.setdefault(c.unit, len(units)) for c in candidates])
    span = np.array([(c.start, c.end) for c in candidates])
    low, high = np.split(np.array([c.box for c in candidates], dtype=float), 2, axis=1)
    reach = np.array([PAIR_GAP * max(lines[c.line].height, 1.0) for c in candidates])
    edges = []
    for some in _alike([c.line for c in candidates]):
        start, end = span[some].T
        edges.append(some[np.argwhere((start[:, None] < end[None]) & (start[None] < end[:, None]))])
    for some in _alike([claim.number for claim in claims]):
        apart = np.maximum(low[some, None], low[None, some]) - np.minimum(high[some, None], high[None, some])
        near = np.hypot(*np.maximum(apart, 0.0).transpose(2, 0, 1)) <= np.minimum(
            reach[some, None], reach[None, some]
        )
        edges.append(some[np.argwhere(near & (unit[some, None] != unit[None, some]))])
    a, b = np.vstack(edges).T
    n = len(claims)
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _alike(values: Sequence[object]) -> list[npt.NDArray[np.int64]]:
    """Return the positions of each distinct value."""
    found: dict[object, list[int]] = {}
    for i, value in enumerate(values):
        found.setdefault(value, []).append(i)
    return [np.array(positions, dtype=np.int64) for positions in found.values()]
