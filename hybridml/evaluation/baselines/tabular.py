"""Tabular regression: the value from the photo's embedding, the group and the entity, without OCR."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hybridml.datasets.groups import group_names
from hybridml.datasets.labels import Quantity, parse_labels
from hybridml.entities import EntitySchema
from hybridml.errors import HybridmlError
from hybridml.quantity import format_quantity
from hybridml.utils.optional import require
from hybridml.utils.registry import in_range, one_of

from .system import LABEL, VECTORS, Dataset, System

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]

DIGITS = 3
"""Significant digits of an answer: as many as labels have."""

MODELS = ("linear", "forest", "lightgbm", "xgboost")


class TabularRegression(System):
    """Regression of the value on ResNet-50 embedding, group and entity, as published for this task.

    Numbers are scaled by MinMaxScaler. The target is the logarithm of the value in the base unit of its family; a
    random forest chooses the unit among those that the entity allows. A photo without an embedding gets no answer.

    Parameters
    ----------
    model : {"linear", "forest", "lightgbm", "xgboost"}
        The regressor of the value. ``"linear"`` is ordinary least squares. With as many columns as rows that would fit
        any labels exactly, so a ridge takes its place, with a warning (``solver_`` says which it was).
    encoding : {"one-hot", "label"}
        Encoding of group and entity: a column for each, all zero for a group that training did not have; or one
        number, -1 for such a group.
    components : int
        Principal components of the embedding, fitted on training photos; 0 for all of its 2,048 columns, with which
        a random forest takes sixteen times as long.
    trees : int
        Trees of a forest, rounds of boosting.
    jobs : int
        Threads; changes speed only.
    random_state : int
        Seed of everything random.

    Attributes
    ----------
    solver_ : str
        Name of the regressor's class.
    """

    needs = frozenset({VECTORS})

    def __init__(
        self,
        model: str = "linear",
        encoding: str = "one-hot",
        components: int = 64,
        trees: int = 100,
        jobs: int = 1,
        random_state: int = 0,
    ) -> None:
        self.model = model
        self.encoding = encoding
        self.components = components
        self.trees = trees
        self.jobs = jobs
        self.random_state = random_state

    def fit(self, dataset: Dataset) -> Self:
        """Learn from the rows that have an embedding and a label in a unit of their entity.

        Raises
        ------
        HybridmlError
            When there are none, or a setting makes no sense.
        """
        from sklearn.ensemble import RandomForestClassifier

        one_of("model", self.model, MODELS)
        one_of("encoding", self.encoding, ("one-hot", "label"))
        in_range("components", self.components, 0, 2048, whole=True)
        in_range("trees", self.trees, 1, 100_000, whole=True)
        entities = list(dataset.frame["entity_name"])
        truths = [t.quantity for t in parse_labels(dataset.frame[LABEL], dataset.schema)]
        usable = [
            i
            for i, (key, entity, truth) in enumerate(zip(dataset.keys, entities, truths, strict=True))
            if key in dataset.vectors and _can_be_learned(truth, entity, dataset.schema)
        ]
        if len(usable) < 2:
            raise HybridmlError(
                f"tabular regression has {len(usable)} of {len(dataset)} rows to learn from: expected at least two "
                "with an embedded photo and a label. Check --images and --embedding"
            )
        part = dataset.subset(usable)
        X = self._table(part, fit=True)
        quantities = [truths[i] or (math.nan, "") for i in usable]
        y = np.log([part.schema.to_base(value, unit) for value, unit in quantities])
        regressor = self._regressor(X)
        self.value_ = regressor.fit(X, y)
        self.solver_ = type(regressor).__name__
        self.unit_ = RandomForestClassifier(self.trees, n_jobs=self.jobs, random_state=self.random_state)
        self.unit_.fit(X, [unit for _, unit in quantities])
        return self

    def predict(self, dataset: Dataset) -> list[str]:
        """Return value and unit for each row that has an embedding."""
        usable = [i for i, key in enumerate(dataset.keys) if key in dataset.vectors]
        answers = [""] * len(dataset)
        if not usable:
            return answers
        part = dataset.subset(usable)
        X = self._table(part, fit=False)
        chances = self.unit_.predict_proba(X)
        for i, entity, value, chance in zip(
            usable, part.frame["entity_name"], self.value_.predict(X), chances, strict=True
        ):
            unit = self._unit(dataset.schema.entity(entity).units, chance)
            answers[i] = _answer(float(value), unit, dataset.schema)
        return answers

    def _unit(self, allowed: Sequence[str], chance: Floats) -> str:
        """Return the likeliest unit that the entity allows; its first where training had none of them."""
        of = dict(zip(self.unit_.classes_, chance, strict=True))
        return max(allowed, key=lambda unit: of.get(unit, -1.0))

    def _table(self, dataset: Dataset, fit: bool) -> Floats:
        """Return the columns of rows: scaled numbers, then those that are 0 or 1."""
        from sklearn.decomposition import PCA
        from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder

        image = np.stack([np.asarray(dataset.vectors[key or ""], dtype=np.float64) for key in dataset.keys])
        names = np.array([group_names(dataset.frame), dataset.frame["entity_name"]], dtype=object).T
        if fit:
            count = min(self.components, *image.shape)
            self.pca_ = PCA(count, random_state=self.random_state).fit(image) if count else None
            self.names_ = (
                OneHotEncoder(handle_unknown="ignore", sparse_output=False)
                if self.encoding == "one-hot"
                else OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
            ).fit(names)
            self.scaler_ = MinMaxScaler()
        numbers = image if self.pca_ is None else self.pca_.transform(image)
        coded = self.names_.transform(names)
        if self.encoding == "label":
            numbers, coded = np.hstack([numbers, coded]), coded[:, :0]
        scaled = self.scaler_.fit_transform(numbers) if fit else self.scaler_.transform(numbers)
        return np.hstack([scaled, coded])

    def _regressor(self, X: Floats) -> Any:
        from sklearn.ensemble import RandomForestRegressor
        from sklearn.linear_model import LinearRegression, Ridge

        settings = {"n_estimators": self.trees, "n_jobs": self.jobs, "random_state": self.random_state}
        if self.model == "forest":
            return RandomForestRegressor(**settings)
        if self.model == "lightgbm":
            from lightgbm import LGBMRegressor

            return LGBMRegressor(**settings, verbose=-1)
        if self.model == "xgboost":
            require("tabular regression with XGBoost", ["xgboost"], "baselines")
            from xgboost import XGBRegressor

            return XGBRegressor(**settings)
        if X.shape[1] < len(X):
            return LinearRegression()
        log.warning(
            "tabular regression: %d columns for %d rows fit any labels exactly: a ridge instead of least squares",
            X.shape[1],
            len(X),
        )
        return Ridge()


def _can_be_learned(truth: Quantity | None, entity: str, schema: EntitySchema) -> bool:
    if truth is None or entity not in schema.entities or truth[1] not in schema.entity(entity).units:
        return False
    return truth[0] > 0 and math.isfinite(truth[0])


def _answer(logarithm: float, unit: str, schema: EntitySchema) -> str:
    """Return a predicted value in a unit, blank where it is no number that can be written."""
    try:
        value = math.exp(logarithm) / schema.to_base(1.0, unit)
    except OverflowError:
        return ""
    return format_quantity(float(f"{value:.{DIGITS}g}"), unit) if math.isfinite(value) else ""
