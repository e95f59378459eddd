"""Nested tuning of the ranker, inside the training folds only: its gain over the default settings.

    pip install -e '.[tune]'
    python -m benchmarks.tune --shared ../shared --trials 20 --study build/tune.db

For each outer fold one Optuna study chooses the ranker's settings and feature blocks by the rows answered right in
inner folds of the training rows; the chosen model is then measured on the outer fold, which no trial saw. The study is
kept in a file, from which the same command continues. The last table says whether tuning pays.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import command
from benchmarks.labelled import FOLDS, Data, Result, Sources, load, ranker, stages_of, training_part
from benchmarks.tables import difference, table
from hybridml.candidates.features import DEFAULT_BLOCKS
from hybridml.candidates.table import CandidateTable
from hybridml.datasets import folds
from hybridml.evaluation import metrics
from hybridml.ranking.model import ModelSettings
from hybridml.ranking.training import TrainingData, choose_weak_weight
from hybridml.utils.optional import missing
from hybridml.vision.presets import FURTHER_STAGES

OPTIONAL = ("layout", "keywords", "number_class")
"""Feature blocks that a trial may leave out."""


def suggested(trial: Any, base: ModelSettings) -> ModelSettings:
    """Return the settings of one trial."""
    chosen = tuple(
        b for b in DEFAULT_BLOCKS if b not in OPTIONAL or trial.suggest_categorical(b, [True, False])
    )
    return replace(
        base,
        blocks=chosen,
        ranker=replace(
            base.ranker,
            n_estimators=trial.suggest_int("n_estimators", 100, 600, step=50),
            learning_rate=trial.suggest_float("learning_rate", 0.015, 0.1, log=True),
            num_leaves=trial.suggest_int("num_leaves", 6, 48, log=True),
            min_child_samples=trial.suggest_int("min_child_samples", 5, 60, log=True),
            colsample_bytree=trial.suggest_float("colsample_bytree", 0.15, 0.9),
            reg_lambda=trial.suggest_float("reg_lambda", 0.1, 30, log=True),
        ),
    )


def without(data: TrainingData, blocks: list[str]) -> TrainingData:
    """Return the same rows without some feature blocks; nothing is described again."""

    def less_of(table: CandidateTable) -> CandidateTable:
        keep = [i for i, name in enumerate(table.columns) if name.split(".")[0] not in blocks]
        return replace(table, columns=tuple(table.columns[i] for i in keep), X=table.X[:, keep])

    less = copy.copy(data)
    less.settings = replace(data.settings, blocks=tuple(b for b in data.settings.blocks if b not in blocks))
    less.table = less_of(data.table)
    less.folds = [(held, order, less_of(table)) for held, order, table in data.folds]
    return less


def inner_right(start: TrainingData, settings: ModelSettings, weak_weight: dict[str, float]) -> int:
    """Return how many training rows inner folds answer right."""
    part = without(start, [b for b in OPTIONAL if b not in settings.blocks])
    return int(part.right(part.out_of_fold(weak_weight, replace(settings.ranker, seeds=1))).sum())


def tuned(data: Data, k: int, trials: int, storage: str, base: ModelSettings) -> ModelSettings:
    """Return the settings that inner folds of everything but fold ``k`` choose."""
    try:
        import optuna
    except ImportError as error:
        raise missing("tuning", "optuna", error, "tune") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    keep = data.fold != k
    start = TrainingData(*training_part(data, keep), settings=base)
    weak_weight = choose_weak_weight(start, base.ranker)
    study = optuna.create_study(
        study_name=f"fold {k}",
        storage=storage,
        direction="maximize",
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=k),
    )
    if not study.trials:
        now = base.ranker
        study.enqueue_trial(
            {
                **dict.fromkeys(OPTIONAL, True),
                "n_estimators": now.n_estimators,
                "learning_rate": now.learning_rate,
                "num_leaves": now.num_leaves,
                "min_child_samples": now.min_child_samples,
                "colsample_bytree": now.colsample_bytree,
                "reg_lambda": now.reg_lambda,
            }
        )
    left = max(trials - len(study.trials), 0)
    study.optimize(
        lambda trial: inner_right(start, suggested(trial, base), weak_weight),
        n_trials=left,
        show_progress_bar=True,
    )
    print(
        f"fold {k}: {study.best_value:.0f} right, by default {study.trials[0].value:.0f}: {study.best_params}"
    )
    return replace(suggested(optuna.trial.FixedTrial(study.best_params), base), weak_weight=weak_weight)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = command.parser(__doc__)
    command.add_sources(parser)
    parser.add_argument("--trials", type=int, default=20, help="trials a fold (default: %(default)s)")
    parser.add_argument("--study", type=Path, default=Path("build/tune.db"), help="file of the studies")
    parser.add_argument("--inner", type=int, default=3, help="inner folds (default: %(default)s)")
    options = parser.parse_args(argv)
    sources = Sources(options.shared, options.store)
    frame = sources.rows("labelled")
    fold = np.asarray(folds.load_folds(FOLDS, frame))
    data = load(
        frame,
        fold,
        sources,
        stages_of("rapidocr", further=FURTHER_STAGES, effort="best"),
        weak_labels=True,
        labels=True,
    )
    options.study.parent.mkdir(parents=True, exist_ok=True)
    base = replace(ModelSettings(), folds=options.inner)
    truth, groups = list(frame["entity_value"]), list(frame["group_id"])
    nested = Result("tuned", "rapidocr", [""] * len(frame))
    plain = Result("default", "rapidocr", [""] * len(frame))
    for k in np.unique(fold):
        chosen = tuned(data, int(k), options.trials, f"sqlite:///{options.study}", base)
        for result, settings in ((nested, chosen), (plain, replace(base, weak_weight=chosen.weak_weight))):
            one = replace(data, fold=np.where(fold == k, 0, -1))
            found = ranker(one, result.name, settings, only=0)[0].predictions
            for i in np.flatnonzero(fold == k):
                result.predictions[i] = found[i]
    gap, low, high = difference(truth, nested.predictions, plain.predictions, groups)
    lines = [[r.name, f"{metrics.score(truth, r.predictions).f1:.3f}"] for r in (plain, nested)]
    table("Nested tuning", ("settings", "F1"), lines)
    print(f"tuned above default: {gap:+.3f}, 95 % interval by group {low:+.3f} to {high:+.3f}")
    return 0


if __name__ == "__main__":
    command.run(main)
