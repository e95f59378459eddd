"""A row as the network sees it: the tokens of its photo, and the numbers among them that could be the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import numpy.typing as npt

from hybridml.candidates.find import Candidate, Origin, for_entity
from hybridml.entities import Entity, EntitySchema
from hybridml.quantity import Form, Number

from .tokens import Bools, Floats, Ints, Page, logarithm

OPTION = ("repaired", "logarithm", "order", "first", *get_args(Origin), *get_args(Form))
"""What a number that could be the answer is described by, besides its token and the units read with it."""


@dataclass(frozen=True)
class Sheet:
    """One photo as it is asked for one entity.

    Parameters
    ----------
    entity : int
        Number of the entity, in the order of the book.
    page : Page
        The photo's tokens.
    token : array (options,)
        Which token each number that could be the answer starts in.
    values : array (options,)
        Those numbers.
    options : array (options, OPTION)
        What is known of them.
    read : array (options, units)
        The units read with them, of those that the entity allows.
    """

    entity: int
    page: Page
    token: Ints
    values: npt.NDArray[np.float64]
    options: Floats
    read: Floats

    def right(self, answer: tuple[float, str] | None, schema: EntitySchema) -> Bools:
        """Return which options, in which units, are the answer (options, units); none where it was not read."""
        right = np.zeros(self.read.shape, dtype=bool)
        entity = list(schema.entities.values())[self.entity]
        if answer is not None and answer[1] in entity.units:
            right[self.values == answer[0], list(schema.units).index(answer[1])] = True
        return right

    def kept(self, keep: Bools) -> Sheet:
        """Return the sheet without the tokens where ``keep`` does not hold; those of an option must stay."""
        page = self.page
        left = replace(
            page, characters=page.characters[keep], features=page.features[keep], units=page.units[keep]
        )
        return replace(self, page=left, token=(np.cumsum(keep) - 1)[self.token])


def sheet_of(page: Page, entity: Entity, schema: EntitySchema) -> Sheet | None:
    """Return a photo's page as it is asked for an entity; None where no number on it could be the answer."""
    found: dict[tuple[int, float], list[Candidate | Number]] = {}
    for n, candidate in page.candidates:
        for c in for_entity([candidate], entity):
            found.setdefault((n, c.value), []).append(c)
    for n, number in page.bare:
        found.setdefault((n, number.value), [number])
    if not found:
        return None
    order = sorted(found)
    names = list(schema.units)
    options = np.zeros((len(order), len(OPTION)), np.float32)
    read = np.zeros((len(order), len(names)), np.float32)
    first = True
    for i, place in enumerate(order):
        here = found[place][0]
        known = {
            "repaired": float(here.repaired),
            "logarithm": logarithm(here.value),
            "order": i / len(order),
            here.form: 1.0,
        }
        if isinstance(here, Candidate):
            known |= {here.origin: 1.0, "first": float(first and not here.repaired)}
            first = first and here.repaired
        for name, value in known.items():
            options[i, OPTION.index(name)] = value
        for one in found[place]:
            if isinstance(one, Candidate):
                read[i, names.index(one.unit)] = 1.0
    return Sheet(
        list(schema.entities).index(entity.name),
        page,
        np.array([n for n, _ in order], dtype=np.int64),
        np.array([value for _, value in order]),
        options,
        read,
    )
