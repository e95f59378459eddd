"""Examples for the network: rows as the tokens of their photo and the numbers among them that could be the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt

from hybridml.candidates.find import Candidate, Origin, for_entity, ocr_result_for
from hybridml.entities import Entity, EntitySchema
from hybridml.evaluation.baselines.system import Dataset
from hybridml.quantity import Form, Number

from .tokens import Bools, Floats, Ints, Tokens, logarithm

OPTION = ("repaired", "logarithm", "order", "first", *get_args(Origin), *get_args(Form))
"""Features of an option, a number that could be the answer, besides its token and the units read with it."""


@dataclass(frozen=True)
class Example:
    """One row.

    Parameters
    ----------
    entity : int
        Number of the entity, in the order of the schema.
    tokens : Tokens
        The tokens of its photo.
    starts : array (options,)
        The token that each option starts in.
    values : array (options,)
        The number of each option.
    options : array (options, OPTION)
        Features of each option.
    units_read : array (options, units)
        1 for the units read with each option, of those that the entity allows.
    photo : array (copies, numbers), optional
        ResNet-50 features of the photo as it is, then of varied copies of it; None where there are none.
    right : array (options, units), optional
        In training, which options in which units are the answer.
    """

    entity: int
    tokens: Tokens
    starts: Ints
    values: npt.NDArray[np.float64]
    options: Floats
    units_read: Floats
    photo: Floats | None = None
    right: Bools | None = None

    def answers(self, answer: tuple[float, str] | None, schema: EntitySchema) -> Bools:
        """Return which options in which units are ``answer`` (options, units); none where it was not read."""
        right = np.zeros(self.units_read.shape, dtype=bool)
        entity = list(schema.entities.values())[self.entity]
        if answer is not None and answer[1] in entity.units:
            right[self.values == answer[0], list(schema.units).index(answer[1])] = True
        return right


def examples(dataset: Dataset) -> list[Example | None]:
    """Return each row as an example, None where nothing was read that could be its number."""
    schema = dataset.schema
    tokens: dict[int, Tokens] = {}
    found: list[Example | None] = []
    for key, name in zip(dataset.keys, dataset.frame["entity_name"], strict=True):
        if key is None or key not in dataset.photo_features or name not in schema.entities:
            found.append(None)
            continue
        entity = schema.entity(name)
        result = ocr_result_for(dataset.photo_features[key], entity, schema)
        if id(result) not in tokens:
            tokens[id(result)] = Tokens.of(result, schema)
        found.append(_example(tokens[id(result)], entity, schema))
    return found


def _example(tokens: Tokens, entity: Entity, schema: EntitySchema) -> Example | None:
    found: dict[tuple[int, float], list[Candidate | Number]] = {}
    for n, candidate in tokens.candidates:
        for c in for_entity([candidate], entity):
            found.setdefault((n, c.value), []).append(c)
    for n, number in tokens.numbers:
        found.setdefault((n, number.value), [number])
    if not found:
        return None
    order = sorted(found)
    names = list(schema.units)
    options = np.zeros((len(order), len(OPTION)), np.float32)
    units_read = np.zeros((len(order), len(names)), np.float32)
    first = True
    for i, start_and_value in enumerate(order):
        here = found[start_and_value]
        known = {
            "repaired": float(here[0].repaired),
            "logarithm": logarithm(here[0].value),
            "order": i / len(order),
            here[0].form: 1.0,
        }
        if isinstance(here[0], Candidate):
            known |= {here[0].origin: 1.0, "first": float(first and not here[0].repaired)}
            first = first and here[0].repaired
        options[i, [OPTION.index(name) for name in known]] = list(known.values())
        units_read[i, [names.index(c.unit) for c in here if isinstance(c, Candidate)]] = 1.0
    return Example(
        list(schema.entities).index(entity.name),
        tokens,
        np.array([n for n, _ in order], dtype=np.int64),
        np.array([value for _, value in order]),
        options,
        units_read,
    )
