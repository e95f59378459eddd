"""The numbers of a report as tables: scores with intervals, thresholds, calibration, outcomes, causes, factors.

Functions take rows as :func:`hybridml.report.outcomes.score_labelled` returns them. Rows that the model was trained on
must not be mixed with others: the caller chooses the rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from hybridml.entities import EntitySchema, default_entities
from hybridml.evaluation import metrics
from hybridml.evaluation.bootstrap import draw_sums, f1_of_draws, interval
from hybridml.evaluation.calibration_error import expected_calibration_error, precision_coverage
from hybridml.quantity.unit_pairs import SAME_ANSWER
from hybridml.ranking.calibration import MIN_ROWS, lower_bound

ALL = metrics.ALL
MEASURES = ("f1", "precision", "recall", "accuracy", "oracle_f1", "f1_any_unit", "share_answered")
"""Measures that have an interval."""

PRECISION_GOALS = (0.99, 0.97, 0.95, 0.9, 0.85, 0.8)
"""Precisions for which the confidence that reaches them is named."""

MIN_GROUPS = 5
"""Groups below which drawing them does not show how far off a measure could be."""

LISTED_GROUPS = 15
"""Groups that have a line of their own."""

CONFIDENCE_BINS = 10

DECIMAL_FACTORS = (10.0, 100.0, 1000.0)
CONFUSED_UNITS = (
    ("inch", "centimetre"), ("inch", "millimetre"), ("foot", "inch"), ("foot", "centimetre"), ("yard", "foot"),
    ("ounce", "gram"), ("pound", "gram"), ("pound", "ounce"), ("kilogram", "pound"), ("kilogram", "ounce"),
    ("fluid ounce", "millilitre"), ("gallon", "litre"), ("gallon", "fluid ounce"), ("pint", "millilitre"),
    ("cup", "millilitre"),
)  # fmt: skip
"""Units that stand side by side on products and so are confused with one another."""


def _all_and_each(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return all rows, then those of each entity, by name."""
    return [(ALL, rows), *((str(name), part) for name, part in rows.groupby("entity", sort=True))]


def scores(rows: pd.DataFrame, schema: EntitySchema | None = None) -> pd.DataFrame:
    """Return the measures of all rows and of each entity, with intervals from drawing whole groups.

    Returns
    -------
    data frame
        A line for all rows and one per entity, by name: ``name, rows, groups``, each of :data:`MEASURES` with its
        95 % interval (``f1, f1_low, f1_high``, ...), ``smape, smape_rows``. ``oracle_f1`` is NaN where candidates
        are not known; so are both ends where there are fewer than :data:`MIN_GROUPS` groups, or all draws agree.
    """
    return pd.DataFrame(
        [_scores(name, part, list(part["group"]), schema) for name, part in _all_and_each(rows)]
    )


def scores_by_group(
    rows: pd.DataFrame, schema: EntitySchema | None = None, most: int = LISTED_GROUPS
) -> pd.DataFrame:
    """Return the measures of the largest groups, as :func:`scores` does; intervals are from drawing whole photos."""
    known = rows[rows["group"] != ""]
    sizes = known["group"].value_counts().sort_index(kind="stable")
    largest = sizes.sort_values(ascending=False, kind="stable").index[:most]
    parts = [(str(name), known[known["group"] == name]) for name in largest]
    lines = [_scores(name, part, list(part["photo"]), schema) for name, part in parts]
    return pd.DataFrame(lines, columns=None if lines else ["name", "rows", "groups"])


def _scores(
    name: str, part: pd.DataFrame, drawn: list[str], schema: EntitySchema | None
) -> dict[str, object]:
    reached = list(part["reached"]) if "reached" in part else None
    found = metrics.score(
        list(part["truth"]), list(part["prediction"]), list(part["entity"]), reached, schema
    )
    line: dict[str, object] = {"name": name, "rows": len(part), "groups": part["group"].nunique()}
    values = {**found.to_dict(), "share_answered": float(part["answered"].mean()) if len(part) else 0.0}
    intervals = _intervals(part, drawn)
    for measure in MEASURES:
        value = values[measure]
        line[measure] = math.nan if value is None else value
        line[f"{measure}_low"], line[f"{measure}_high"] = intervals[measure]
    return {**line, "smape": found.smape, "smape_rows": found.smape_rows}


def _intervals(part: pd.DataFrame, drawn: list[str]) -> dict[str, tuple[float, float]]:
    kinds = [(part["kind"] == kind).to_numpy(dtype=float) for kind in ("tp", "fp", "fn", "tn")]
    same = (part["same"] & (part["kind"] == "fp")).to_numpy(dtype=float)
    asked = (part["truth"] != "").to_numpy(dtype=float)
    reached = (
        part["reached"].to_numpy(dtype=float) * asked if "reached" in part else np.full(len(part), np.nan)
    )
    sums = draw_sums(np.stack([*kinds, same, asked, reached], axis=1), drawn)
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
    enough = len({group or f"row {i} alone" for i, group in enumerate(drawn)}) >= MIN_GROUPS
    found = {measure: interval(values) for measure, values in of_draws.items()}
    return {
        m: (low, high) if enough and low < high else (math.nan, math.nan) for m, (low, high) in found.items()
    }


def answer_rates(rows: pd.DataFrame) -> pd.DataFrame:
    """Return how many rows are answered, how surely, and how many have a problem, over all and per entity.

    No labels are needed. The median confidence is that of the rows answered.
    """
    lines = []
    for name, part in _all_and_each(rows):
        given = part["prediction"] != ""
        lines.append(
            {
                "name": name,
                "rows": len(part),
                "answered": int(given.sum()),
                "share_answered": float(given.mean()) if len(part) else 0.0,
                "median_confidence": float(part.loc[given, "confidence"].median())
                if given.any()
                else math.nan,
                "problems": int((part["problem"] != "").sum()),
            }
        )
    return pd.DataFrame(lines)


def coverage(rows: pd.DataFrame) -> pd.DataFrame:
    """Return precision against the share of rows answered: ``coverage, precision, threshold``, thresholds falling."""
    given = rows[rows["answered"]]
    return precision_coverage(list(given["confidence"]), list(given["right"]), len(rows))


def reachable_goals(rows: pd.DataFrame, goals: Sequence[float] = PRECISION_GOALS) -> pd.DataFrame:
    """Return how many rows can be answered at a precision, and from which confidence on.

    Returns
    -------
    data frame
        For all rows, and for each entity with enough answers to tell: ``name, goal``; ``coverage, precision,
        threshold`` of the lowest confidence at which these rows reach the goal; ``sure_coverage, sure_threshold`` of
        the lowest at which the lower end of Wilson's one-sided 90 % interval does, by which ``predict --precision``
        chooses. NaN where no confidence reaches it.
    """
    lines = []
    for name, part in _all_and_each(rows):
        if name != ALL and int(part["answered"].sum()) < MIN_ROWS:
            continue
        curve = coverage(part)
        counted = np.rint(curve["coverage"].to_numpy() * len(part)).astype(int)
        sure = lower_bound(curve["precision"].to_numpy(), counted)
        for goal in goals:
            here = curve[curve["precision"] >= goal - 1e-9].tail(1)
            elsewhere = curve[sure >= goal - 1e-9].tail(1)
            lines.append(
                {
                    "name": name,
                    "goal": goal,
                    **{c: _only(here[c]) for c in ("coverage", "precision", "threshold")},
                    **{f"sure_{c}": _only(elsewhere[c]) for c in ("coverage", "threshold")},
                }
            )
    names = ["name", "goal", "coverage", "precision", "threshold", "sure_coverage", "sure_threshold"]
    return pd.DataFrame(lines, columns=names)


def _only(column: pd.Series) -> float:
    return float(column.iloc[0]) if len(column) else math.nan


def goal_sentences(goals: pd.DataFrame, elsewhere: bool = True) -> list[str]:
    """Return in words what :func:`reachable_goals` says of all rows.

    With ``elsewhere``, also what holds for other rows: nothing does that was found on rows trained on.

    Examples
    --------
    >>> line = {"name": "all", "goal": 0.97, "coverage": 0.61, "precision": 0.97, "threshold": 0.8349,
    ...         "sure_coverage": 0.5, "sure_threshold": 0.9}
    >>> goal_sentences(pd.DataFrame([line]))
    ['answer 61 % at 97 % precision: confidence at least 0.83 (to be sure of 97 % elsewhere: 50 %, at least 0.90)']
    """
    sentences = []
    for line in goals[goals["name"] == ALL].to_dict("records"):
        goal = f"{100 * line['goal']:.0f} %"
        if math.isnan(line["threshold"]):
            sentences.append(f"no confidence reaches {goal} precision")
            continue
        share, threshold = f"{100 * line['coverage']:.0f} %", rounded_down(line["threshold"])
        sentence = f"answer {share} at {goal} precision: confidence at least {threshold}"
        sure = "too few rows"
        if not math.isnan(line["sure_threshold"]):
            sure = f"{100 * line['sure_coverage']:.0f} %, at least {rounded_down(line['sure_threshold'])}"
        sentences.append(f"{sentence} (to be sure of {goal} elsewhere: {sure})" if elsewhere else sentence)
    return sentences


def rounded_down(threshold: float) -> str:
    """Return a threshold as text, rounded down: rounded up it would shut out the answers that it was found with."""
    return f"{math.floor(100 * threshold) / 100:.2f}"


def reliability(rows: pd.DataFrame) -> pd.DataFrame:
    """Return how often answers of similar confidence are right.

    There is a line for each bin, of equal width, that has answers: ``low, high`` (a bin holds its upper edge),
    ``answers``, ``confidence`` (mean), ``right`` (share), ``right_low, right_high`` (Wilson's 95 % interval).
    """
    given = rows[rows["answered"]]
    confidence = given["confidence"].to_numpy(dtype=float)
    # the bins of expected_calibration_error
    of_bin = np.searchsorted(np.arange(1, CONFIDENCE_BINS) / CONFIDENCE_BINS, confidence, side="left")
    lines = []
    for k in np.unique(of_bin):
        right = given["right"].to_numpy(dtype=bool)[of_bin == k]
        bounds = binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
        mean = float(confidence[of_bin == k].mean())
        share, low, high = float(right.mean()), float(bounds.low), float(bounds.high)
        lines.append((k / CONFIDENCE_BINS, (k + 1) / CONFIDENCE_BINS, len(right), mean, share, low, high))
    names = ["low", "high", "answers", "confidence", "right", "right_low", "right_high"]
    return pd.DataFrame(lines, columns=names)


def calibration_error(rows: pd.DataFrame) -> float:
    """Return the expected calibration error of the answers; NaN without any."""
    given = rows[rows["answered"]]
    return expected_calibration_error(list(given["confidence"]), list(given["right"]), CONFIDENCE_BINS)


def factors(rows: pd.DataFrame, schema: EntitySchema | None = None) -> pd.DataFrame:
    """Return how many answers are a known factor away from the truth: a decimal point, or one unit for another.

    Factors that occur come with ``factor, words, rows, above`` (the answer is that many times the truth) and ``below``,
    the most frequent first.
    """
    schema = schema or default_entities()
    families = rows["truth_unit"].map({unit.name: unit.family for unit in schema.units.values()})
    log10_ratio, tolerance = rows["log10_ratio"].to_numpy(dtype=float), math.log10(1 + SAME_ANSWER)
    lines = []
    for factor, words, family in _known_factors(schema):
        comparable = (families == family).to_numpy(dtype=bool) | (not family)
        near = (np.abs(sign * log10_ratio - math.log10(factor)) < tolerance for sign in (1.0, -1.0))
        above, below = (int((each & comparable).sum()) for each in near)
        if above + below:
            lines.append((factor, words, above + below, above, below))
    table = pd.DataFrame(lines, columns=["factor", "words", "rows", "above", "below"])
    return table.sort_values(["rows", "factor"], ascending=[False, True], ignore_index=True)


def _known_factors(schema: EntitySchema) -> list[tuple[float, str, str]]:
    """Return each factor with its meaning and family ("" for any)."""
    found = [(power, "decimal point or prefix", "") for power in DECIMAL_FACTORS]
    for large, small in CONFUSED_UNITS:
        if large in schema.units and small in schema.units:
            family = schema.unit(large).family
            if family == schema.unit(small).family:
                found.append((schema.convert(1.0, large, small), f"{large} and {small}", family))
    return found


def causes_by_entity(rows: pd.DataFrame) -> pd.DataFrame:
    """Return wrong rows by cause, the most frequent first: ``cause, all``, and a column per entity."""
    wrong = rows[~rows["right"] & (rows["cause"] != "")]
    table = pd.crosstab(wrong["cause"], wrong["entity"])
    table.insert(0, ALL, table.sum(axis=1))
    table = table.sort_values(ALL, ascending=False, kind="stable")
    table.columns.name = None
    return table.reset_index()


def outcomes_by_entity(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows by entity and outcome: ``name``, then a column per outcome that occurs; all rows first."""
    table = pd.crosstab(rows["entity"], rows["outcome"])
    table = pd.concat([table.sum(axis=0).rename(ALL).to_frame().T, table])
    table.columns.name, table.index.name = None, "name"
    return table.reset_index()
