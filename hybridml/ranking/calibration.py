"""The calibration: the probability that the best candidate is right, and the decision whether to answer at all.

The ranker's scores say which candidate is best, not how likely it is right. A multinomial logistic model, fitted on
out-of-fold scores, turns the best candidate's lead into three probabilities: right, wrong, and "nothing to find" (truth
empty). Answering is worthwhile when ``p (2 - F) > F e``, with p the probability of being right, e that of an empty
truth and F the target F, the F1 reached: the condition under which one more answer raises F1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

OUTCOME_CLASSES = ("right", "wrong", "empty")

MIN_ROWS = 30
"""An entity with fewer answers has the thresholds of all entities together."""

PRECISION_STEPS = tuple(round(p / 100, 2) for p in range(5, 100))
"""Precisions for which a confidence threshold is stored."""

Z_90 = 1.2816
"""Standard normal quantile of 90 %, the confidence level of a threshold's precision."""


@dataclass(frozen=True)
class RankedGroup:
    """One group's candidates in the ranker's order, with those of one quantity counted together.

    Parameters
    ----------
    best : int
        Position of the best candidate in the group.
    others : tuple of int
        The best candidate of each other quantity, best first.
    shares : array (1 + len(others),)
        Softmax share of each quantity, the best first; they sum to one.
    top : float
        The best candidate's raw score.
    """

    best: int
    others: tuple[int, ...]
    shares: Floats
    top: float

    def probabilities(self, right: float, empty: float) -> list[tuple[int, float]]:
        """Return the position and probability of each quantity, best first.

        Parameters
        ----------
        right, empty : float
            Probability that the best quantity is right, and that the truth is empty. The others' probabilities are in
            proportion to their shares, and add up to at most what is left.
        """
        first, *others = (float(share) for share in self.shares)
        raw = [right * share / max(first, 1e-12) for share in others]
        scale = min(1.0, max(1.0 - right - empty, 0.0) / max(sum(raw), 1e-12))
        return [(self.best, right), *((i, p * scale) for i, p in zip(self.others, raw, strict=True))]


def rank_group(scores: Floats, answers: Sequence[object]) -> RankedGroup:
    """Rank one group's candidates; those with equal ``answers`` are the same quantity.

    Examples
    --------
    >>> c = rank_group(np.array([2.0, 1.0, 1.9]), ["5 gram", "9 gram", "5 gram"])
    >>> c.best, c.others, c.shares.round(2).tolist()
    (0, (1,), [0.84, 0.16])
    """
    weight = np.exp(scores - scores.max())
    weight /= weight.sum()
    total: dict[object, float] = {}
    lead: dict[object, int] = {}
    for i in np.argsort(-scores, kind="stable"):
        total[answers[i]] = total.get(answers[i], 0.0) + float(weight[i])
        lead.setdefault(answers[i], int(i))
    order = sorted(total, key=lambda a: -total[a])
    leads = [lead[a] for a in order]
    return RankedGroup(
        leads[0], tuple(leads[1:]), np.array([total[a] for a in order]), float(scores[leads[0]])
    )


def _evidence(ranked_groups: Sequence[RankedGroup], entity: Sequence[str], entities: Sequence[str]) -> Floats:
    """Return the inputs of the logistic model for each group: lead, score, competition, entity."""
    rows = []
    for c, name in zip(ranked_groups, entity, strict=True):
        first = min(max(float(c.shares[0]), 1e-6), 1 - 1e-6)
        second = float(c.shares[1]) if len(c.shares) > 1 else 0.0
        rows.append(
            [np.log(first / (1 - first)) / 4, first - second, c.top / 4, np.log(len(c.shares))]
            + [0.5 * (name == e) for e in entities]
        )
    return np.asarray(rows, dtype=float).reshape(-1, 4 + len(entities))


@dataclass
class Calibrator:
    """Calibrated confidence and the decision to answer; see the module docstring.

    Attributes
    ----------
    entities : tuple of str
        Entities seen in training; any other gets the average.
    coefficients, intercepts : arrays
        Parameters of the logistic model, one row per outcome.
    outcomes : tuple of str
        Outcomes that occurred in training: without rows of empty truth there is no "empty".
    f1 : float
        Out-of-fold F1 that the decision reaches.
    target_f : float
        The F of the rule.
    thresholds : dict
        Entity (``""`` for all) to a list of (precision, confidence threshold, coverage).
    """

    entities: tuple[str, ...] = ()
    coefficients: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    intercepts: Floats = field(default_factory=lambda: np.zeros(0))
    outcomes: tuple[str, ...] = ()
    f1: float = 0.0
    target_f: float = 0.0
    thresholds: dict[str, list[tuple[float, float, float]]] = field(default_factory=dict)

    def fit(
        self,
        ranked_groups: Sequence[RankedGroup],
        entity: Sequence[str],
        outcome: Sequence[str],
        missed: int = 0,
    ) -> Calibrator:
        """Fit on out-of-fold ranked groups.

        Parameters
        ----------
        ranked_groups : sequence of RankedGroup
            Groups that the ranker that scored them was not trained on.
        entity : sequence of str
            Entity of each group.
        outcome : sequence of {"right", "wrong", "empty"}
            The outcome of answering each: "empty" where the truth is empty.
        missed : int
            Number of rows with a truth but without any candidate; they count in F1.
        """
        from sklearn.linear_model import LogisticRegression

        self.entities = tuple(sorted(set(entity)))
        self.outcomes = tuple(o for o in OUTCOME_CLASSES if o in outcome)
        X = _evidence(ranked_groups, entity, self.entities)
        y = np.array([self.outcomes.index(o) for o in outcome], dtype=int)
        self.coefficients = np.zeros((len(self.outcomes), X.shape[1]))
        self.intercepts = np.zeros(len(self.outcomes))
        if len(self.outcomes) > 1:
            model = LogisticRegression(C=1.0, max_iter=2000).fit(X, y)
            rows = slice(-len(model.coef_), None)  # scikit-learn keeps one row for two classes
            self.coefficients[rows], self.intercepts[rows] = model.coef_, model.intercept_
        right, empty = self.probabilities(ranked_groups, entity)
        self.f1, self.target_f = _best_f1(right, empty, np.array(outcome), missed)
        answered = self.answers(right, empty)
        correct = np.array([o == "right" for o in outcome])
        names = np.array(entity)
        self.thresholds = {"": _curve(right[answered], correct[answered])}
        for name in self.entities:
            of = answered & (names == name)
            if of.sum() >= MIN_ROWS:
                self.thresholds[name] = _curve(right[of], correct[of])
        return self

    def probabilities(
        self, ranked_groups: Sequence[RankedGroup], entity: Sequence[str]
    ) -> tuple[Floats, Floats]:
        """Return P(right) and P(truth empty) of answering each group with its best candidate."""
        X = _evidence(ranked_groups, entity, self.entities)
        # numpy multiplies a table of one line differently: the last digit would depend on what else is asked for
        X = np.repeat(X, 2, axis=0) if len(X) == 1 else X
        logits = X @ self.coefficients.T + self.intercepts
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p = (p / p.sum(axis=1, keepdims=True))[: len(ranked_groups)]

        def column(outcome: str) -> Floats:
            return p[:, self.outcomes.index(outcome)] if outcome in self.outcomes else np.zeros(len(p))

        return column("right"), column("empty")

    def answers(self, right: Floats, empty: Floats) -> npt.NDArray[np.bool_]:
        """Return which groups to answer so that the expected F1 is highest."""
        return np.asarray(right * (2 - self.target_f) >= self.target_f * empty, dtype=bool)

    def threshold(self, precision: float, entity: str) -> float:
        """Return the confidence from which answers for ``entity`` have at least ``precision``.

        The precision of a threshold is the lower end of a one-sided 90 % interval (Wilson's) around the precision
        reached out of fold, so that a few lucky rows are not enough. Where no threshold reaches the precision, the
        return value is infinite, so that no answer passes. Precisions are rounded up to steps of 0.01; above 0.99
        none is stored.

        An entity with fewer than MIN_ROWS answers has the threshold of all entities, which holds over all of them
        together, not for each. Where rows hardly suffice for a precision, a threshold that is found owes more to
        luck than the interval says: measure it (benchmarks/crossval.py).
        """
        curve = self.thresholds.get(entity, self.thresholds.get("", []))
        return min((t for p, t, _ in curve if p >= precision - 1e-9), default=np.inf)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data from which :meth:`from_dict` restores the calibrator."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calibrator:
        """Return the calibrator that :meth:`to_dict` described."""
        return cls(
            tuple(data["entities"]),
            np.asarray(data["coefficients"]),
            np.asarray(data["intercepts"]),
            tuple(data["outcomes"]),
            float(data["f1"]),
            float(data["target_f"]),
            {entity: [(p, t, c) for p, t, c in curve] for entity, curve in data["thresholds"].items()},
        )


def _best_f1(right: Floats, empty: Floats, outcome: npt.NDArray[np.str_], missed: int) -> tuple[float, float]:
    """Return the highest F1 that the rule ``p (2 - F) >= F e`` reaches, and its F.

    Repeatedly replacing F with the F1 reached (Dinkelbach's iteration) gets there in a few steps; on finite data it
    may end up alternating between two neighbours, of which the better is taken.
    """
    guess, best, best_guess = 0.0, -1.0, 0.0
    for _ in range(20):
        answered = right * (2 - guess) >= guess * empty
        tp = float((answered & (outcome == "right")).sum())
        fp = float(answered.sum()) - tp
        fn = float((~answered & (outcome != "empty")).sum()) + missed
        reached = 2 * tp / max(2 * tp + fp + fn, 1.0)
        if reached > best:
            best, best_guess = reached, guess
        if abs(reached - guess) < 1e-9:
            break
        guess = reached
    return best, best_guess


def lower_bound(precision: Floats, n: npt.NDArray[np.integer[Any]]) -> Floats:
    """Return the lower end of Wilson's one-sided interval.

    References
    ----------
    Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22, 1927.
    """
    z2 = Z_90**2
    spread = Z_90 * np.sqrt(precision * (1 - precision) / n + z2 / (4 * n**2))
    return np.asarray((precision + z2 / (2 * n) - spread) / (1 + z2 / n), dtype=float)


def _curve(confidence: Floats, correct: npt.NDArray[np.bool_]) -> list[tuple[float, float, float]]:
    """Return (precision, lowest threshold that is sure to reach it, share answered) for each of PRECISION_STEPS."""
    order = np.argsort(-confidence, kind="stable")
    confidence, correct = confidence[order], correct[order]
    counted = np.arange(1, len(correct) + 1)
    sure = lower_bound(np.cumsum(correct) / counted, counted)
    # a threshold cannot separate equal confidences
    last_of_tie = np.append(confidence[1:] != confidence[:-1], True) if len(confidence) else np.zeros(0, bool)
    curve = []
    for goal in PRECISION_STEPS:
        ok = np.flatnonzero((sure >= goal) & last_of_tie)
        if len(ok):
            curve.append((goal, float(confidence[ok[-1]]), float((ok[-1] + 1) / len(correct))))
    return curve
