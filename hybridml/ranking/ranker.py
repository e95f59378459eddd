"""The ranker: LightGBM LambdaRank over a table of candidates, one group per (photo, entity).

It sees a table of numbers and knows nothing of OCR or photos. The scores of several boosters that differ only in their
seed are averaged: on a few thousand groups that stabilises the ranking more than any single setting does.

References
----------
Burges, "From RankNet to LambdaRank to LambdaMART: An Overview", MSR-TR-2010-82.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.errors import HybridmlError

if TYPE_CHECKING:
    from lightgbm import Booster

Table = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class RankerSettings:
    """Settings of the ranker; all but ``seeds`` carry LightGBM's own names.

    Parameters
    ----------
    n_estimators, learning_rate, num_leaves, min_child_samples, subsample, colsample_bytree, reg_lambda
        As in :class:`lightgbm.LGBMRanker`.
    seeds : int
        Number of boosters whose scores are averaged.
    random_state : int
        Seed of the first booster; the others count up from it.
    n_jobs : int
        Threads. They change no answer: LightGBM runs in its deterministic mode. More than one helps from some
        hundred thousand candidates on, and costs dearly where other work shares the cores.
    """

    n_estimators: int = 250
    learning_rate: float = 0.04
    num_leaves: int = 15
    min_child_samples: int = 15
    subsample: float = 0.8
    colsample_bytree: float = 0.4
    reg_lambda: float = 5.0
    seeds: int = 3
    random_state: int = 0
    n_jobs: int = 1

    def __post_init__(self) -> None:
        for name in ("n_estimators", "num_leaves", "min_child_samples", "seeds", "n_jobs"):
            if getattr(self, name) < 1:
                raise HybridmlError(f"ranker setting {name} must be at least 1, got {getattr(self, name)}")


class Ranker:
    """The average of several LambdaRank boosters.

    Parameters
    ----------
    settings : RankerSettings, optional
        How to train.

    Attributes
    ----------
    columns_ : list of str
        Names of the table's columns, in order.
    models_ : list of str
        The boosters as LightGBM's own model text.
    start_ : dict of str to float
        Columns whose weighted sum the scores start from, and their weights.
    """

    def __init__(self, settings: RankerSettings | None = None) -> None:
        self.settings = settings or RankerSettings()
        self.columns_: list[str] = []
        self.models_: list[str] = []
        self.start_: dict[str, float] = {}

    def fit(
        self,
        X: Table,
        relevance: Ints,
        group: Ints,
        columns: Sequence[str],
        categorical: Sequence[str] = (),
        weight: Table | None = None,
        start: Mapping[str, float] | None = None,
    ) -> Ranker:
        """Learn to rank relevant candidates first.

        Parameters
        ----------
        X : array (n_candidates, n_columns)
            The table.
        relevance : int array (n_candidates,)
            0 for a wrong candidate; higher is better.
        group : int array (n_candidates,)
            The (photo, entity) that each candidate belongs to; equal values stand next to each other.
        columns : sequence of str
            Names of the columns.
        categorical : sequence of str
            Names of the categorical columns.
        weight : array (n_candidates,), optional
            Weight of each candidate's group, 1 by default.
        start : mapping of column to float, optional
            Columns that predict the order by themselves, and their weights. Scores start from their weighted sum;
            the boosters do not see these columns and learn the rest.

        Raises
        ------
        HybridmlError
            When no group has both a right and a wrong candidate, so that there is nothing to learn from.
        """
        from lightgbm import LGBMRanker

        keep = _informative(relevance, group)
        if not keep.any():
            raise HybridmlError(
                f"none of the {len(np.unique(group))} (photo, entity) groups has a right and a wrong candidate: "
                "nothing to learn from. Check that entity_value agrees with the photos, or give more rows"
            )
        X, group = X[keep], group[keep]
        self.columns_ = list(columns)
        self.start_ = {name: worth for name, worth in (start or {}).items() if name in self.columns_}
        start_scores = self._start_scores(X)
        X[:, self._start_columns()] = 0.0
        data = {
            "X": X,
            "y": relevance[keep],
            "group": np.diff(np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1], [True]]))),
            "sample_weight": None if weight is None else weight[keep],
            "init_score": start_scores,
            "feature_name": [c.replace(":", "_") for c in columns],
            "categorical_feature": [i for i, c in enumerate(columns) if c in categorical],
        }
        models = [LGBMRanker(**self._options(seed)) for seed in range(self.settings.seeds)]
        self.models_ = [model.fit(**data).booster_.model_to_string() for model in models]
        return self

    def _options(self, seed: int) -> dict[str, Any]:
        """Return LightGBM's parameters of one booster."""
        own = {k: v for k, v in asdict(self.settings).items() if k not in ("seeds", "random_state")}
        return {
            "objective": "lambdarank",
            "label_gain": [0, 1, 3, 7, 15],
            "lambdarank_truncation_level": 5,
            "subsample_freq": 1,
            "random_state": self.settings.random_state + seed,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
            **own,
        }

    def score(self, X: Table) -> npt.NDArray[np.float64]:
        """Return one score per candidate; only comparable within a group."""
        if not len(X):
            return np.zeros(0)
        return self._predict(X) + self._start_scores(X)

    def contributions(self, X: Table) -> npt.NDArray[np.float64]:
        """Return what each column adds to each candidate's score: (n_candidates, n_columns + 1), the last the mean.

        A candidate's contributions add up to its score.

        References
        ----------
        Lundberg et al., "Consistent Individualized Feature Attribution for Tree Ensembles", arXiv:1802.03888.
        """
        added = self._predict(X, pred_contrib=True)
        for at, worth in zip(self._start_columns(), self.start_.values(), strict=True):
            added[:, at] += worth * X[:, at]
        return added

    def _predict(self, X: Table, **options: Any) -> npt.NDArray[np.float64]:
        """Return the mean of what the boosters predict for a non-empty table."""
        threads = self.settings.n_jobs
        return np.mean([raw_scores(load_booster(b), X, threads, **options) for b in self.models_], axis=0)

    def _start_scores(self, X: Table) -> npt.NDArray[np.float64]:
        """Return the scores that the boosters add to."""
        return np.asarray(X[:, self._start_columns()], dtype=float) @ np.array([*self.start_.values()], float)

    def _start_columns(self) -> list[int]:
        return [self.columns_.index(name) for name in self.start_]

    def importance(self) -> dict[str, float]:
        """Return each column's share of the total gain, largest first."""
        gain = np.mean([load_booster(text).feature_importance("gain") for text in self.models_], axis=0)
        share = gain / max(gain.sum(), 1e-12)
        return {self.columns_[i]: float(share[i]) for i in np.argsort(-share)}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data from which :meth:`from_dict` restores the ranker."""
        return {
            "settings": asdict(self.settings),
            "columns": self.columns_,
            "models": self.models_,
            "start": self.start_,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Ranker:
        """Return the ranker that :meth:`to_dict` described."""
        ranker = cls(RankerSettings(**data["settings"]))
        ranker.columns_, ranker.models_ = list(data["columns"]), list(data["models"])
        ranker.start_ = dict(data["start"])
        return ranker


@lru_cache(maxsize=32)
def load_booster(text: str) -> Booster:
    """Return the LightGBM model that a model text describes; the last few stay loaded.

    Raises
    ------
    HybridmlError
        When LightGBM cannot read the text.
    """
    from lightgbm import Booster
    from lightgbm.basic import LightGBMError

    try:
        return Booster(model_str=text)
    except LightGBMError as error:
        raise HybridmlError(f"LightGBM cannot read a model: {error}") from None


def raw_scores(booster: Booster, X: Table, threads: int = 1, **options: Any) -> npt.NDArray[np.float64]:
    """Return the raw score of each line of a non-empty table; ``options`` are those of LightGBM's ``predict``."""
    # as the tables of candidates, whatever numbers the caller computes with
    table = np.ascontiguousarray(X, dtype=np.float32)
    return booster.predict(table, raw_score=True, num_threads=threads, verbosity=-1, **options)


def _informative(relevance: Ints, group: Ints) -> npt.NDArray[np.bool_]:
    """Return which candidates are in a group with different relevances."""
    return (pd.Series(relevance).groupby(group).transform("nunique") > 1).to_numpy()
