"""Simple systems to beat: rules that pick a candidate without learning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .candidates import Candidate, find_candidates, for_entity
from .entities import EntityBook, default_entities
from .ocr.textline import Reading
from .quantity import format_quantity

Rule = Callable[[Sequence[Candidate], EntityBook], Candidate | None]


def first(candidates: Sequence[Candidate], book: EntityBook) -> Candidate | None:
    """Return the first candidate in reading order, one as read before a repaired one."""
    as_read = [c for c in candidates if not c.repaired]
    return next(iter(as_read or candidates), None)


def largest(candidates: Sequence[Candidate], book: EntityBook) -> Candidate | None:
    """Return the candidate of the largest quantity."""
    as_read = [c for c in candidates if not c.repaired] or candidates
    return max(as_read, key=lambda c: book.to_base(c.value, c.unit), default=None)


RULES: dict[str, Rule] = {"first": first, "largest": largest}
"""The rules by name."""


def answer(
    rule: Rule,
    keys: Sequence[str | None],
    entities: Sequence[str],
    readings: Iterable[tuple[str, Reading]],
    book: EntityBook | None = None,
) -> list[str]:
    """Answer rows by a rule.

    Parameters
    ----------
    rule : callable
        Picks one of an entity's candidates, or None.
    keys, entities : sequences, one per row
        The row's photo and what it asks.
    readings : iterable of (key, Reading)
        Each photo once.
    book : EntityBook, optional
        Entities and units.

    Returns
    -------
    list of str
        Predictions as a submission writes them.
    """
    book = book or default_entities()
    found = {key: find_candidates(reading, book) for key, reading in readings}
    answers = []
    for key, entity in zip(keys, entities, strict=True):
        chosen = None
        if key in found and entity in book.entities:
            chosen = rule(for_entity(found[key], book.entity(entity)), book)
        answers.append(format_quantity(chosen.value, chosen.unit) if chosen else "")
    return answers
