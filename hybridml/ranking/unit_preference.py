"""UnitPreference: which of the two units of a dual labels take, learned from labels with the text of their photos.

Of ``3.3 in / 8.5 cm`` a label has one, and a photo does not say which. The way it is written tells more than the order
alone; it is learned from texts, which are had in greater number than photos. What was learned is where the ranker
starts from, and the ranker learns the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.candidates.features.unit_pairs import NAMES
from hybridml.candidates.find import Candidate
from hybridml.datasets.labels import TEXT, parse_truth
from hybridml.entities import EntitySchema
from hybridml.quantity import Quantity, parse
from hybridml.quantity.unit_pairs import Mention, describe, is_same, is_unit_pair

from .booster import Booster

COLUMN = "unit_preference.unit"
"""Column of the ranker's table: log odds that labels take the candidate's unit and not that of its twin; 0 without."""

WORTH = 0.5
"""How many of the ranker's points one unit of log odds is: labels' habits say nothing of what the photo shows."""

LEAST = 200
"""Duals in the texts below which nothing is learned."""

SURE = 4.0
"""Log odds beyond which none is surer."""

TEXTS_AT_HAND = 1 << 16
"""Texts whose dual is remembered: each fold learns from nearly the same."""

_SETTINGS: dict[str, Any] = {
    "n_estimators": 60,
    "num_leaves": 12,
    "learning_rate": 0.08,
    "min_child_samples": 40,
    "n_jobs": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


@dataclass
class UnitPreference:
    """What was learned of duals.

    Parameters
    ----------
    text : str
        LightGBM's own text of a model that gives the log odds of the imperial unit.
    unit_pairs : int
        From how many it was learned.
    """

    text: str
    unit_pairs: int

    @classmethod
    def fit(cls, examples: pd.DataFrame) -> UnitPreference | None:
        """Learn from duals, a table that :func:`unit_pair_table` made; None where there are too few, or all alike."""
        if len(examples) < LEAST or examples["imperial"].nunique() < 2:
            return None
        from lightgbm import LGBMClassifier

        model = LGBMClassifier(**_SETTINGS).fit(
            examples[list(NAMES)].to_numpy(np.float32), examples["imperial"].to_numpy(int)
        )
        return cls(model.booster_.model_to_string(), len(examples))

    def odds(self, described: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """Return the log odds that labels take the imperial unit of duals, described as in :data:`NAMES`."""
        found: npt.NDArray[np.float64] = _booster(self.text).score(described).clip(-SURE, SURE)
        return found

    def column(
        self,
        X: npt.NDArray[np.floating[Any]],
        columns: Sequence[str],
        candidates: Sequence[Candidate],
        schema: EntitySchema,
    ) -> npt.NDArray[np.float32]:
        """Return the column :data:`COLUMN` of candidates, (n_candidates, 1).

        Parameters
        ----------
        X, columns, candidates
            As in :class:`hybridml.candidates.table.CandidateTable`; without the block ``dual`` all are 0.
        schema : EntitySchema
            Units.
        """
        odds = np.zeros(len(candidates))
        if set(NAMES) <= set(columns):
            described = X[:, [list(columns).index(name) for name in NAMES]]
            given_twice = ~np.isnan(described[:, 0])
            odds[given_twice] = self.odds(described[given_twice])
        imperial = np.array([schema.is_imperial(c.unit) for c in candidates], dtype=bool)
        return np.where(imperial, odds, -odds).astype(np.float32)[:, None]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data from which :meth:`from_dict` makes the same habits."""
        return {"text": self.text, "pairs": self.unit_pairs}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> UnitPreference:
        """Return the habits that :meth:`to_dict` described."""
        return cls(data["text"], data["pairs"])


def unit_pair_table(frame: pd.DataFrame, schema: EntitySchema) -> pd.DataFrame:
    """Return the duals in the texts of labels of which the label is one half.

    Parameters
    ----------
    frame : data frame
        Labels: ``entity_name, entity_value`` and :data:`hybridml.datasets.labels.TEXT`, blank where nothing was read. Without
        the column there are no duals.
    schema : EntitySchema
        Units.

    Returns
    -------
    data frame
        What :func:`hybridml.quantity.unit_pairs.describe` tells of each, ``imperial``: whether the label is the imperial half, and of
        the index of ``frame``.

    Examples
    --------
    >>> from hybridml.entities import default_entities
    >>> rows = pd.DataFrame({"entity_name": ["width"], "entity_value": ["8.5 centimetre"], "text": ["3.3 in / 8.5 cm"]})
    >>> unit_pair_table(rows, default_entities())[["unit_pairs.imperial_first", "imperial"]].to_numpy().tolist()
    [[1.0, 0.0]]
    """
    found: list[tuple[float, ...]] = []
    at = []
    if TEXT in frame:
        known = frame[frame[TEXT].astype(bool)]
        truths = parse_truth(known["entity_value"], schema)
        rows = zip(known.index, known["entity_name"], known[TEXT], truths, strict=True)
        for index, name, text, truth in rows:
            if name not in schema.entities or truth.quantity is None:
                continue
            _schemas[id(schema)] = schema
            told = _unit_pair(text, name, truth.quantity, id(schema))
            if told:
                found.append(told)
                at.append(index)
    return pd.DataFrame(found, columns=[*NAMES, "imperial"], index=pd.Index(at), dtype=float)


@lru_cache(maxsize=4)
def _booster(text: str) -> Booster:
    return Booster(text)


_schemas: dict[int, EntitySchema] = {}


@lru_cache(maxsize=TEXTS_AT_HAND)
def _unit_pair(text: str, name: str, label: tuple[float, str], schema_id: int) -> tuple[float, ...] | None:
    """Return how the dual that the label is half of is written in a text, and whether it is the imperial half."""
    schema = _schemas[schema_id]
    entity = schema.entity(name)
    quantities = [q for q in parse(text, schema) if not q.repaired and entity.unit_for(q.unit)]
    # the label's own number must stand there: else it is not known to be half of this dual
    if not any((q.value, entity.unit_for(q.unit)) == label for q in quantities):
        return None
    of_label = [q for q in quantities if is_same((q.value, q.unit), label, schema)]
    pairs = [
        (a, b)
        for a in of_label
        for b in of_label
        if a.span[0] < b.span[0] and is_unit_pair((a.value, a.unit), (b.value, b.unit), schema)
    ]
    if not pairs:
        return None
    a, b = min(pairs, key=lambda pair: pair[1].span[0] - pair[0].span[0])
    first = schema.is_imperial(quantities[0].unit)
    told = describe(_mention(a, text), _mention(b, text), first, schema)
    return (*told, float(schema.is_imperial(label[1])))


def _mention(quantity: Quantity, text: str) -> Mention:
    return Mention(quantity.value, quantity.unit, text, *quantity.span, quantity.number_text)
