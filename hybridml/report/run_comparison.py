"""Comparison of two runs on the same rows: what got better or worse, and whether that is more than chance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from hybridml.datasets.groups import as_text
from hybridml.datasets.predictions import read_predictions
from hybridml.entities import EntitySchema
from hybridml.errors import RowsError
from hybridml.evaluation import metrics
from hybridml.evaluation.bootstrap import draw_sums, f1_of_draws, interval

from .files import ROWS
from .outcomes import UNLABELLED

BETTER, WORSE, FLIPPED, UNCHANGED = "better", "worse", "flipped", "same"
CHANGES = (BETTER, WORSE, FLIPPED, UNCHANGED)
"""Right only now; right only in the other run; another answer, right or wrong in both or without label; the same."""

DRAWS = 2000
"""Draws of groups for an interval."""


@dataclass(frozen=True)
class RunComparison:
    """What changed from another run to this one.

    Parameters
    ----------
    table : data frame
        ``other`` (the other run's prediction) and ``change`` (one of :data:`CHANGES`), one line per row; both blank
        where the other run lacks the row.
    name : str
        Name of the other run.
    unpaired : int
        Rows that the other run lacks.
    trained : bool
        Whether the numbers below are of rows that the model was trained on, because there are no others.
    compared : int
        Rows that the numbers below are of: labelled, and in both runs.
    f1, other_f1 : float
        Of this run and the other.
    gap, low, high : float
        How much higher the F1 of this run is, and the 95 % interval from drawing whole groups.
    better, worse : int
        Rows that only this run has right, and that only the other has.
    p_value : float
        McNemar's exact test of these two: how likely so uneven a split is between equally good runs. It takes rows
        for independent, which those of one group are not.
    per_entity : data frame
        ``name, rows, better, worse, flipped, same, f1, other_f1``.
    """

    table: pd.DataFrame
    name: str
    unpaired: int
    trained: bool
    compared: int
    f1: float
    other_f1: float
    gap: float
    low: float
    high: float
    better: int
    worse: int
    p_value: float
    per_entity: pd.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain data, without the table of rows."""
        left_out = ("table", "per_entity")
        return {
            **{key: value for key, value in vars(self).items() if key not in left_out},
            "changes": _counts(self.table),
            "per_entity": self.per_entity.to_dict("records"),
        }


def read_run(path: str | Path) -> pd.DataFrame:
    """Return ``index, prediction`` of another run.

    The path is a CSV of predictions, or the folder of a report; RowsError is raised when it is neither.
    """
    path = Path(path)
    if not path.is_dir():
        return read_predictions(path)
    try:
        text = (path / ROWS).read_text(encoding="utf-8")
        columns = json.loads(text[text.index("(") + 1 : text.rindex(")")])["columns"]
        return pd.DataFrame({name: list(columns[name]) for name in ("index", "prediction")}, dtype=object)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RowsError(
            f"{path} is not the folder of a report ({ROWS.name}: {error}); expected what 'hybridml report' wrote, "
            "or a CSV with index,prediction"
        ) from None


def compare_runs(
    rows: pd.DataFrame,
    other: pd.DataFrame,
    schema: EntitySchema | None = None,
    name: str = "",
) -> RunComparison:
    """Return what changed from another run to this one; rows are paired by index.

    The numbers are of rows that this run's model was not trained on, if there are any; what the other run's model was
    trained on is not known.

    Of this run, ``rows`` has ``index, group, entity, truth, prediction, outcome, trained``; of the other, which is
    called ``name``, ``other`` has ``index, prediction`` in any order. RowsError is raised when they have no row in
    common.
    """
    rows = rows.reset_index(drop=True)
    predicted = {as_text(i): as_text(p) for i, p in zip(other["index"], other["prediction"], strict=True)}
    others = [predicted.get(as_text(index)) for index in rows["index"]]
    paired = np.array([each is not None for each in others], dtype=bool)
    if not paired.any():
        raise RowsError(
            f"{name or 'the other run'} answers none of these {len(rows)} rows; expected one on the same rows, "
            "which are paired by index"
        )
    rows = rows.assign(other=[each or "" for each in others])
    labelled = rows["outcome"] != UNLABELLED
    for column, predictions in (("our_kind", "prediction"), ("other_kind", "other")):
        kinds = metrics.outcomes(list(rows["truth"]), list(rows[predictions]), schema)
        rows[column] = np.where(labelled, kinds, "")
    right, right_before = (rows[column].isin(("tp", "tn")) for column in ("our_kind", "other_kind"))
    same = rows["prediction"] == rows["other"]
    change = np.select(
        [right & ~right_before, ~right & right_before, same], [BETTER, WORSE, UNCHANGED], FLIPPED
    )
    rows["change"] = np.where(paired, change, "")
    known = rows[paired & labelled]
    new = known[~known["trained"].astype(bool)]
    measured = new if len(new) else known
    truth, ours, theirs, groups = (list(measured[c]) for c in ("truth", "prediction", "other", "group"))
    gap, low, high = f1_difference(truth, ours, theirs, groups, schema)
    counts = _counts(measured)
    better, worse = counts[BETTER], counts[WORSE]
    entities = measured.groupby("entity", sort=True)
    lines = [{"name": str(e), "rows": len(part), **_counts(part), **_f1s(part)} for e, part in entities]
    return RunComparison(
        rows[["other", "change"]],
        name,
        unpaired=int((~paired).sum()),
        trained=bool(len(known)) and not len(new),
        compared=len(measured),
        **_f1s(measured),
        gap=gap,
        low=low,
        high=high,
        better=better,
        worse=worse,
        p_value=float(binomtest(better, better + worse).pvalue) if better + worse else 1.0,
        per_entity=pd.DataFrame(lines, columns=["name", "rows", *CHANGES, "f1", "other_f1"]),
    )


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    return {change: int((rows["change"] == change).sum()) for change in CHANGES}


def _f1s(rows: pd.DataFrame) -> dict[str, float]:
    columns = {"f1": rows["our_kind"], "other_f1": rows["other_kind"]}
    return {
        name: metrics.f1_of(*(float((kinds == kind).sum()) for kind in ("tp", "fp", "fn")))
        for name, kinds in columns.items()
    }


def f1_difference(
    truth: Sequence[str],
    ours: Sequence[str],
    theirs: Sequence[str],
    groups: Sequence[object],
    schema: EntitySchema | None = None,
) -> tuple[float, float, float]:
    """Return how much higher the F1 of ``ours`` is, and its 95 % interval from drawing whole groups for both.

    Labels, the predictions of two systems, and the group come one per row; a row of blank group is one of its own.

    Examples
    --------
    >>> f1_difference(["5 gram", "6 gram"], ["5 gram", "6 gram"], ["5 gram", ""], ["a", "a"])[0]
    0.33333333333333337
    """
    systems = [metrics.outcomes(truth, predictions, schema) for predictions in (ours, theirs)]
    columns = [kinds == kind for kinds in systems for kind in ("tp", "fp", "fn")]
    counts = np.stack(columns, axis=1).astype(float)
    sums = draw_sums(counts, groups, DRAWS)
    totals = counts.sum(axis=0).tolist()
    gap = metrics.f1_of(*totals[:3]) - metrics.f1_of(*totals[3:])
    return (gap, *interval(f1_of_draws(sums[:, :3]) - f1_of_draws(sums[:, 3:])))
