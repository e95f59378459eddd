"""The numbers of a report as tables: scores with intervals, calibration, confusion, sizes of mistakes, causes.

Functions take rows as :func:`hybridml.report.scored.scored` returns them, and mix none that a model was trained on
with others: who calls chooses the rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.entities import EntitySchema, default_entities
from hybridml.evaluation import metrics
from hybridml.evaluation.bootstrap import draw_sums, f1_of_draws, interval
from hybridml.evaluation.calibration_error import expected_calibration_error, precision_coverage
from hybridml.ranking.calibration import MIN_ROWS, lower_bound

ALL = metrics.ALL
MEASURES = ("f1", "precision", "recall", "accuracy", "oracle_f1", "f1_any_unit", "share_answered")
"""Measures that have an interval."""

GOALS = (0.99, 0.97, 0.95, 0.9, 0.85, 0.8)
"""Precisions for which the confidence that reaches them is told."""

DRAWN = 5
"""Groups below which drawing them tells nothing of how far a measure could be off."""

GROUPS = 15
"""Groups that have a line of their own."""

BINS = 10

TOLERANCE = 0.01
"""Share within which the ratio of answer and truth is taken for a factor: labels round."""

POWERS = (10.0, 100.0, 1000.0)
PAIRS = (
    ("inch", "centimetre"), ("inch", "millimetre"), ("foot", "inch"), ("foot", "centimetre"), ("yard", "foot"),
    ("ounce", "gram"), ("pound", "gram"), ("pound", "ounce"), ("kilogram", "pound"), ("kilogram", "ounce"),
    ("fluid ounce", "millilitre"), ("gallon", "litre"), ("gallon", "fluid ounce"), ("pint", "millilitre"),
    ("cup", "millilitre"),
)  # fmt: skip
"""Units that stand beside each other on products, so that one is taken for the other."""


def scores(rows: pd.DataFrame, schema: EntitySchema | None = None, draws: int = 1000) -> pd.DataFrame:
    """Return the measures of all rows and of each entity, with intervals from drawing whole groups.

    Returns
    -------
    data frame
        A line for all rows and one per entity, by name: ``name, rows, groups``, each of :data:`MEASURES` with its
        95 % interval (``f1, f1_low, f1_high``, ...), ``smape, smape_rows``. ``oracle_f1`` is NaN where candidates
        are not known; so are both ends where there are fewer than :data:`DRAWN` groups, or all draws agree.
    """
    parts = [(ALL, rows), *((str(name), part) for name, part in rows.groupby("entity", sort=True))]
    return pd.DataFrame([_line(name, part, list(part["group"]), schema, draws) for name, part in parts])


def scores_by_group(
    rows: pd.DataFrame, schema: EntitySchema | None = None, most: int = GROUPS, draws: int = 1000
) -> pd.DataFrame:
    """Return the measures of the largest groups, as :func:`scores` does; intervals are from drawing whole photos."""
    known = rows[rows["group"] != ""]
    sizes = (
        known["group"].value_counts().sort_index(kind="stable").sort_values(ascending=False, kind="stable")
    )
    parts = [(name, known[known["group"] == name]) for name in sizes.index[:most]]
    lines = [_line(str(name), part, list(part["photo"]), schema, draws) for name, part in parts]
    return pd.DataFrame(lines, columns=None if lines else ["name", "rows", "groups"])


def _line(
    name: str, part: pd.DataFrame, drawn: list[str], schema: EntitySchema | None, draws: int
) -> dict[str, object]:
    reached = list(part["reached"]) if "reached" in part else None
    found = metrics.score(
        list(part["truth"]), list(part["prediction"]), list(part["entity"]), reached, schema
    )
    line: dict[str, object] = {"name": name, "rows": len(part), "groups": part["group"].nunique()}
    values = {**found.to_dict(), "share_answered": float(part["answered"].mean()) if len(part) else 0.0}
    intervals = _intervals(part, drawn, draws)
    for measure in MEASURES:
        value = values[measure]
        line[measure] = math.nan if value is None else value
        line[f"{measure}_low"], line[f"{measure}_high"] = intervals[measure]
    return {**line, "smape": found.smape, "smape_rows": found.smape_rows}


def _intervals(part: pd.DataFrame, drawn: list[str], draws: int) -> dict[str, tuple[float, float]]:
    kinds = [(part["kind"] == kind).to_numpy(dtype=float) for kind in ("tp", "fp", "fn", "tn")]
    same = (part["same"] & (part["kind"] == "fp")).to_numpy(dtype=float)
    asked = (part["truth"] != "").to_numpy(dtype=float)
    reached = (
        part["reached"].to_numpy(dtype=float) * asked if "reached" in part else np.full(len(part), np.nan)
    )
    sums = draw_sums(np.stack([*kinds, same, asked, reached], axis=1), drawn, draws)
    tp, fp, fn, tn, more, wanted, within = sums.T
    with np.errstate(invalid="ignore", divide="ignore"):
        of_draws = {
            "f1": f1_of_draws(sums),
            "precision": tp / (tp + fp),
            "recall": tp / (tp + fn),
            "accuracy": (tp + tn) / (tp + fp + fn + tn),
            "oracle_f1": 2 * within / (within + wanted),
            "f1_any_unit": f1_of_draws(np.stack([tp + more, fp - more, fn], axis=1)),
            "share_answered": (tp + fp) / (tp + fp + fn + tn),
        }
    enough = len({group or f"row {i} alone" for i, group in enumerate(drawn)}) >= DRAWN
    found = {measure: interval(values) for measure, values in of_draws.items()}
    return {
        m: (low, high) if enough and low < high else (math.nan, math.nan) for m, (low, high) in found.items()
    }


def answered(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what can be said of any rows, labelled or not: how many are answered, how sure, how many have a problem.

    Returns
    -------
    data frame
        ``name, rows, answered, share_answered, median_confidence`` (of those answered), ``problems``: for all rows
        and each entity.
    """
    parts = [(ALL, rows), *((str(name), part) for name, part in rows.groupby("entity", sort=True))]
    lines = []
    for name, part in parts:
        said = part["prediction"] != ""
        lines.append(
            {
                "name": name,
                "rows": len(part),
                "answered": int(said.sum()),
                "share_answered": float(said.mean()) if len(part) else 0.0,
                "median_confidence": float(part.loc[said, "confidence"].median()) if said.any() else math.nan,
                "problems": int((part["problem"] != "").sum()),
            }
        )
    return pd.DataFrame(lines)


def coverage(rows: pd.DataFrame) -> pd.DataFrame:
    """Return precision against the share of rows answered: ``coverage, precision, threshold``, thresholds falling."""
    said = rows[rows["answered"]]
    return precision_coverage(list(said["confidence"]), list(said["right"]), len(rows))


def promises(rows: pd.DataFrame, goals: Sequence[float] = GOALS) -> pd.DataFrame:
    """Return how many rows can be answered at a precision, and from which confidence on.

    Returns
    -------
    data frame
        For all rows, and for each entity with enough answers to tell: ``name, goal``; ``coverage, precision,
        threshold`` of the lowest confidence at which these rows reach the goal; ``sure_coverage, sure_threshold`` of
        the lowest at which the lower end of Wilson's one-sided 90 % interval does, which is what ``predict
        --precision`` goes by. NaN where no confidence reaches it.
    """
    parts = [(ALL, rows), *((str(name), part) for name, part in rows.groupby("entity", sort=True))]
    lines = []
    for name, part in parts:
        if name != ALL and int(part["answered"].sum()) < MIN_ROWS:
            continue
        curve = coverage(part)
        counted = np.rint(curve["coverage"].to_numpy() * len(part)).astype(int)
        sure = lower_bound(curve["precision"].to_numpy(), counted)
        for goal in goals:
            seen = curve[curve["precision"] >= goal - 1e-9].tail(1)
            held = curve[sure >= goal - 1e-9].tail(1)
            lines.append(
                {
                    "name": name,
                    "goal": goal,
                    **{c: _only(seen[c]) for c in ("coverage", "precision", "threshold")},
                    "sure_coverage": _only(held["coverage"]),
                    "sure_threshold": _only(held["threshold"]),
                }
            )
    names = ["name", "goal", "coverage", "precision", "threshold", "sure_coverage", "sure_threshold"]
    return pd.DataFrame(lines, columns=names)


def _only(column: pd.Series) -> float:
    return float(column.iloc[0]) if len(column) else math.nan


def sentences(promised: pd.DataFrame, elsewhere: bool = True) -> list[str]:
    """Return what :func:`promises` says of all rows in words.

    Parameters
    ----------
    promised : data frame
        From :func:`promises`.
    elsewhere : bool
        Whether to say what holds for other rows: nothing does that was found on rows trained on.

    Examples
    --------
    >>> line = {"name": "all", "goal": 0.97, "coverage": 0.61, "precision": 0.97, "threshold": 0.8349,
    ...         "sure_coverage": 0.5, "sure_threshold": 0.9}
    >>> sentences(pd.DataFrame([line]))
    ['answer 61 % at 97 % precision: confidence at least 0.83 (to be sure of 97 % elsewhere: 50 %, at least 0.90)']
    """
    told = []
    for line in promised[promised["name"] == ALL].to_dict("records"):
        goal = f"{100 * line['goal']:.0f} % precision"
        if math.isnan(line["threshold"]):
            told.append(f"no confidence reaches {goal}")
            continue
        share, threshold = f"{100 * line['coverage']:.0f} %", rounded_down(line["threshold"])
        told.append(f"answer {share} at {goal}: confidence at least {threshold}")
        if not elsewhere:
            continue
        sure = f"to be sure of {100 * line['goal']:.0f} % elsewhere: "
        if math.isnan(line["sure_threshold"]):
            sure += "too few rows"
        else:
            sure += f"{100 * line['sure_coverage']:.0f} %, at least {rounded_down(line['sure_threshold'])}"
        told[-1] += f" ({sure})"
    return told


def rounded_down(threshold: float) -> str:
    """Return a threshold as text, rounded down: rounded up it would shut out the answers it was found with."""
    return f"{math.floor(100 * threshold) / 100:.2f}"


def reliability(rows: pd.DataFrame, bins: int = BINS) -> pd.DataFrame:
    """Return how often answers of like confidence are right.

    Returns
    -------
    data frame
        Bins of equal width that have answers: ``low, high`` (a bin holds its upper edge), ``answers``, ``confidence``
        (mean), ``right`` (share), ``right_low, right_high`` (Wilson's 95 % interval).
    """
    from scipy.stats import binomtest

    said = rows[rows["answered"]]
    confidence = said["confidence"].to_numpy(dtype=float)
    # as expected_calibration_error puts them
    of_bin = np.searchsorted(np.arange(1, bins) / bins, confidence, side="left")
    lines = []
    for k in np.unique(of_bin):
        right = said["right"].to_numpy(dtype=bool)[of_bin == k]
        bounds = binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
        lines.append(
            {
                "low": k / bins,
                "high": (k + 1) / bins,
                "answers": len(right),
                "confidence": float(confidence[of_bin == k].mean()),
                "right": float(right.mean()),
                "right_low": float(bounds.low),
                "right_high": float(bounds.high),
            }
        )
    return pd.DataFrame(
        lines, columns=["low", "high", "answers", "confidence", "right", "right_low", "right_high"]
    )


def calibration_error(rows: pd.DataFrame, bins: int = BINS) -> float:
    """Return the expected calibration error of the answers; NaN without any."""
    said = rows[rows["answered"]]
    return expected_calibration_error(list(said["confidence"]), list(said["right"]), bins)


def mistakes(rows: pd.DataFrame, schema: EntitySchema | None = None) -> pd.DataFrame:
    """Return how many answers are a known factor away from the truth: a decimal point, or a unit for another.

    Returns
    -------
    data frame
        Factors that occur, the most frequent first: ``factor, words, rows, above`` (the answer is so many times
        the truth), ``below``.
    """
    schema = schema or default_entities()
    families = rows["truth_unit"].map({unit.name: unit.family for unit in schema.units.values()})
    decades = rows["decades"].to_numpy(dtype=float)
    lines = []
    for factor, words, family in _factors(schema):
        of_family = (
            np.ones(len(rows), dtype=bool) if not family else (families == family).to_numpy(dtype=bool)
        )
        near = [
            np.abs(sign * decades - math.log10(factor)) < math.log10(1 + TOLERANCE) for sign in (1.0, -1.0)
        ]
        above, below = (int((at & of_family).sum()) for at in near)
        if above + below:
            lines.append(
                {"factor": factor, "keywords": words, "rows": above + below, "above": above, "below": below}
            )
    table = pd.DataFrame(lines, columns=["factor", "keywords", "rows", "above", "below"])
    return table.sort_values(["rows", "factor"], ascending=[False, True], ignore_index=True)


def _factors(schema: EntitySchema) -> list[tuple[float, str, str]]:
    """Return factor, words and family ("" for any) of what is looked for."""
    found = [(power, "decimal point or prefix", "") for power in POWERS]
    for large, small in PAIRS:
        if (
            large in schema.units
            and small in schema.units
            and schema.unit(large).family == schema.unit(small).family
        ):
            factor = schema.convert(1.0, large, small)
            found.append((factor, f"{large} and {small}", schema.unit(large).family))
    return found


def causes(rows: pd.DataFrame) -> pd.DataFrame:
    """Return wrong rows by cause and entity, the most frequent cause first.

    Returns
    -------
    data frame
        ``cause, all``, and a column per entity.
    """
    wrong = rows[~rows["right"] & (rows["cause"] != "")]
    table = pd.crosstab(wrong["cause"], wrong["entity"])
    table.insert(0, ALL, table.sum(axis=1))
    table = table.sort_values(ALL, ascending=False, kind="stable")
    table.columns.name = None
    return table.reset_index()


def outcomes(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows by entity and outcome: ``name``, then a column per outcome that occurs; all rows first."""
    table = pd.crosstab(rows["entity"], rows["outcome"])
    table = pd.concat([table.sum(axis=0).rename(ALL).to_frame().T, table])
    table.columns.name, table.index.name = None, "name"
    return table.reset_index()


def finite(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the numbers among ``values`` that are finite."""
    array = np.asarray(values, dtype=float)
    return array[np.isfinite(array)]
