"""The summary of a run: what a person wants to know first, in a few sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from hybridml.ranking.calibration import MIN_ROWS

from . import statistics
from .causes import MEANINGS
from .outcomes import BLANK, IN_OTHER_UNIT, WRONG
from .sections import LinkedSentence, Sentence, text_of, with_interval

SUMMARY_GOAL = 0.9
"""The precision for which the summary says how many rows reach it."""


def of_labelled(measured: pd.DataFrame, scores: pd.Series, new: bool) -> tuple[Sentence, ...]:
    """Return how good a run is, how much of it can be published, and what to fix first.

    ``scores`` is the line of all these rows in :func:`hybridml.report.statistics.scores`; they are ``new`` if the model
    was not trained on them.
    """
    return (*_quality(measured, scores, new), _published(measured, new), *_to_fix(measured, new))


def of_unlabelled(rows: pd.DataFrame) -> tuple[Sentence, ...]:
    """Return how much is answered, and how surely, where no row has a label."""
    given = rows.loc[rows["prediction"] != "", "confidence"]
    sure = f"; half of the answers have a confidence above {given.median():.2f}" if len(given) else ""
    return (f"{_percent(len(given) / len(rows))} of {_rows(len(rows))} answered{sure}.",)


def problems(rows: pd.DataFrame) -> tuple[Sentence, ...]:
    """Return how many rows have a problem, and which is the most frequent; nothing where none has."""
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
        else f"; {text_of(scores['oracle_f1'])} if it always chose the right candidate"
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
    goal = _percent(SUMMARY_GOAL)
    line = statistics.reachable_goals(measured, [SUMMARY_GOAL]).iloc[0]
    if math.isnan(line["threshold"]):
        return f"At no confidence are {goal} of the answers right: check them all."
    sentence = (
        f"If the most confident {_percent(line['coverage'])} are published without a check, {goal} of them are right "
        f"(confidence at least {statistics.rounded_down(line['threshold'])})"
    )
    if not new:
        return f"{sentence}."
    if math.isnan(line["sure_threshold"]):
        return f"{sentence}; there are too few rows to be sure of that on others."
    sure = statistics.rounded_down(line["sure_threshold"])
    share = _percent(line["sure_coverage"])
    return f"{sentence}; to be sure of that on other rows, publish {share} (at least {sure})."


def _to_fix(measured: pd.DataFrame, new: bool) -> Iterator[Sentence]:
    wrong = measured[~measured["right"]]
    state = {"tab": "gallery", "trained": "no" if new else "yes"}
    causes = wrong.loc[wrong["cause"] != "", "cause"].value_counts()
    if len(causes):
        cause, count = str(causes.index[0]), int(causes.iloc[0])
        text = f"Largest cause, {count:,} of {_rows(len(wrong))} not right: {cause} ({MEANINGS[cause]})."
        yield LinkedSentence(text, "Show them", {**state, "cause": cause})
    entities = wrong["entity"].value_counts()
    if measured["entity"].nunique() > 1 and len(entities):
        entity, count = str(entities.index[0]), int(entities.iloc[0])
        of = int((measured["entity"] == entity).sum())
        text = f"Most errors are in {entity}: {count:,} of its {_rows(of)} are not right."
        mistakes = {"entity": entity, "outcome": (IN_OTHER_UNIT, WRONG, BLANK), "sort": "confidence"}
        yield LinkedSentence(text, "Show the most confident first", {**state, **mistakes})
    suspect = int((measured["suspect"] > 0).sum()) if "suspect" in measured else 0
    if suspect:
        text = f"{suspect:,} {'label is' if suspect == 1 else 'labels are'} suspect."
        yield LinkedSentence(text, "Check them first", {**state, "tab": "suspects"})


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
