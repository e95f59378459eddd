"""Mentions: the places on a photo that state a quantity, and what each most probably is.

One mention can be parsed in several ways (``5 ft 10 in`` is a sum and two parts), state one quantity in two units, and
answer several entities. Each of these is a hypothesis, and the ranker says how probable it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hybridml.candidates.find import Candidate
from hybridml.entities import EntitySchema
from hybridml.ranking.joint import same_numbers
from hybridml.ranking.model import Model, Ranked
from hybridml.vision.number_classifier import CLASSES
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.text_line import TextLine

PAIR_GAP = 1.5
"""How far apart a quantity and the same quantity in another unit may stand, in font sizes."""

FEW_LETTERS = 3
"""Letters beside its quantities that the label of a dimension line may have: ``H``, ``Dia``."""

CLASSIFIER_POWER, SHARE_POWER = 0.5, 0.25
"""Powers to which the number classifier's probability and an entity's share of all labels weigh a hypothesis."""

KEYWORD_FACTOR, KEYWORD_REACH = 16.0, 12.0
"""Factor of an entity whose own keyword is the nearest one, and how near that must be, in font sizes."""

OTHER_UNIT_FACTOR = 0.1
"""Factor of a unit that is written as another one, such as a fluid ounce written ``oz``."""

UNKNOWN = 0.05
"""The number classifier's probability where it did not see the number or does not know the entity."""


@dataclass(frozen=True)
class Hypothesis:
    """A candidate as the answer to one entity.

    Parameters
    ----------
    entity : str
        The entity that it would answer.
    candidate : Candidate
        The quantity; its ``line`` is a position among the text lines of the first OCR pass, followed by those of the
        second.
    number : (str, int)
        Unit family, and a number that is the same for the same quantity in another unit.
    confidence : float
        Probability that the quantity is the right answer.
    strength : float
        How likely it is in comparison with the other hypotheses about its mention: from the candidate's share of the
        scores of the entity, the number classifier, how common the entity is, and keywords nearby. The confidence
        does not tell that, as it depends on quantities anywhere else on the photo.
    """

    entity: str
    candidate: Candidate
    number: tuple[str, int]
    confidence: float
    strength: float


@dataclass(frozen=True)
class Mention:
    """All hypotheses about one place on a photo that states a quantity.

    Parameters
    ----------
    hypotheses : tuple of Hypothesis
        At least one, in reading order.
    entity : str
        The entity that the mention most probably answers.
    """

    hypotheses: tuple[Hypothesis, ...]
    entity: str

    @cached_property
    def best(self) -> Hypothesis:
        """The most probable hypothesis of the entity."""
        own = [hypothesis for hypothesis in self.hypotheses if hypothesis.entity == self.entity]
        return max(own, key=lambda hypothesis: (hypothesis.confidence, hypothesis.strength))

    @cached_property
    def strength(self) -> dict[str, float]:
        """Sum of the strengths of the hypotheses of each entity."""
        total: dict[str, float] = {}
        for hypothesis in self.hypotheses:
            total[hypothesis.entity] = total.get(hypothesis.entity, 0.0) + hypothesis.strength
        return total


def lines_of(photo_features: PhotoFeatures) -> tuple[TextLine, ...]:
    """Return the text lines of the first OCR pass, then those of the second."""
    second_pass = photo_features.second_pass
    return (*photo_features.ocr_result.lines, *(second_pass.lines if second_pass else ()))


def find_mentions(photo_features: PhotoFeatures, ranked: Mapping[str, Ranked], model: Model) -> list[Mention]:
    """Return every mention of a quantity on a photo, in reading order; ``model`` ranked each entity's candidates."""
    lines, schema = lines_of(photo_features), model.schema
    shares = _label_shares(model)
    hypotheses = [
        hypothesis
        for entity, found in ranked.items()
        if found.candidates
        for hypothesis in _hypotheses(
            entity, found, photo_features, shares.get(entity, 1.0) * _keyword_factors(found, model)
        )
    ]
    hypotheses = _numbered(_weakened(hypotheses, schema), schema)
    if not hypotheses:
        return []
    by_place: dict[int, list[Hypothesis]] = {}
    for hypothesis, place in zip(hypotheses, _places(hypotheses, lines).tolist(), strict=True):
        by_place.setdefault(place, []).append(hypothesis)
    mentions = []
    for together in by_place.values():
        mention = Mention(tuple(together), together[0].entity)
        mentions.append(replace(mention, entity=max(mention.strength, key=mention.strength.__getitem__)))
    mentions.sort(key=lambda mention: (mention.best.candidate.line, mention.best.candidate.start))
    return _as_different_dimensions(mentions)


def is_label(mention: Mention, mentions: Sequence[Mention], text: str, schema: EntitySchema) -> bool:
    """Return whether a mention labels a line of a drawing: a length, with hardly another word in its text line.

    ``mentions`` are all those on the photo, ``text`` is the text line.
    """
    if not schema.entity(mention.entity).axis:
        return False
    line = mention.best.candidate.line
    spans = [h.candidate for other in mentions for h in other.hypotheses if h.candidate.line == line]
    own = {i for candidate in spans for i in range(candidate.start, candidate.end)}
    return sum(letter.isalpha() for i, letter in enumerate(text) if i not in own) <= FEW_LETTERS


def _as_different_dimensions(mentions: Sequence[Mention]) -> list[Mention]:
    """Return the mentions, the parts of one ``A x B x C`` as different entities where there are enough."""
    assigned = list(mentions)
    for run in _products(mentions):
        entities = sorted({entity for i in run for entity in mentions[i].strength})
        if len(entities) < len(run):
            continue
        gain = np.log([[mentions[i].strength.get(entity, 0.0) + 1e-12 for entity in entities] for i in run])
        for i, chosen in zip(run, linear_sum_assignment(-gain)[1].tolist(), strict=True):
            if entities[chosen] in mentions[i].strength:
                assigned[i] = replace(mentions[i], entity=entities[chosen])
    return assigned


def _products(mentions: Sequence[Mention]) -> list[list[int]]:
    """Return the positions of the mentions that are parts of one ``A x B x C`` each."""
    runs: list[list[int]] = []
    before: Candidate | None = None
    for i, mention in enumerate(mentions):
        candidate = mention.best.candidate
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


def _hypotheses(
    entity: str, found: Ranked, photo_features: PhotoFeatures, factor: npt.NDArray[np.float64]
) -> list[Hypothesis]:
    """Return the hypotheses of an entity's candidates, their numbers still blank."""
    probability = {_quantity(found.candidates[i]): p for i, p in found.order}
    share = np.exp(found.scores - found.scores.max())
    strength = share / share.sum() * factor
    first = len(photo_features.ocr_result.lines) if found.second_pass else 0
    hypotheses = []
    for candidate, s in zip(found.candidates, strength.tolist(), strict=True):
        p = UNKNOWN if found.second_pass else _class_probability(photo_features, candidate.line, entity)
        placed = replace(candidate, line=first + candidate.line, unit_line=first + candidate.unit_line)
        confidence = probability[_quantity(candidate)]
        hypotheses.append(
            Hypothesis(entity, placed, (candidate.family, 0), confidence, s * p**CLASSIFIER_POWER)
        )
    return hypotheses


def _label_shares(model: Model) -> dict[str, float]:
    """Return the factor of each entity for its share of all labels; nothing where no labels were counted."""
    if model.learned.priors is None:
        return {}
    counts = model.learned.priors.counts["entity"]
    share = counts["n"] / counts["n"].sum()
    return {str(entity): float(s) ** SHARE_POWER for entity, s in zip(counts["entity"], share, strict=True)}


def _keyword_factors(found: Ranked, model: Model) -> npt.NDArray[np.float64]:
    """Return the factor of each candidate for the keywords nearby; 1 where the model sees no keywords."""
    columns = model.ranker.columns_
    if not {"keywords.own_near", "keywords.rival_near"} <= set(columns):
        return np.ones(len(found.candidates))
    own, rival = (found.X[:, columns.index(f"keywords.{name}_near")] for name in ("own", "rival"))
    return np.where((own < KEYWORD_REACH) & (own < rival), KEYWORD_FACTOR, 1.0)


def _quantity(candidate: Candidate) -> tuple[float, str]:
    return candidate.value, candidate.unit


def _class_probability(photo_features: PhotoFeatures, line: int, entity: str) -> float:
    """Return the number classifier's probability that the number of a text line is the entity's."""
    if photo_features.number_classes is None or entity not in CLASSES:
        return UNKNOWN
    p = float(photo_features.number_classes[line, CLASSES.index(entity)])
    return max(p, 1e-4) if p == p else UNKNOWN


def _weakened(hypotheses: Sequence[Hypothesis], schema: EntitySchema) -> list[Hypothesis]:
    """Return the hypotheses, weaker where an entity takes the unit that is written for another one of its own."""

    def spot(hypothesis: Hypothesis) -> tuple[object, ...]:
        candidate = hypothesis.candidate
        return candidate.line, candidate.start, candidate.end, candidate.value

    units: dict[tuple[object, ...], set[str]] = {}
    for hypothesis in hypotheses:
        units.setdefault(spot(hypothesis), set()).add(hypothesis.candidate.unit)
    made = []
    for hypothesis in hypotheses:
        reads_as, own = schema.entity(hypothesis.entity).reads_as, hypothesis.candidate.unit
        as_another = any(unit != own and reads_as.get(unit) == own for unit in units[spot(hypothesis)])
        factor = OTHER_UNIT_FACTOR if as_another else 1.0
        made.append(replace(hypothesis, strength=hypothesis.strength * factor))
    return made


def _numbered(hypotheses: Sequence[Hypothesis], schema: EntitySchema) -> list[Hypothesis]:
    """Return the hypotheses with their numbers."""
    made = list(hypotheses)
    for family in {hypothesis.candidate.family for hypothesis in hypotheses}:
        own = [i for i, hypothesis in enumerate(hypotheses) if hypothesis.candidate.family == family]
        base = [schema.to_base(hypotheses[i].candidate.value, hypotheses[i].candidate.unit) for i in own]
        for i, number in zip(own, same_numbers(base).tolist(), strict=True):
            made[i] = replace(hypotheses[i], number=(family, number))
    return made


def _places(hypotheses: Sequence[Hypothesis], lines: Sequence[TextLine]) -> npt.NDArray[np.int64]:
    """Return the place of each hypothesis.

    It is the same for those that overlap in the text, and for the same quantity in another unit next to it.
    """
    candidates = [hypothesis.candidate for hypothesis in hypotheses]
    units: dict[str, int] = {}
    unit = np.array([units.setdefault(c.unit, len(units)) for c in candidates])
    span = np.array([(c.start, c.end) for c in candidates])
    low, high = np.split(np.array([c.box for c in candidates], dtype=float), 2, axis=1)
    reach = np.array([PAIR_GAP * max(lines[c.line].height, 1.0) for c in candidates])
    edges = []
    for some in _equal([c.line for c in candidates]):
        start, end = span[some].T
        edges.append(some[np.argwhere((start[:, None] < end[None]) & (start[None] < end[:, None]))])
    for some in _equal([hypothesis.number for hypothesis in hypotheses]):
        apart = np.maximum(low[some, None], low[None, some]) - np.minimum(high[some, None], high[None, some])
        near = np.hypot(*np.maximum(apart, 0.0).transpose(2, 0, 1)) <= np.minimum(
            reach[some, None], reach[None, some]
        )
        edges.append(some[np.argwhere(near & (unit[some, None] != unit[None, some]))])
    a, b = np.vstack(edges).T
    n = len(hypotheses)
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _equal(values: Sequence[object]) -> list[npt.NDArray[np.int64]]:
    """Return the positions of each distinct value."""
    found: dict[object, list[int]] = {}
    for i, value in enumerate(values):
        found.setdefault(value, []).append(i)
    return [np.array(positions, dtype=np.int64) for positions in found.values()]
