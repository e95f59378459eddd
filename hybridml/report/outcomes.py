"""Outcomes of rows (right, wrong, blank, ...), and the labelled rows with what the metric says of each."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from hybridml.datasets.labels import Quantity, parse_labels
from hybridml.entities import EntitySchema, default_entities
from hybridml.evaluation import metrics
from hybridml.quantity.unit_pairs import same_quantity

RIGHT, IN_OTHER_UNIT, WRONG, BLANK, UNLABELLED = "right", "other unit", "wrong", "blank", "unlabelled"
"""Outcomes of a row. "other unit" is the right quantity in another unit, which the metric counts as wrong.

A blank label means that there is nothing to find; a row is "unlabelled" where its label is not known.
"""


def outcome_of(truth: str | None, prediction: str, entity: str, schema: EntitySchema) -> str:
    """Return the outcome of one row, whose ``truth`` is None where the label is not known."""
    if truth is None:
        return UNLABELLED
    kind = metrics.outcomes([truth], [prediction], schema)[0]
    if kind != "fp":
        return BLANK if kind == "fn" else RIGHT
    label = parse_labels([truth], schema)[0].quantity
    answer = metrics.parse_predictions([prediction], schema)[0]
    same = label and answer and same_quantity(answer, label, entity, schema)
    return IN_OTHER_UNIT if same else WRONG


def score_labelled(
    rows: pd.DataFrame, candidates: Sequence[Sequence[str]] | None = None, schema: EntitySchema | None = None
) -> pd.DataFrame:
    """Return the labelled rows with what the metric says of each.

    Parameters
    ----------
    rows : data frame
        ``index, photo, group, entity, truth, prediction, confidence, outcome, cause, trained``, one line per row.
    candidates : sequence of sequences of str, optional
        All candidates of each row, as answers are written.
    schema : EntitySchema, optional
        Entities and units; the packaged ones by default.

    Returns
    -------
    data frame
        The labelled rows, indexed by their position, with ``kind`` ("tp", "fp", "fn", "tn"), ``right``, ``answered``,
        ``same`` (the right quantity in another unit), ``reached`` (the right answer is among the candidates; no such
        column without candidates), ``truth_value, truth_unit, answer_value, answer_unit`` (as the metric reads them),
        and ``log10_ratio``: log10 of answer / truth in base units, NaN where the two cannot be compared.
    """
    schema = schema or default_entities()
    labelled = (rows["outcome"] != UNLABELLED).to_numpy(dtype=bool)
    part = rows.reset_index(drop=True)[labelled].copy()
    truth, predictions = list(part["truth"]), list(part["prediction"])
    part["kind"] = metrics.outcomes(truth, predictions, schema).astype(object)
    part["right"] = part["kind"].isin(("tp", "tn"))
    part["answered"] = part["kind"].isin(("tp", "fp"))
    truths = [t.quantity for t in parse_labels(truth, schema)]
    answers = metrics.parse_predictions(predictions, schema)
    pairs = list(zip(truths, answers, part["entity"], strict=True))
    part["same"] = [
        t is not None and a is not None and t != a and same_quantity(a, t, e, schema) for t, a, e in pairs
    ]
    if candidates is not None:
        kept = [some for some, keep in zip(candidates, labelled, strict=True) if keep]
        part["reached"] = metrics.reachable(truth, kept, schema)
    for name, quantities in (("truth", truths), ("answer", answers)):
        part[f"{name}_value"] = [math.nan if q is None else q[0] for q in quantities]
        part[f"{name}_unit"] = ["" if q is None else q[1] for q in quantities]
    part["log10_ratio"] = np.array([_log10_ratio(t, a, e, schema) for t, a, e in pairs], dtype=float)
    return part


def _log10_ratio(truth: Quantity | None, answer: Quantity | None, entity: str, schema: EntitySchema) -> float:
    if truth is None or answer is None:
        return math.nan
    asked = schema.entities.get(entity)
    units = [(asked and asked.unit_for(unit)) or unit for unit in (truth[1], answer[1])]
    if schema.unit(units[0]).family != schema.unit(units[1]).family:
        return math.nan
    there, here = (schema.to_base(q[0], unit) for q, unit in zip((truth, answer), units, strict=True))
    return math.log10(here / there) if here > 0 and there > 0 else math.nan
