"""The product itself as a system, and its ablations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy.typing as npt
import pandas as pd

from hybridml.prediction.from_photo import answer_photos
from hybridml.ranking.model import ModelSettings
from hybridml.ranking.ranker import RankerSettings
from hybridml.ranking.training import TrainingData, train
from hybridml.utils.registry import one_of
from hybridml.vision.photo_features import PhotoFeatures

from .system import Dataset, System, size_of

ABLATIONS = (
    "layout",
    "keywords",
    "number_class",
    "unit_pairs",
    "priors",
    "joint",
    "second_pass",
    "weak_labels",
)
"""Names of what a ranker can be without: feature blocks, vision stages, priors, joint scoring and weak labels."""


class RankerSystem(System):
    """Candidates, features, LightGBM LambdaRank and calibration, as ``hybridml train`` fits them.

    It learns from weak labels and from labels without photos where the dataset has them.

    Parameters
    ----------
    without : sequence of str
        Of :data:`ABLATIONS`, what is left out.
    folds : int
        Folds of the training rows, for calibration.
    ranker : mapping, optional
        Settings that differ from those of :class:`hybridml.ranking.ranker.RankerSettings`.
    random_state : int
        Seed of everything random.
    """

    def __init__(
        self,
        without: Sequence[str] = (),
        folds: int = 5,
        ranker: Mapping[str, Any] | None = None,
        random_state: int = 0,
    ) -> None:
        self.without = without
        self.folds = folds
        self.ranker = ranker
        self.random_state = random_state

    def stages(self, offered: frozenset[str]) -> frozenset[str]:
        """Return the stages of the run except those left out."""
        return offered - frozenset(self.without)

    def fit(self, dataset: Dataset) -> Self:
        """Learn from labelled rows, weakly labelled ones included."""
        for name in self.without:
            one_of("without", name, ABLATIONS)
        settings = ModelSettings(
            folds=self.folds,
            ranker=RankerSettings(**{"random_state": self.random_state, **(self.ranker or {})}),
            random_state=self.random_state,
        )
        if "weak_labels" in self.without:
            dataset = replace(dataset, weak_labels=None)
        dataset = dataset.without_stages(self.without)
        settings = settings_without(self.without, settings)
        self.model_ = train(TrainingData(*training_table(dataset), settings=settings, schema=dataset.schema))
        return self

    def predict(self, dataset: Dataset) -> list[str]:
        """Return the ranker's answers."""
        dataset = dataset.without_stages(self.without)
        entities = list(dataset.frame["entity_name"])
        answers = answer_photos(
            self.model_, dataset.keys, entities, dataset.photo_features.items(), dataset.vectors.items()
        )
        return [answer.prediction for answer in answers]

    def size(self) -> int:
        """Return the bytes of what an artifact keeps of the model."""
        if not hasattr(self, "model_"):
            return 0
        model, learned = self.model_, self.model_.learned
        fitted = (
            model.ranker,
            model.calibrator,
            model.dimension_order,
            learned.priors,
            learned.unit_preference,
        )
        return size_of([*(part.to_dict() for part in fitted if part is not None), model.training])


def training_table(
    dataset: Dataset,
) -> tuple[
    pd.DataFrame,
    list[str | None],
    list[tuple[str, PhotoFeatures]],
    dict[str, npt.NDArray[Any]],
    pd.DataFrame | None,
]:
    """Return the arguments of :func:`hybridml.ranking.training.train`, weakly labelled rows and labels included."""
    rows = dataset.with_weak_labels()
    return rows.frame, list(rows.keys), list(rows.photo_features.items()), dict(rows.vectors), dataset.labels


def settings_without(names: Sequence[str], settings: ModelSettings) -> ModelSettings:
    """Return settings without the feature blocks, the priors or the joint scoring named in ``names``."""
    blocks = tuple(block for block in settings.blocks if block not in names)
    switched_off: dict[str, Any] = {name: False for name in ("priors", "joint") if name in names}
    return replace(settings, blocks=blocks, **switched_off)
