"""What a person wants to know of a run first, in a few sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from hybridml.ranking.calibration import MIN_ROWS

from . import statistics
from .causes import MEANINGS
from .facts import BLANK, OTHER_UNIT, WRONG
from .sections import Linked, text_of, with_interval

GOAL = 0.9
"""The precision of which the summary says how many rows reach it."""

NOT_RIGHT = (OTHER_UNIT, WRONG, BLANK)
"""Outcomes of rows to look at."""

Sentence = str | Linked


def of_labelled(measured: pd.DataFrame, scores: pd.Series, new: bool) -> tuple[Sentence, ...]:
    """Return how good a run is, how much of it can be published, and what to fix first.

    Parameters
    ----------
    measured : data frame
        From :func:`hybridml.report.scored.scored`; ``suspect`` may be among its columns.
    scores : series
        Line of all these rows in :func:`hybridml.report.statistics.scores`.
    new : bool
        Whether these rows were not trained on.
    """
    return (*_quality(measured, scores, new), _published(measured, new), *_to_fix(measured, new))


def of_unlabelled(rows: pd.DataFrame) -> tuple[Sentence, ...]:
    """Return how much is answered, and how surely, where no row has a label."""
    said = rows.loc[rows["prediction"] != "", "confidence"]
    sure = f"; half of the answers are surer than {said.median():.2f}" if len(said) else ""
    return (f"{_percent(len(said) / len(rows))} of {_rows(len(rows))} answered{sure}.",)


def problems(rows: pd.DataFrame) -> tuple[Sentence, ...]:
    """Return of how many rows something is amiss, and what most often; nothing where there are none."""
    counts = rows.loc[rows["problem"] != "", "problem"].value_counts()
    if not len(counts):
        return ()
    verb = "has" if counts.sum() == 1 else "have"
    which = "most often" if counts.iloc[0] > 1 else "such as" if len(counts) > 1 else "namely"
    return (f"{_rows(int(counts.sum()))} {verb} a problem, {which}: {counts.index[0]}.",)


def _quality(measured: pd.DataFrame, scores: pd.Series, new: bool) -> Iterator[Sentence]:
    f1 = with_interval(scores["f1"], scores["f1_low"], scores["f1_high"])
    which = "not trained on" if new else "that were TRAINED ON"
    best = (
        ""
        if math.isnan(scores["oracle_f1"])
        else f"; {text_of(scores['oracle_f1'])} if it always chose right among what was read"
    )
    yield f"F1 {f1} on {_rows(len(measured))} {which}{best}."
    answered = measured[measured["answered"]]
    if not len(answered):
        yield "None of them is answered."
        return
    other = int((answered["same"] & ~answered["right"]).sum())
    more = f", {other:,} more in another unit than the label's" if other else ""
    right = _percent(answered["right"].mean())
    yield f"{_percent(scores['share_answered'])} are answered; {right} of the answers are right{more}."


def _published(measured: pd.DataFrame, new: bool) -> Sentence:
    answers = int(measured["answered"].sum())
    if answers < MIN_ROWS:
        return f"{answers:,} answers are too few to say which confidence is enough."
    goal = _percent(GOAL)
    line = statistics.promises(measured, [GOAL]).iloc[0]
    if math.isnan(line["threshold"]):
        return f"From no confidence on are {goal} of the answers right: check them all."
    told = f"Published without a check, {goal} of the surest {_percent(line['coverage'])} are right"
    told += f" (confidence at least {statistics.rounded_down(line['threshold'])})"
    if not new:
        return f"{told}."
    if math.isnan(line["sure_threshold"]):
        return f"{told}; too few to be sure of that on other rows."
    sure = statistics.rounded_down(line["sure_threshold"])
    return f"{told}; to be sure of that on other rows, publish {_percent(line['sure_coverage'])} (at least {sure})."


def _to_fix(measured: pd.DataFrame, new: bool) -> Iterator[Sentence]:
    wrong = measured[~measured["right"]]
    shown = {"tab": "gallery", "trained": "no" if new else "yes"}
    causes = wrong.loc[wrong["cause"] != "", "cause"].value_counts()
    if len(causes):
        cause, count = str(causes.index[0]), int(causes.iloc[0])
        text = f"Largest cause, {count:,} of {_rows(len(wrong))} not right: {cause} ({MEANINGS[cause]})."
        yield Linked(text, "Look at them", {**shown, "cause": cause})
    entities = wrong["entity"].value_counts()
    if measured["entity"].nunique() > 1 and len(entities):
        entity, count = str(entities.index[0]), int(entities.iloc[0])
        of = int((measured["entity"] == entity).sum())
        text = f"Most is lost in {entity}: {count:,} of its {_rows(of)} are not right."
        yield Linked(
            text, "The surest first", {**shown, "entity": entity, "outcome": NOT_RIGHT, "sort": "confidence"}
        )
    suspect = int((measured["suspect"] > 0).sum()) if "suspect" in measured else 0
    if suspect:
        text = f"Something speaks against {suspect:,} {'label' if suspect == 1 else 'labels'}."
        yield Linked(text, "Check them first", {"tab": "suspects", "trained": shown["trained"]})


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
