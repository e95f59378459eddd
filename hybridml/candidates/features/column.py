"""A feature column as its block declares it: its name, what it is about, and how its value reads in an explanation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from hybridml.candidates.find import Candidate
from hybridml.entities import Entity, EntitySchema
from hybridml.vision.text_line import OCRResult


@dataclass(frozen=True)
class PhraseContext:
    """The candidate that a phrase is about, and where it comes from.

    Parameters
    ----------
    candidate : Candidate
        The quantity.
    entity : Entity
        The requested entity.
    ocr_result : OCRResult
        The text lines in which the candidate was found.
    schema : EntitySchema
        Entities, units and context words.
    """

    candidate: Candidate
    entity: Entity
    ocr_result: OCRResult
    schema: EntitySchema

    @property
    def requested(self) -> str:
        """Name of the requested entity, with spaces."""
        return spaced(self.entity.name)


Phrase = Callable[[float, PhraseContext], str]
"""Turns a column's value into a clause about the candidate; the value is never NaN."""


@dataclass(frozen=True)
class Column:
    """A column of the feature table.

    Parameters
    ----------
    name : str
        Its name, which begins with that of its block.
    noun : str
        What it is about, as a noun phrase.
    phrase : callable, optional
        How a value reads; without it, the noun phrase and the number.
    missing : str
        How NaN reads; "not known" by default.
    """

    name: str
    noun: str
    phrase: Phrase | None = None
    missing: str = ""

    def say(self, value: float, context: PhraseContext) -> str:
        """Return what ``value`` says of a candidate, as a clause."""
        if math.isnan(value):
            return self.missing or f"{self.noun}: not known"
        return self.phrase(value, context) if self.phrase else f"{self.noun}: {value:.3g}"


def flag(name: str, clause: str, yes: str, no: str, above: float = 0.5) -> Column:
    """Return a column that states whether ``clause`` holds with ``yes`` in its gap, or with ``no``.

    Parameters
    ----------
    name : str
        The column's name.
    clause, yes, no : str
        What a value means: ``yes`` fills the gap of larger values, ``no`` that of smaller ones.
    above : float
        The value between the two; the default is for columns of 0 and 1.

    Examples
    --------
    >>> flag("form.whole", "it is {} whole number", "a", "not a").noun
    'whether it is a whole number'
    """
    noun = f"whether {clause.format(yes)}"
    return Column(name, noun, lambda value, _: clause.format(yes if value > above else no))


def number_of(name: str, one: str, many: str) -> Column:
    """Return a column that counts things, called ``one`` and ``many``.

    Examples
    --------
    >>> number_of("comparison.larger", "larger quantity", "larger quantities").noun
    'number of larger quantities'
    """

    def say(value: float, _: PhraseContext) -> str:
        n = round(value)
        return f"no {one}" if n < 1 else f"one {one}" if n == 1 else f"{n} {many}"

    return Column(name, f"number of {many}", say)


def share_of(name: str, what: str) -> Column:
    """Return a column that is a share of something.

    Examples
    --------
    >>> share_of("comparison.same_unit", "the candidates in its unit").noun
    'share of the candidates in its unit'
    """
    return Column(name, f"share of {what}", percentage(f"{{}} of {what}"))


def percentage(pattern: str) -> Phrase:
    """Return the phrase that fills a share into ``pattern``."""
    return lambda value, _: pattern.format(percent(value))


def percent(value: float) -> str:
    """Return a share as a percentage."""
    return "less than 1 %" if 0 <= value < 0.005 else f"{100 * value:.0f} %"


def spaced(name: str) -> str:
    """Return a name with spaces in place of underscores."""
    return name.replace("_", " ")
