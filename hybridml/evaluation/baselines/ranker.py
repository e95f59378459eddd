"""The product itself as a system, and what it is without one of its parts."""

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

from .system import Given, System, size_of

PARTS = ("layout", "keywords", "number_class", "unit_pairs", "priors", "joint", "second_pass", "weak_labels")
"""What a ranker can be without: feature blocks, looks, and what it is given or does besides."""


class RankerSystem(System):
    """Candidates, features, LightGBM LambdaRank and the calibrated decision, as ``hybridml train`` fits them.

    Rows labelled by others and labels without photos are learned from where they are given.

    Parameters
    ----------
    without : sequence of str
        Of :data:`PARTS`, what it has to do without.
    folds : int
        Folds inside the training part, for calibration.
    ranker : mapping, optional
        Settings that differ from :class:`hybridml.ranking.ranker.RankerSettings`.
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

    def further(self, offered: frozenset[str]) -> frozenset[str]:
        """Return those that the effort takes, but for what it does without."""
        return offered - frozenset(self.without)

    def fit(self, given: Given) -> Self:
        """Learn from labelled rows, those of others included."""
        for part in self.without:
            one_of("without", part, PARTS)
        settings = ModelSettings(
            folds=self.folds,
            ranker=RankerSettings(**{"random_state": self.random_state, **(self.ranker or {})}),
            random_state=self.random_state,
        )
        if "weak_labels" in self.without:
            given = replace(given, weak_labels=None)
        given = given.without_stages(self.without)
        settings = settings_without(self.without, settings)
        self.model_ = train(TrainingData(*training_table(given), settings=settings, schema=given.schema))
        return self

    def predict(self, given: Given) -> list[str]:
        """Return the ranker's answers."""
        given = given.without_stages(self.without)
        asked = list(given.frame["entity_name"])
        answers = answer_photos(
            self.model_, given.keys, asked, given.photo_features.items(), given.vectors.items()
        )
        return [answer.prediction for answer in answers]

    def size(self) -> int:
        """Return the bytes of what an artifact keeps of the model."""
        if not hasattr(self, "model_"):
            return 0
        model = self.model_
        columns = [part.to_dict() for part in (model.learned.priors, model.learned.unit_preference) if part]
        learned = [
            model.ranker.to_dict(),
            model.calibrator.to_dict(),
            model.dimension_order.to_dict(),
            *columns,
        ]
        return size_of([*learned, model.training])


def training_table(
    given: Given,
) -> tuple[
    pd.DataFrame,
    list[str | None],
    list[tuple[str, PhotoFeatures]],
    dict[str, npt.NDArray[Any]],
    pd.DataFrame | None,
]:
    """Return what :func:`hybridml.ranking.training.train` takes, others' rows and labels included."""
    rows = given.with_weak_labels()
    return rows.frame, list(rows.keys), list(rows.photo_features.items()), dict(rows.vectors), given.labels


def settings_without(parts: Sequence[str], settings: ModelSettings) -> ModelSettings:
    """Return settings that leave out the feature blocks, and of priors and joint weighing those, named in ``parts``."""
    blocks = tuple(block for block in settings.blocks if block not in parts)
    switched_off: dict[str, Any] = {name: False for name in ("priors", "joint") if name in parts}
    return replace(settings, blocks=blocks, **switched_off)
