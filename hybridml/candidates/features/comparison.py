"""Features of the set: how a candidate compares with the others that could answer the same entity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hybridml.candidates.find import Candidate
from hybridml.entities import Entity
from hybridml.quantity.unit_pairs import SAME_CANDIDATE, same_size

from .column import Column, Phrase, PhraseContext, flag, number_of, percent, percentage, share_of
from .photo_context import PhotoContext

VERSION = 1


def _factor(name: str) -> Phrase:
    """Return how a quantity compares with the one called ``name``, from the decimal logarithm of their ratio."""

    def say(value: float, _: PhraseContext) -> str:
        factor = 10 ** abs(value)
        if factor < 1.01:
            return f"it is the {name} quantity"
        if value > 0:
            return f"it is {factor:.3g} times as large as the {name} quantity"
        return f"the {name} quantity is {factor:.3g} times as large"

    return say


def _order(value: float, _: PhraseContext) -> str:
    first = "it is the first candidate in reading order"
    return first if value < 0.5 else f"{value:.0f} candidates come before it"


def _order_share(value: float, context: PhraseContext) -> str:
    return _order(0, context) if value <= 0 else f"{percent(value)} of the candidates come before it"


def _in_product(value: float, _: PhraseContext) -> str:
    return "it is in no A x B x C" if value < 0 else f"it is number {value + 1:.0f} of an A x B x C"


COLUMNS = (
    number_of("comparison.count", "candidate in all", "candidates in all"),
    number_of("comparison.distinct", "distinct quantity", "distinct quantities"),
    number_of("comparison.larger", "larger quantity", "larger quantities"),
    number_of("comparison.smaller", "smaller quantity", "smaller quantities"),
    Column("comparison.to_largest", "size relative to the largest quantity", _factor("largest")),
    Column("comparison.to_smallest", "size relative to the smallest quantity", _factor("smallest")),
    Column("comparison.to_middle", "size relative to the median quantity", _factor("median")),
    number_of("comparison.larger_font", "candidate in larger letters", "candidates in larger letters"),
    Column(
        "comparison.font_to_largest",
        "height of its letters relative to the largest candidate's",
        percentage("its letters are {} of the largest candidate's"),
    ),
    number_of("comparison.surer", "candidate read more surely", "candidates read more surely"),
    Column("comparison.order", "place in reading order", _order),
    Column("comparison.order_share", "share of the candidates that come before it", _order_share),
    number_of("comparison.solid_before", "unrepaired candidate before it", "unrepaired candidates before it"),
    number_of("comparison.right_of", "candidate left of it", "candidates left of it"),
    number_of("comparison.left_of", "candidate right of it", "candidates right of it"),
    number_of("comparison.below", "candidate above it", "candidates above it"),
    number_of("comparison.above", "candidate below it", "candidates below it"),
    number_of("comparison.repeats", "repetition of it on the photo", "repetitions of it on the photo"),
    number_of("comparison.elsewhere", "mention in another text line", "mentions in other text lines"),
    flag("comparison.pair", "it is {}", "also given in another unit", "given in one unit only"),
    flag("comparison.pair_beside", "{} unit of it is beside it", "another", "no other"),
    flag("comparison.pair_first", "it is {} first unit of a pair", "the", "not the"),
    flag("comparison.pair_second", "it is {} second unit of a pair", "the", "not the"),
    share_of("comparison.same_unit", "the candidates in its unit"),
    flag("comparison.imperial", "its unit is {}", "imperial", "metric"),
    share_of("comparison.imperial_share", "the candidates in imperial units"),
    number_of("comparison.on_line", "unrepaired candidate in its line", "unrepaired candidates in its line"),
    Column("comparison.in_product", "place within an A x B x C of the photo", _in_product),
    number_of("comparison.products", "candidate in an A x B x C", "candidates in an A x B x C"),
    number_of("comparison.of_family", "quantity of its kind", "quantities of its kind"),
    number_of("comparison.all", "quantity of any kind", "quantities of any kind"),
)


def block(photo: PhotoContext, entity: Entity, candidates: Sequence[Candidate]) -> dict[str, np.ndarray]:
    """Return the comparison features of each candidate."""
    return photo.shared("comparison", entity, lambda: _columns(photo, entity, candidates))


def _columns(photo: PhotoContext, entity: Entity, candidates: Sequence[Candidate]) -> dict[str, np.ndarray]:
    n = len(candidates)
    schema = photo.schema
    base = np.array([schema.to_base(c.value, c.unit) for c in candidates], dtype=float)
    unit = np.array([entity.units.index(c.unit) for c in candidates], dtype=int)
    value = np.array([c.value for c in candidates], dtype=float)
    line = np.array([c.line for c in candidates], dtype=int)
    start = np.array([c.start for c in candidates], dtype=int)
    repaired = np.array([c.repaired for c in candidates], dtype=bool)
    imperial = np.array([schema.is_imperial(c.unit) for c in candidates], dtype=bool)
    center = np.array([c.center for c in candidates], dtype=float).reshape(-1, 2)
    font = photo.font[line]
    confidence = photo.confidence[line]

    solid = ~repaired if (~repaired).any() else np.ones(n, dtype=bool)
    distinct = np.unique(np.round(base[solid], 9))
    largest, smallest = max(float(distinct.max()), 1e-9), max(float(distinct.min()), 1e-9)
    middle = max(float(np.median(distinct)), 1e-9)
    tiny = np.maximum(base, 1e-9)

    close = same_size(base[:, None], base[None], SAME_CANDIDATE)
    other_unit = unit[:, None] != unit[None]
    same_line = line[:, None] == line[None]
    pair = close & other_unit
    pair_beside = pair & same_line
    identical = (value[:, None] == value[None]) & ~other_unit
    apart = ~same_line | (start[:, None] != start[None])
    elsewhere = close & ~same_line

    def rank(values: np.ndarray) -> np.ndarray:
        return (values[None, solid] > values[:, None] + 1e-9).sum(axis=1).astype(float)

    above = len(distinct) - np.searchsorted(distinct, base * (1 + 1e-9), side="right")
    is_part = np.array([c.part is not None for c in candidates], dtype=bool)
    part_index = np.array([c.part[0] if c.part else -1 for c in candidates], dtype=int)
    in_product = np.full(n, -1.0)
    for i in range(n):
        same = np.flatnonzero(close[i] & is_part)
        if len(same):
            in_product[i] = part_index[same[0]]
    families = [schema.unit(c.unit).family for c in photo.candidates]
    return {
        "comparison.count": np.full(n, float(n)),
        "comparison.distinct": np.full(n, float(len(distinct))),
        "comparison.larger": above.astype(float),
        "comparison.smaller": (len(distinct) - 1 - above).astype(float),
        "comparison.to_largest": np.log10(tiny / largest),
        "comparison.to_smallest": np.log10(tiny / smallest),
        "comparison.to_middle": np.log10(tiny / middle),
        "comparison.larger_font": rank(font),
        "comparison.font_to_largest": font / max(float(font[solid].max()), 1e-6),
        "comparison.surer": rank(confidence),
        "comparison.order": np.arange(n, dtype=float),
        "comparison.order_share": np.arange(n) / max(n - 1, 1),
        "comparison.solid_before": np.concatenate([[0.0], np.cumsum(solid)[:-1].astype(float)]),
        "comparison.right_of": rank(-center[:, 0]),
        "comparison.left_of": rank(center[:, 0]),
        "comparison.below": rank(-center[:, 1]),
        "comparison.above": rank(center[:, 1]),
        "comparison.repeats": (identical & apart & solid[None]).sum(axis=1).astype(float),
        "comparison.elsewhere": (elsewhere & solid[None]).sum(axis=1).astype(float),
        "comparison.pair": (pair & solid[None]).any(axis=1).astype(float),
        "comparison.pair_beside": (pair_beside & solid[None]).any(axis=1).astype(float),
        "comparison.pair_first": (pair_beside & (start[:, None] < start[None])).any(axis=1).astype(float),
        "comparison.pair_second": (pair_beside & (start[:, None] > start[None])).any(axis=1).astype(float),
        "comparison.same_unit": (~other_unit & solid[None]).mean(axis=1),
        "comparison.imperial": imperial.astype(float),
        "comparison.imperial_share": np.full(n, float(imperial[solid].mean())),
        "comparison.on_line": (same_line & solid[None]).sum(axis=1).astype(float),
        "comparison.in_product": in_product,
        "comparison.products": np.full(n, float(is_part.sum())),
        "comparison.of_family": np.full(n, float(families.count(entity.family))),
        "comparison.all": np.full(n, float(len(families))),
    }
