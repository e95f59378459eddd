"""The columns that are learned from training rows, as explanations name them."""

from __future__ import annotations

import math

from hybridml.candidates.features.column import Column, Phrase, PhraseContext, flag, percent
from hybridml.ranking.learned_features import WEAK_LABEL

JOINT = "joint"
"""Stands for what scoring width, height and depth of a photo jointly added to a score."""


def _share_of_labels(what: str) -> Phrase:
    """Return the phrase of the share of labels that are ``what``, from its logarithm."""

    def say(value: float, context: PhraseContext) -> str:
        candidate = context.candidate
        labels = what.format(unit=candidate.unit, number=f"{candidate.value:g}")
        return f"{percent(math.exp(min(value, 0.0)))} of {context.requested} labels {labels}"

    return say


def _size_beside(value: float, context: PhraseContext) -> str:
    if value > -1e-6:
        return f"no candidate's size is more common for {context.requested}"
    return f"another candidate's size is {math.exp(-value):.2g} times as common for {context.requested}"


def _preferred_unit(odds: float, _: PhraseContext) -> str:
    if odds == 0:
        return "labels show no preference between its two units, or it has one only"
    return f"of pairs written like this, {100 / (1 + math.exp(-odds)):.0f} % of labels take its unit"


COLUMNS = {
    column.name: column
    for column in (
        Column(
            JOINT,
            "the photo's dimensions scored jointly",
            lambda *_: "another of the photo's dimensions is likelier to be this number, or to be so large",
        ),
        flag(WEAK_LABEL, "its row has a {}", "weak label", "label to measure by"),
        Column("prior.unit", "how common its unit is among labels", _share_of_labels("are in {unit}")),
        Column(
            "prior.exact",
            "how common exactly this quantity is among labels",
            _share_of_labels("in its unit are exactly {number}"),
        ),
        Column("prior.size", "how common its size is among labels", _share_of_labels("are about as large")),
        Column(
            "prior.value",
            "how common its number is among labels",
            _share_of_labels("have the number {number}, in whatever unit"),
        ),
        Column(
            "prior.size_beside",
            "how common its size is among labels relative to the other candidates'",
            _size_beside,
        ),
        Column("unit_preference.unit", "which unit of such a pair labels take", _preferred_unit),
    )
}


def find_column(name: str) -> Column | None:
    """Return the declaration of a learned column; None for any other column."""
    if name.startswith("image."):
        return Column(name, f"the photo as a whole, component {name.removeprefix('image.')}")
    return COLUMNS.get(name)
