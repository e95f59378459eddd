"""Learning: from rows with labels to a model with ranker, learned columns, calibration and trust."""

from __future__ import annotations

import copy
import hashlib
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.candidates.features import CATEGORICAL
from hybridml.candidates.table import CandidateTable, Rows, build_table
from hybridml.datasets import folds as folding
from hybridml.datasets.groups import group_names, photo_names
from hybridml.datasets.labels import TEXT, parse_truth
from hybridml.errors import HybridmlError
from hybridml.quantity import format_quantity
from hybridml.quantity.unit_pairs import same_quantity
from hybridml.utils import versions
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.text_line import OCRResult

from .calibration import Calibrator, RankedGroup, rank_group
from .dimension_order import DimensionOrder
from .embedding_pca import EmbeddingPCA
from .label_priors import Priors, label_table
from .learned_features import START, LearnedColumns
from .ranker import Ranker, RankerSettings
from .sibling_rows import score_jointly, with_siblings
from .unit_preference import LEAST, UnitPreference, unit_pair_table

if TYPE_CHECKING:
    from .model import Model

log = logging.getLogger(__name__)

Vectors = Mapping[str, npt.NDArray[np.float32]]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

RIGHT, OTHER_UNIT = 3, 1
"""Relevance of the answer, and of the same quantity in another unit, for the ranker."""

FULL, NONE = 1.0, 0.0
"""How much a row labelled by others counts: like any other, or not at all."""

HARM = 2.0
"""Standard deviations that harm must show by; by one alone, chance shows it for one entity in six."""


class Training:
    """Rows with everything that is learned from, described once.

    Parameters
    ----------
    model : Model
        Settings and entities.
    frame, keys, readings, vectors, labels
        As for :meth:`hybridml.ranking.model.Model.fit`.
    """

    def __init__(
        self,
        model: Model,
        frame: pd.DataFrame,
        keys: Sequence[str | None],
        ocr_results: Iterable[tuple[str, PhotoFeatures | OCRResult]],
        vectors: Vectors,
        labels: pd.DataFrame | None,
    ) -> None:
        self.settings, self.schema = model.settings, model.schema
        self.frame, self.vectors = frame.reset_index(drop=True), vectors
        asked = list(frame["entity_name"])
        self.rows = with_siblings(keys, asked, self.schema) if self.settings.joint else Rows(keys, asked)
        self.asked = len(asked)
        self.table = build_table(
            self.rows.keys,
            self.rows.entities,
            ocr_results,
            self.schema,
            self.settings.blocks,
        )
        if not (self.table.row < self.asked).any():
            raise HybridmlError(
                f"no candidate was found on the photos of {len(frame)} rows: nothing to learn from. "
                "Check the images folder, and the reader with 'hybridml read PHOTO'"
            )
        self.truths = parse_truth(frame["entity_value"], self.schema)
        self.relevance = self._relevance()
        weak = np.zeros(len(self.rows.keys), dtype=bool)
        if "weak" in frame:
            weak[: self.asked] = frame["weak"]
        self.weak = weak
        self._blank_number_classes()
        if weak[: self.asked].all():
            raise HybridmlError("every row was labelled by others: give rows to measure by, too")
        groups = group_names(frame)
        self.groups = [*groups, *[""] * (len(self.rows.keys) - self.asked)]
        self.labels = self.unit_pairs = None
        if self.settings.priors:
            source = self.frame[~weak[: self.asked]] if labels is None else labels
            self._label_rows = source.reset_index(drop=True)
            self.labels = label_table(self._label_rows, self.schema)
            self.unit_pairs = unit_pair_table(self._label_rows, self.schema)
            if TEXT in self._label_rows and len(self.unit_pairs) < LEAST:
                log.warning(
                    "the texts of labels hold %d quantities in two units of which the label is one, fewer than %d: "
                    "which unit labels take is not learned",
                    len(self.unit_pairs),
                    LEAST,
                )
        self._sharing: dict[bytes, Bools] = {}
        self._folds: list[tuple[Bools, CandidateTable, DimensionOrder]] = []

    def _relevance(self) -> npt.NDArray[np.int64]:
        relevance = np.zeros(len(self.table), dtype=np.int64)
        for i, (row, c) in enumerate(zip(self.table.row, self.table.candidates, strict=True)):
            truth = self.truths[row].quantity if row < self.asked else None
            if truth == (c.value, c.unit):
                relevance[i] = RIGHT
            elif truth and same_quantity((c.value, c.unit), truth, schema=self.schema):
                relevance[i] = OTHER_UNIT
        return relevance

    def _blank_number_classes(self) -> None:
        """Blank what the region network says of others' rows.

        It was trained on photos of theirs, and is surer there than it is elsewhere.
        """
        columns = np.array([c.startswith("number_class.") for c in self.table.columns])
        if columns.any() and self.weak.any():
            self.table.X[np.ix_(self.weak[self.table.row], columns)] = np.nan

    def described(self, held: Bools) -> tuple[LearnedColumns, CandidateTable]:
        """Return the columns learned without the rows ``held``, and the table with them added.

        Of every table nothing is learned from that shares a group or a photo with a held row.
        """
        keys = [k for k, h in zip(self.rows.keys[: self.asked], held, strict=True) if k is not None and not h]
        learned = LearnedColumns(
            self._embedding_pca(keys),
            self._priors(held),
            bool(self.weak.any()),
            self._unit_preference(held),
        )
        block = learned.embedding_pca
        projected = block.project(self.vectors.items()) if block else {}
        names = self.rows.keys, self.rows.entities
        table = learned.add(self.table, *names, projected, self.schema, self.groups, self.weak)
        return learned, table

    def _embedding_pca(self, keys: Sequence[str]) -> EmbeddingPCA | None:
        known = sorted({k for k in keys if k in self.vectors})
        if not known or self.settings.components < 1:
            return None
        stacked = np.stack([self.vectors[k] for k in known])
        return EmbeddingPCA.fit(stacked, self.settings.components, self.settings.random_state)

    def _priors(self, held: Bools) -> Priors | None:
        return None if self.labels is None else Priors.fit(self._apart(self.labels, held))

    def _unit_preference(self, held: Bools) -> UnitPreference | None:
        return None if self.unit_pairs is None else UnitPreference.fit(self._apart(self.unit_pairs, held))

    def dimension_order(self, held: Bools) -> DimensionOrder:
        """Return which of two dimensions labels make the larger, learned without the rows ``held``."""
        if self.labels is None:
            return DimensionOrder()
        return DimensionOrder.fit(self._apart(self.labels, held), self.schema)

    def _apart(self, told: pd.DataFrame, held: Bools) -> pd.DataFrame:
        """Return what labels tell, without those that share a group or a photo with a held row."""
        if not held.any():
            return told
        if held.tobytes() not in self._sharing:
            shared = folding.rows_sharing(self._label_rows, self.frame[held])
            self._sharing[held.tobytes()] = np.asarray(shared, dtype=bool)
        return told[~self._sharing[held.tobytes()][told.index.to_numpy(dtype=int)]]

    def ranker(
        self,
        table: CandidateTable,
        keep: Bools,
        weak_weight: Mapping[str, float],
        settings: RankerSettings,
    ) -> Ranker:
        """Fit a ranker on the rows where ``keep`` holds."""
        weights = np.ones(len(self.rows.keys))
        for i in np.flatnonzero(self.weak):
            weights[i] = weak_weight.get(self.rows.entities[int(i)], FULL)
        weights[: self.asked][~keep] = 0.0
        weights[self.asked :] = 0.0
        w = weights[table.row]
        use = w > 0
        return Ranker(settings).fit(
            table.X[use],
            self.relevance[use],
            table.row[use],
            table.columns,
            CATEGORICAL,
            w[use],
            START,
        )

    def out_of_fold(self, weak_weight: Mapping[str, float], settings: RankerSettings) -> Floats:
        """Score each candidate by what saw neither its group nor its photo; NaN where nothing could."""
        fold = np.asarray(folding.assign_folds(self.frame, self.settings.folds, self.settings.random_state))
        if not self._folds:
            self._folds = [
                (fold == k, self.described(fold == k)[1], self.dimension_order(fold == k))
                for k in np.unique(fold)
            ]
        fold_of = {k: int(f) for k, f in zip(self.rows.keys[: self.asked], fold, strict=True) if k}
        every = np.array([fold_of.get(key or "", -1) for key in self.rows.keys])
        every[: self.asked] = fold
        scores = np.full(len(self.table), np.nan)
        for held, table, dimension_order in self._folds:
            at = np.isin(every, fold[held])[table.row]
            try:
                alone = self.ranker(table, ~held, weak_weight, settings).score(table.X[at])
            except HybridmlError as error:
                log.warning("a fold of the calibration is left out: %s", error)
                continue
            of_fold = np.full(len(self.table), np.nan)
            of_fold[at] = alone
            if self.settings.joint:
                of_fold = score_jointly(table, of_fold, self.rows, self.schema, dimension_order)
            scores[at] = of_fold[at]
        return scores

    def without(self, blocks: Collection[str]) -> Training:
        """Return the same rows without some feature blocks; nothing is described again."""
        less = copy.copy(self)
        less.settings = replace(
            self.settings, blocks=tuple(b for b in self.settings.blocks if b not in blocks)
        )
        less.table = self.table.without(blocks)
        less._folds = [(held, table.without(blocks), sizes) for held, table, sizes in self._folds]
        return less

    def right(self, scores: Floats) -> Bools:
        """Return which rows, of those that answers are measured by, are answered right with ``scores``."""
        right = np.zeros(self.asked, dtype=bool)
        for row, where in self.table.groups():
            if row < self.asked and not self.weak[row] and not np.isnan(scores[where]).any():
                best = where.start + int(np.argmax(scores[where]))
                right[row] = self.relevance[best] == RIGHT
        return right


def choose_weak_weight(data: Training, settings: RankerSettings) -> dict[str, float]:
    """Return for each entity how much rows labelled by others should count, by what held out of fold.

    They count unless they do harm: unless leaving them out gets more rows right than chance would, by :data:`HARM`
    standard deviations of the rows that change.
    """
    if not data.weak.any():
        return {}
    quick = replace(settings, seeds=1)
    entities = np.array(data.rows.entities[: data.asked], dtype=object)
    with_them, without = (
        data.right(data.out_of_fold(dict.fromkeys(set(entities), weak_weight), quick))
        for weak_weight in (FULL, NONE)
    )
    weak_weight = {}
    for name in sorted(set(entities)):
        a, b = with_them[entities == name], without[entities == name]
        weak_weight[name] = NONE if b.sum() - a.sum() > HARM * np.sqrt((a != b).sum()) else FULL
    return weak_weight


def train(model: Model, data: Training) -> Model:
    """Fit ``model`` on rows that were described for it; see :meth:`hybridml.ranking.model.Model.fit`."""
    from hybridml.datasets.groups import name_hashes

    settings, frame, keys = model.settings, data.frame, data.rows.keys[: data.asked]
    model.weak_weight = (
        dict(settings.weak_weight)
        if settings.weak_weight is not None
        else choose_weak_weight(data, settings.ranker)
    )
    none = np.zeros(len(frame), dtype=bool)
    model.columns, table = data.described(none)
    model.dimension_order = data.dimension_order(none)
    model.ranker = data.ranker(table, ~none, model.weak_weight, settings.ranker)
    scores = data.out_of_fold(model.weak_weight, settings.ranker)
    _fit_calibrator(model, data, scores)
    groups = group_names(frame)
    model.versions = versions.installed()
    model.training = {
        "rows": len(frame),
        "rows_with_weak_labels": int(data.weak.sum()),
        "labels": 0 if data.labels is None else len(data.labels),
        "photos": len({k for k in keys if k}),
        "groups": len({g for g in groups if g}),
        "group_and_photo_hashes": np.unique(
            np.concatenate([name_hashes("group", groups), name_hashes("photo", photo_names(frame))])
        ),
        "candidates": int((table.row < len(frame)).sum()),
        "fingerprint": training_fingerprint(frame, keys),
        "f1_out_of_fold": model.calibrator.f1,
    }
    return model


def _fit_calibrator(model: Model, data: Training, scores: Floats) -> None:
    entities, indexes = data.rows.entities, list(data.frame["index"])
    ranked_groups: list[RankedGroup] = []
    rows: list[int] = []
    outcomes: list[str] = []
    predictions: list[str] = []
    for row, where in data.table.groups():
        if row >= data.asked or data.weak[row] or np.isnan(scores[where]).any():
            continue
        candidates = data.table.candidates[where]
        made = rank_group(scores[where], [(c.value, c.unit) for c in candidates])
        best, truth = candidates[made.best], data.truths[row]
        right = truth.quantity == (best.value, best.unit)
        outcomes.append("right" if right else "empty" if truth.blank else "wrong")
        ranked_groups.append(made)
        rows.append(row)
        predictions.append(format_quantity(best.value, best.unit))
    if not ranked_groups:
        raise HybridmlError(
            "the confidence cannot be calibrated: the rows do not part into folds that share neither a "
            "group nor a photo. Give rows of at least two groups"
        )
    with_candidates = set(data.table.row.tolist())
    missed = sum(
        not t.blank and i not in with_candidates for i, t in enumerate(data.truths) if not data.weak[i]
    )
    asked = [entities[row] for row in rows]
    model.calibrator = Calibrator().fit(ranked_groups, asked, outcomes, missed)
    right_p, empty_p = model.calibrator.probabilities(ranked_groups, asked)
    answered = model.calibrator.answers(right_p, empty_p)
    model.out_of_fold = pd.DataFrame(
        {
            "index": [indexes[row] for row in rows],
            "entity_name": asked,
            "prediction": np.where(answered, predictions, ""),
            "confidence": right_p,
            "outcome": outcomes,
        }
    )


def training_fingerprint(frame: pd.DataFrame, keys: Sequence[str | None]) -> str:
    """Return a hash of what was learned from: photos' contents, entities and labels, in any order of rows."""
    lines = sorted(
        f"{key}\t{entity}\t{value}"
        for key, entity, value in zip(keys, frame.entity_name, frame.entity_value, strict=True)
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
