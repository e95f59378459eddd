"""The challenge's metric and those beside it, as functions of labels and predictions.

A row is a true positive when prediction and truth are the same number (as a float) and unit; a false positive
when the prediction is not blank and differs, or the truth is blank; a false negative when only the prediction
is blank; a true negative when both are. F1 = 2PR / (P + R) with P = TP / (TP + FP) and R = TP / (TP + FN).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hybridml.datasets.groups import as_text
from hybridml.datasets.labels import Label, Quantity, parse_labels
from hybridml.datasets.predictions import allowed_units, parse_prediction
from hybridml.entities import EntitySchema, default_entities
from hybridml.quantity.unit_pairs import same_quantity

Outcomes = npt.NDArray[np.str_]

ALL = "all"
"""Name of all rows among entities."""


@dataclass(frozen=True)
class Scores:
    """Scores of predictions.

    Parameters
    ----------
    rows : int
        Rows scored.
    tp, fp, fn, tn : int
        Counted as the module's docstring says.
    precision, recall, f1 : float
        From these counts; 0 where not defined.
    accuracy : float
        Share of rows whose prediction equals the truth, also where both are blank.
    f1_any_unit : float
        F1 that also accepts the same quantity in another unit within 1 %.
    smape : float
        Mean, over rows where both have a quantity of the same unit, of ``200 |p - t| / (|p| + |t|)``: in
        percent, from 0 to 200, a pair of zeros counting 0; NaN when there is no such row.
    smape_rows : int
        How many rows these are.
    oracle_f1 : float or None
        F1 of always choosing the right candidate where there is one; None when candidates are not known.
    range_labels, foreign_labels, unreadable_labels : int
        Labels that are ranges, scored as their upper end; in a unit that no answer may have; not understood. No answer
        equals the last two.
    malformed : int
        Predictions that are neither blank nor a number and an allowed unit; they count as wrong.
    """

    rows: int
    tp: int
    fp: int
    fn: int
    tn: int
    precision: float
    recall: float
    f1: float
    accuracy: float
    f1_any_unit: float
    smape: float
    smape_rows: int
    oracle_f1: float | None
    range_labels: int
    foreign_labels: int
    unreadable_labels: int
    malformed: int

    def to_dict(self) -> dict[str, Any]:
        """Return the scores by name."""
        return asdict(self)


def parse_predictions(
    predictions: Iterable[str], schema: EntitySchema | None = None
) -> list[Quantity | None]:
    """Return each prediction's number and unit as the challenge parses it, None if blank or malformed."""
    allowed = allowed_units(schema or default_entities())
    texts = [as_text(text) for text in predictions]
    known = {text: parse_prediction(text, allowed) for text in set(texts)}
    return [known[text] for text in texts]


def outcomes(
    truth: Sequence[str], predictions: Sequence[str], schema: EntitySchema | None = None
) -> Outcomes:
    """Return the outcome of each row: "tp", "fp", "fn" or "tn".

    Parameters
    ----------
    truth, predictions : sequences of str, one per row
        Labels and predictions; blank where there is none.

    Examples
    --------
    >>> outcomes(["5.0 gram"] * 3 + ["", ""], ["5 gram", "5 kilogram", "", "5 gram", ""]).tolist()
    ['tp', 'fp', 'fn', 'fp', 'tn']
    """
    _check_lengths(truth, predictions=predictions)
    return _outcomes(parse_labels(truth, schema), _blank(predictions), parse_predictions(predictions, schema))


def _blank(predictions: Iterable[str]) -> list[bool]:
    return [not as_text(text) for text in predictions]


def _outcomes(truths: Sequence[Label], blank: Sequence[bool], answers: Sequence[Quantity | None]) -> Outcomes:
    nothing = np.array([t.blank for t in truths], dtype=bool)
    unanswered = np.array(blank, dtype=bool)
    right = np.array(
        [a is not None and a == t.quantity for t, a in zip(truths, answers, strict=True)], dtype=bool
    )
    return np.select([nothing & unanswered, unanswered, right], ["tn", "fn", "tp"], "fp")


def f1_of(tp: float, fp: float, fn: float) -> float:
    """Return F1 from counts, 0 when there is no true positive.

    Examples
    --------
    >>> f1_of(2, 1, 1)
    0.6666666666666666
    """
    return 2 * tp / (2 * tp + fp + fn) if tp else 0.0


def score(
    truth: Sequence[str],
    predictions: Sequence[str],
    entities: Sequence[str] | None = None,
    oracle: Sequence[bool] | None = None,
    schema: EntitySchema | None = None,
) -> Scores:
    """Score predictions.

    Parameters
    ----------
    truth, predictions : sequences of str, one per row
        Labels and predictions; blank where there is none.
    entities : sequence of str, optional
        Each row's entity: an ounce of ``item_volume`` is then a fluid ounce, for ``f1_any_unit`` only, and a label in
        a unit that its entity does not allow is a foreign one. Without it, a unit that some entity takes for another
        counts as either.
    oracle : sequence of bool, optional
        Whether the right answer is among the candidates, as :func:`reachable` returns it.
    schema : EntitySchema, optional
        Entities and units; the packaged ones by default.

    Returns
    -------
    Scores

    Raises
    ------
    ValueError
        When the sequences differ in length.

    Examples
    --------
    >>> s = score(["12 ounce", "5 volt", ""], ["340 gram", "5.0 volt", "9 watt"])
    >>> s.tp, s.fp, s.fn, s.f1, s.f1_any_unit
    (1, 2, 0, 0.5, 0.8)
    """
    _check_lengths(truth, predictions=predictions, entities=entities, oracle=oracle)
    schema = schema or default_entities()
    truths = parse_labels(truth, schema)
    blank = _blank(predictions)
    answers = parse_predictions(predictions, schema)
    found = _outcomes(truths, blank, answers)
    counts = {name: int((found == name).sum()) for name in ("tp", "fp", "fn", "tn")}
    names = list(entities) if entities is not None else [None] * len(truths)
    # an answer that is right in another unit counts as FP above and as TP for f1_any_unit
    more = sum(
        outcome == "fp"
        and t.quantity is not None
        and a is not None
        and same_quantity(a, t.quantity, entity, schema)
        for outcome, t, a, entity in zip(found.tolist(), truths, answers, names, strict=True)
    )
    tp, fp, fn = counts["tp"], counts["fp"], counts["fn"]
    errors = _smape_terms(truths, answers)
    foreign = sum(
        t.kind == "foreign unit" or _not_of_entity(t, entity, schema)
        for t, entity in zip(truths, names, strict=True)
    )
    return Scores(
        rows=len(truths),
        **counts,
        precision=tp / (tp + fp) if tp else 0.0,
        recall=tp / (tp + fn) if tp else 0.0,
        f1=f1_of(tp, fp, fn),
        accuracy=(tp + counts["tn"]) / len(truths) if truths else 0.0,
        f1_any_unit=f1_of(tp + more, fp - more, fn),
        smape=float(np.mean(errors)) if errors else math.nan,
        smape_rows=len(errors),
        oracle_f1=(
            oracle_f1([bool(r) for r, t in zip(oracle, truths, strict=True) if not t.blank])
            if oracle is not None
            else None
        ),
        range_labels=sum(t.kind == "range" for t in truths),
        foreign_labels=foreign,
        unreadable_labels=sum(t.kind == "unreadable" for t in truths),
        malformed=sum(a is None and not b for a, b in zip(answers, blank, strict=True)),
    )


def _not_of_entity(truth: Label, entity: str | None, schema: EntitySchema) -> bool:
    known = schema.entities.get(entity or "")
    return known is not None and truth.quantity is not None and truth.quantity[1] not in known.units


def _smape_terms(truths: Sequence[Label], answers: Sequence[Quantity | None]) -> list[float]:
    terms = []
    for t, a in zip(truths, answers, strict=True):
        if t.quantity is not None and a is not None and t.quantity[1] == a[1]:
            terms.append(_smape(a[0], t.quantity[0]))
    return terms


def _smape(a: float, b: float) -> float:
    if a == b:
        return 0.0
    size = abs(a) + abs(b)
    return 200.0 * abs(a - b) / size if math.isfinite(size) else 200.0


def oracle_f1(reachable: Sequence[bool]) -> float:
    """Return the F1 of always choosing the right candidate where there is one.

    Parameters
    ----------
    reachable : sequence of bool
        For each row *with a truth*, whether the right answer is among the candidates. Where it is not, the row counts
        like a blank answer; rows of blank truth cost an oracle nothing.

    Examples
    --------
    >>> oracle_f1([True, True, True, False])
    0.8571428571428571
    """
    hits = sum(map(bool, reachable))
    return f1_of(hits, 0, len(reachable) - hits)


def reachable(
    truth: Sequence[str], candidates: Sequence[Sequence[str]], schema: EntitySchema | None = None
) -> list[bool]:
    """Return whether each row's truth is among its candidates, which are written like predictions.

    False for rows of blank truth.
    """
    _check_lengths(truth, candidates=candidates)
    allowed = allowed_units(schema or default_entities())
    parsed = functools.cache(lambda text: parse_prediction(text, allowed))
    return [
        t.quantity is not None and any(parsed(text) == t.quantity for text in some)
        for t, some in zip(parse_labels(truth, schema), candidates, strict=True)
    ]


def per_entity(
    truth: Sequence[str],
    predictions: Sequence[str],
    entities: Sequence[str],
    oracle: Sequence[bool] | None = None,
    schema: EntitySchema | None = None,
) -> dict[str, Scores]:
    """Return the scores of each entity by name, then those of all rows as :data:`ALL`.

    It has the parameters of :func:`score`.
    """
    _check_lengths(truth, predictions=predictions, entities=entities, oracle=oracle)
    at: dict[str, list[int]] = {}
    for i, name in enumerate(entities):
        at.setdefault(name, []).append(i)
    scores = {
        name: score(
            [truth[i] for i in rows],
            [predictions[i] for i in rows],
            [name] * len(rows),
            None if oracle is None else [oracle[i] for i in rows],
            schema,
        )
        for name, rows in sorted(at.items())
    }
    return scores | {ALL: score(truth, predictions, entities, oracle, schema)}


def _check_lengths(first: Any, **others: Any) -> None:
    for name, values in others.items():
        if values is not None and len(values) != len(first):
            raise ValueError(f"{name} has {len(values)} entries, expected {len(first)}: one per row")
