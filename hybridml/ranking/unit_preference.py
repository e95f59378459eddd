"""The unit preference: which unit of a unit pair labels take, learned from labels and their photos' texts.

A label has one half of ``3.3 in / 8.5 cm``, and the photo does not say which. How the pair is written says more than
the order alone. It is learned from texts, of which there are more than photos. The ranker's scores start from what was
learned, and the ranker learns the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.candidates.features.unit_pairs import NAMES
from hybridml.candidates.table import CandidateTable
from hybridml.datasets.labels import TEXT, parse_labels
from hybridml.entities import Entity, EntitySchema
from hybridml.quantity import Quantity, parse
from hybridml.quantity.unit_pairs import PairMember, could_pair, describe_pair, is_unit_pair

from .ranker import load_booster, raw_scores

UNIT_COLUMN = "unit_preference.unit"
"""Column of the feature table: log odds that labels take the candidate's unit and not its twin's; 0 without a twin."""

SCORE_PER_LOG_ODDS = 0.5
"""Ranker score that one unit of log odds is worth: a preference of labels says nothing about the photo."""

MIN_UNIT_PAIRS = 200
"""Nothing is learned from fewer unit pairs."""

MAX_LOG_ODDS = 4.0
"""Limit of the log odds, in both directions."""

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
    """A classifier of unit pairs: does the label take the imperial half?

    Parameters
    ----------
    text : str
        LightGBM's own text of a model whose raw score is the log odds of the imperial unit.
    pairs : int
        Number of unit pairs that it was learned from.
    """

    text: str
    pairs: int

    @classmethod
    def fit(cls, examples: pd.DataFrame) -> UnitPreference | None:
        """Learn from a table made by :func:`unit_pair_table`; None if it has too few unit pairs or all are alike."""
        if len(examples) < MIN_UNIT_PAIRS or examples["imperial"].nunique() < 2:
            return None
        from lightgbm import LGBMClassifier

        model = LGBMClassifier(**_SETTINGS).fit(
            examples[list(NAMES)].to_numpy(np.float32), examples["imperial"].to_numpy(int)
        )
        return cls(model.booster_.model_to_string(), len(examples))

    def log_odds(self, described: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """Return the log odds that labels take the imperial unit of pairs with the features :data:`NAMES`."""
        if not len(described):
            return np.zeros(0)
        return raw_scores(load_booster(self.text), described).clip(-MAX_LOG_ODDS, MAX_LOG_ODDS)

    def column(self, table: CandidateTable, schema: EntitySchema) -> npt.NDArray[np.float32]:
        """Return the column :data:`UNIT_COLUMN`, (n_candidates, 1); all 0 without the block ``unit_pairs``."""
        odds = np.zeros(len(table))
        if set(NAMES) <= set(table.columns):
            described = table.X[:, [table.columns.index(name) for name in NAMES]]
            in_pair = ~np.isnan(described[:, 0])
            odds[in_pair] = self.log_odds(described[in_pair])
        imperial = np.array([schema.is_imperial(c.unit) for c in table.candidates], dtype=bool)
        return np.where(imperial, odds, -odds).astype(np.float32)[:, None]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data from which :meth:`from_dict` restores the preference."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> UnitPreference:
        """Return the preference that :meth:`to_dict` described."""
        return cls(**data)


def unit_pair_table(frame: pd.DataFrame, schema: EntitySchema) -> pd.DataFrame:
    """Return the unit pairs in the texts of labels of which the label is one half.

    Parameters
    ----------
    frame : data frame
        Labels: ``entity_name, entity_value`` and :data:`hybridml.datasets.labels.TEXT`, blank where no text is known.
        Without the text column there are no unit pairs.
    schema : EntitySchema
        Units.

    Returns
    -------
    data frame
        The description of each pair by :func:`hybridml.quantity.unit_pairs.describe_pair` and ``imperial``: whether the
        label is the imperial half. The index is that of ``frame``.

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
        truths = parse_labels(known["entity_value"], schema)
        rows = zip(known.index, known["entity_name"], known[TEXT], truths, strict=True)
        for index, name, text, truth in rows:
            if name not in schema.entities or truth.quantity is None:
                continue
            if described := _unit_pair(text, schema.entity(name), truth.quantity, schema):
                found.append(described)
                at.append(index)
    return pd.DataFrame(found, columns=[*NAMES, "imperial"], index=pd.Index(at), dtype=float)


def _unit_pair(
    text: str, entity: Entity, label: tuple[float, str], schema: EntitySchema
) -> tuple[float, ...] | None:
    """Return the description of the pair in a text that the label is half of, and 1.0 if it is the imperial half."""
    quantities = [q for q in parse(text, schema) if not q.repaired and entity.unit_for(q.unit)]
    # the text must contain the label's own number: otherwise the label may not be half of this pair
    if not any((q.value, entity.unit_for(q.unit)) == label for q in quantities):
        return None
    of_label = [q for q in quantities if could_pair((q.value, q.unit), label, schema)]
    pairs = [
        (a, b)
        for a in of_label
        for b in of_label
        if a.span[0] < b.span[0] and is_unit_pair((a.value, a.unit), (b.value, b.unit), schema)
    ]
    if not pairs:
        return None
    a, b = min(pairs, key=lambda pair: pair[1].span[0] - pair[0].span[0])
    imperial_first = schema.is_imperial(quantities[0].unit)
    described = describe_pair(_mention(a, text), _mention(b, text), imperial_first, schema)
    return (*described, float(schema.is_imperial(label[1])))


def _mention(quantity: Quantity, text: str) -> PairMember:
    return PairMember(quantity.value, quantity.unit, text, *quantity.span, quantity.number_text)
