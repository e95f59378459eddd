"""Two runs on the same rows: what got better or worse, and whether that is more than chance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hybridml.datasets.groups import as_text
from hybridml.datasets.predictions import read_predictions
from hybridml.entities import EntitySchema
from hybridml.errors import RowsError
from hybridml.evaluation import metrics
from hybridml.evaluation.bootstrap import draw_sums, f1_of_draws, interval

from .scored import UNLABELLED

BETTER, WORSE, FLIPPED, SAME = "better", "worse", "flipped", "same"
CHANGES = (BETTER, WORSE, FLIPPED, SAME)
"""Right only now; right only in the other run; another answer, right or wrong in both or without label; the same."""

ROWS_FILE = Path("data", "rows.js")
"""Where a report's folder has the answers of its run."""


@dataclass(frozen=True)
class Changes:
    """What changed from another run to this one.

    Parameters
    ----------
    table : data frame
        ``other`` (the other run's prediction) and ``change`` (one of :data:`CHANGES`), a line per row; both blank
        where the other run lacks the row.
    name : str
        What the other run is called.
    unpaired : int
        Rows that the other run lacks.
    trained : bool
        Whether the numbers below are of rows that were trained on, for want of others.
    compared : int
        Labelled rows that both runs have and the numbers below are of.
    f1, other_f1 : float
        Of this run and the other.
    gap, low, high : float
        How much higher the F1 of this run is, and the 95 % interval from drawing whole groups.
    better, worse : int
        Rows that only this run, only the other has right.
    p_value : float
        McNemar's exact test of these two: how likely so uneven a split is between runs that are equally good. It
        takes rows for independent, which those of one group are not.
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

    def counts(self) -> dict[str, int]:
        """Return how many rows changed in which way."""
        return {change: int((self.table["change"] == change).sum()) for change in CHANGES}

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain data, without the table of rows."""
        left_out = ("table", "per_entity")
        return {
            **{key: value for key, value in vars(self).items() if key not in left_out},
            "changes": self.counts(),
            "per_entity": self.per_entity.to_dict("records"),
        }


def read_run(path: str | Path) -> pd.DataFrame:
    """Return ``index, prediction`` of another run.

    Parameters
    ----------
    path : path
        A CSV of predictions, or the folder of a report.

    Raises
    ------
    RowsError
        When it is neither.
    """
    path = Path(path)
    if not path.is_dir():
        return read_predictions(path)
    file = path / ROWS_FILE
    try:
        text = file.read_text(encoding="utf-8")
        columns = json.loads(text[text.index("(") + 1 : text.rindex(")")])["columns"]
        return pd.DataFrame({name: list(columns[name]) for name in ("index", "prediction")}, dtype=object)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RowsError(
            f"{path} is not the folder of a report ({file.name}: {error}); expected what 'hybridml report' wrote, "
            "or a CSV with index,prediction"
        ) from None


def changes(
    rows: pd.DataFrame,
    other: pd.DataFrame,
    schema: EntitySchema | None = None,
    name: str = "",
    draws: int = 2000,
) -> Changes:
    """Return what changed from another run to this one; rows are paired by index.

    Numbers are of rows that this run's model was not trained on, if there are any; what the other run was trained on
    is not known.

    Parameters
    ----------
    rows : data frame
        ``index, group, entity, truth, prediction, outcome, trained``, one line per row.
    other : data frame
        ``index, prediction`` of the other run, in any order.
    schema : EntitySchema, optional
        Entities and units.
    name : str
        What the other run is called.
    draws : int
        Draws of groups for the interval.

    Raises
    ------
    RowsError
        When the two have no row in common.
    """
    rows = rows.reset_index(drop=True)
    predicted = {as_text(i): as_text(p) for i, p in zip(other["index"], other["prediction"], strict=True)}
    theirs = [predicted.get(as_text(index)) for index in rows["index"]]
    paired = np.array([each is not None for each in theirs], dtype=bool)
    if not paired.any():
        raise RowsError(
            f"{name or 'the other run'} answers none of these {len(rows)} rows; expected one on the same rows, "
            "which are paired by index"
        )
    every = rows.assign(other=[each or "" for each in theirs])
    every["ours_kind"] = _kinds(every, "prediction", schema)
    every["other_kind"] = _kinds(every, "other", schema)
    every["change"] = np.where(paired, _change(every), "")
    known = every[paired & (every["outcome"] != UNLABELLED)]
    measured, trained = known[~known["trained"].astype(bool)], False
    if not len(measured):
        measured, trained = known, bool(len(known))
    return _compared(every, measured, name, int((~paired).sum()), trained, draws)


def _kinds(rows: pd.DataFrame, column: str, schema: EntitySchema | None) -> list[str]:
    """Return what each answer counts as, blank where there is no label."""
    found = metrics.outcomes(list(rows["truth"]), list(rows[column]), schema)
    return list(np.where(rows["outcome"] == UNLABELLED, "", found))


def _change(rows: pd.DataFrame) -> list[str]:
    ours, theirs = (rows[column].isin(("tp", "tn")) for column in ("ours_kind", "other_kind"))
    alike = rows["prediction"] == rows["other"]
    choices = [ours & ~theirs, ~ours & theirs, alike]
    return list(np.select(choices, [BETTER, WORSE, SAME], FLIPPED))


def _compared(
    every: pd.DataFrame, measured: pd.DataFrame, name: str, unpaired: int, trained: bool, draws: int
) -> Changes:
    from scipy.stats import binomtest

    gap, low, high = _gap(measured, draws)
    better, worse = (int((measured["change"] == change).sum()) for change in (BETTER, WORSE))
    lines = []
    for entity, part in measured.groupby("entity", sort=True):
        counts = {change: int((part["change"] == change).sum()) for change in CHANGES}
        scores = {"f1": _f1(part["ours_kind"]), "other_f1": _f1(part["other_kind"])}
        lines.append({"name": str(entity), "rows": len(part), **counts, **scores})
    return Changes(
        every[["other", "change"]],
        name,
        unpaired,
        trained,
        len(measured),
        _f1(measured["ours_kind"]),
        _f1(measured["other_kind"]),
        gap,
        low,
        high,
        better,
        worse,
        float(binomtest(better, better + worse).pvalue) if better + worse else 1.0,
        pd.DataFrame(lines, columns=["name", "rows", *CHANGES, "f1", "other_f1"]),
    )


def _f1(kinds: pd.Series) -> float:
    return metrics.f1_of(*(float((kinds == kind).sum()) for kind in ("tp", "fp", "fn")))


def _gap(measured: pd.DataFrame, draws: int) -> tuple[float, float, float]:
    """Return how much higher the F1 of this run is, and its 95 % interval from drawing whole groups for both."""
    columns = [
        (measured[column] == kind).to_numpy(dtype=float)
        for column in ("ours_kind", "other_kind")
        for kind in ("tp", "fp", "fn")
    ]
    sums = draw_sums(np.stack(columns, axis=1), list(measured["group"]), draws)
    gaps = f1_of_draws(sums[:, :3]) - f1_of_draws(sums[:, 3:])
    return (_f1(measured["ours_kind"]) - _f1(measured["other_kind"]), *interval(gaps))


def difference(
    truth: Sequence[str], ours: Sequence[str], theirs: Sequence[str], groups: Sequence[object], n: int = 2000
) -> tuple[float, float, float]:
    """Return how much higher the F1 of ``ours`` is, and its 95 % interval from drawing whole groups.

    Parameters
    ----------
    truth, ours, theirs : sequences of str, one per row
        Labels, and the predictions of two systems.
    groups : sequence, one per row
        The row's group; a row of blank group is one of its own.
    n : int
        How many draws.

    Examples
    --------
    >>> difference(["5 gram", "6 gram"], ["5 gram", "6 gram"], ["5 gram", ""], ["a", "a"])[0]
    0.33333333333333337
    """
    table = pd.DataFrame(
        {
            "ours_kind": metrics.outcomes(truth, ours),
            "other_kind": metrics.outcomes(truth, theirs),
            "group": [as_text(group) for group in groups],
        }
    )
    return _gap(table, n)
