"""The training of a model: learned features, ranker, calibration, and the weight of rows with weak labels."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.candidates.features import CATEGORICAL
from hybridml.candidates.table import CandidateTable, Rows, build_table
from hybridml.datasets.folds import assign_folds, rows_sharing
from hybridml.datasets.groups import group_names, name_hashes, photo_names
from hybridml.datasets.labels import TEXT, parse_labels
from hybridml.entities import EntitySchema, default_entities
from hybridml.errors import HybridmlError
from hybridml.quantity import format_quantity
from hybridml.quantity.unit_pairs import same_quantity
from hybridml.utils import versions
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.text_line import OCRResult

from .calibration import Calibrator, RankedGroup, rank_group
from .dimension_order import DimensionOrder
from .embedding_pca import EmbeddingPCA
from .joint import score_jointly, with_siblings
from .label_priors import Priors, label_table
from .learned_features import SCORE_START, LearnedFeatures
from .model import Model, ModelSettings, Vectors
from .ranker import Ranker, RankerSettings
from .unit_preference import MIN_UNIT_PAIRS, UnitPreference, unit_pair_table

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

RIGHT_RELEVANCE, OTHER_UNIT_RELEVANCE = 3, 1
"""Relevance of the right candidate, and of the same quantity in another unit, for the ranker."""

FULL_WEIGHT, NO_WEIGHT = 1.0, 0.0
"""Weight of a row with a weak label: as much as any other row, or nothing."""

HARM_DEVIATIONS = 2.0
"""Standard deviations by which weak labels must do harm to lose their weight; chance reaches 1 in one case of six."""


class TrainingData:
    """Training rows with their candidates, and the labels that features are learned from.

    Parameters
    ----------
    frame : data frame
        Rows with ``entity_name, entity_value, group_id, image_link``. Rows where the optional column ``weak`` is true
        have weak labels: they are learned from as far as that helps, and nothing is measured by them.
    keys : sequence of str or None, one per row
        Key of the row's photo in ``photos`` and ``vectors``.
    photos : iterable of (key, PhotoFeatures or OCRResult)
        Each photo once, in any order.
    vectors : mapping of key to array (n_features,), optional
        Embeddings; without any the model has no image features.
    labels : data frame, optional
        Labels to learn from alone, with or without photos, those of ``frame`` included; by default those of ``frame``
        that are not weak.
    settings : ModelSettings, optional
        How to train.
    schema : EntitySchema, optional
        Entities and units; the packaged ones by default.

    Attributes
    ----------
    table : CandidateTable
        Candidates of the rows and of the sibling rows that joint scoring adds after them.
    relevance : int array (n_candidates,)
        What the ranker learns.
    weak : bool array, one per row
        Which rows have weak labels.
    asked : int
        Number of rows without the siblings.
    folds : list of (bool array, DimensionOrder, CandidateTable)
        For each fold of the calibration, once it was made: its rows, and what was learned without them.

    Raises
    ------
    HybridmlError
        When no photo has a candidate, or all labels are weak.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        keys: Sequence[str | None],
        photos: Iterable[tuple[str, PhotoFeatures | OCRResult]],
        vectors: Vectors | None = None,
        labels: pd.DataFrame | None = None,
        *,
        settings: ModelSettings | None = None,
        schema: EntitySchema | None = None,
    ) -> None:
        self.settings, self.schema = settings or ModelSettings(), schema or default_entities()
        self.frame, self.vectors = frame.reset_index(drop=True), vectors or {}
        entities = list(frame["entity_name"])
        self.rows = (
            with_siblings(keys, entities, self.schema) if self.settings.joint else Rows(keys, entities)
        )
        self.asked = len(entities)
        self.table = build_table(
            self.rows.keys, self.rows.entities, photos, self.schema, self.settings.blocks
        )
        if not any(keys):
            raise HybridmlError(
                f"no photo of the {len(frame)} rows was found and read: nothing to learn from. Name the folder with "
                "the photos (images, --images)"
            )
        if not (self.table.row < self.asked).any():
            raise HybridmlError(
                f"no candidate was found on the photos of {len(frame)} rows: nothing to learn from. "
                "Check the images folder, and the OCR engine with 'hybridml read PHOTO'"
            )
        self.truths = parse_labels(frame["entity_value"], self.schema)
        self.relevance = self._relevance()
        self.weak = np.zeros(len(self.rows.keys), dtype=bool)
        if "weak" in frame:
            self.weak[: self.asked] = frame["weak"]
        # the number classifier was trained on such photos, and is more certain there than elsewhere
        classes = np.array([name.startswith("number_class.") for name in self.table.columns])
        self.table.X[np.ix_(self.weak[self.table.row], classes)] = np.nan
        if self.weak[: self.asked].all():
            raise HybridmlError("every row has a weak label: give rows whose labels are not weak, too")
        self.groups = [*group_names(frame), *[""] * (len(self.rows.keys) - self.asked)]
        self.labels = self.unit_pairs = None
        if self.settings.priors:
            source = self.frame[~self.weak[: self.asked]] if labels is None else labels
            self._label_rows = source.reset_index(drop=True)
            self.labels = label_table(self._label_rows, self.schema)
            self.unit_pairs = unit_pair_table(self._label_rows, self.schema)
            if TEXT in self._label_rows and len(self.unit_pairs) < MIN_UNIT_PAIRS:
                log.warning(
                    "the texts of labels hold %d quantities in two units of which the label is one, fewer than %d: "
                    "which unit labels take is not learned",
                    len(self.unit_pairs),
                    MIN_UNIT_PAIRS,
                )
        self.folds: list[tuple[Bools, DimensionOrder, CandidateTable]] = []

    def _relevance(self) -> npt.NDArray[np.int64]:
        relevance = np.zeros(len(self.table), dtype=np.int64)
        for i, (row, c) in enumerate(zip(self.table.row, self.table.candidates, strict=True)):
            truth = self.truths[row].quantity if row < self.asked else None
            if truth == (c.value, c.unit):
                relevance[i] = RIGHT_RELEVANCE
            elif truth and same_quantity((c.value, c.unit), truth, schema=self.schema):
                relevance[i] = OTHER_UNIT_RELEVANCE
        return relevance

    def learn(self, held: Bools) -> tuple[LearnedFeatures, DimensionOrder, CandidateTable]:
        """Return what is learned without the rows ``held``, and the table with the learned columns added.

        Nothing is learned from any row or label that shares a group or a photo with a held row.
        """
        pca = self._embedding_pca([k for k, h in zip(self.rows.keys, held, strict=False) if k and not h])
        priors, order, preference = None, DimensionOrder(), None
        if self.labels is not None and self.unit_pairs is not None:
            labels, unit_pairs = self.labels, self.unit_pairs
            if held.any():
                apart = ~rows_sharing(self._label_rows, self.frame[held])
                labels, unit_pairs = labels[apart[labels.index]], unit_pairs[apart[unit_pairs.index]]
            priors, order = Priors.fit(labels), DimensionOrder.fit(labels, self.schema)
            preference = UnitPreference.fit(unit_pairs)
        learned = LearnedFeatures(pca, priors, bool(self.weak.any()), preference)
        projected = pca.project(self.vectors.items()) if pca else {}
        table = learned.add(self.table, self.rows, projected, self.schema, self.groups, self.weak)
        return learned, order, table

    def _embedding_pca(self, keys: Sequence[str]) -> EmbeddingPCA | None:
        known = sorted({k for k in keys if k in self.vectors})
        if not known or self.settings.components < 1:
            return None
        stacked = np.stack([self.vectors[k] for k in known])
        return EmbeddingPCA.fit(stacked, self.settings.components, self.settings.random_state)

    def fit_ranker(
        self, table: CandidateTable, keep: Bools, weak_weight: Mapping[str, float], settings: RankerSettings
    ) -> Ranker:
        """Fit a ranker on the rows where ``keep`` holds; ``weak_weight`` is the weight of weak labels by entity."""
        weights = np.zeros(len(self.rows.keys))
        weights[: self.asked][keep] = FULL_WEIGHT
        for i in np.flatnonzero(self.weak & (weights > 0)).tolist():
            weights[i] = weak_weight.get(self.rows.entities[i], FULL_WEIGHT)
        w = weights[table.row]
        use = w > 0
        return Ranker(settings).fit(
            table.X[use],
            self.relevance[use],
            table.row[use],
            table.columns,
            CATEGORICAL,
            w[use],
            SCORE_START,
        )

    def out_of_fold(self, weak_weight: Mapping[str, float], settings: RankerSettings) -> Floats:
        """Score each candidate by a ranker that saw neither its group nor its photo; NaN where that is impossible."""
        fold = np.asarray(assign_folds(self.frame, self.settings.folds, self.settings.random_state))
        if not self.folds:
            self.folds = [(held, *self.learn(held)[1:]) for held in (fold == k for k in np.unique(fold))]
        # the siblings of a photo are in its fold
        fold_of = dict(zip(self.rows.keys, fold.tolist(), strict=False))
        every = np.array([*fold, *(fold_of[key] for key in self.rows.keys[self.asked :])])
        scores = np.full(len(self.table), np.nan)
        for held, dimension_order, table in self.folds:
            at = np.isin(every, fold[held])[table.row]
            try:
                ranker = self.fit_ranker(table, ~held, weak_weight, settings)
            except HybridmlError as error:
                log.warning("a fold of the calibration is left out: %s", error)
                continue
            of_fold = np.full(len(self.table), np.nan)
            of_fold[at] = ranker.score(table.X[at])
            if self.settings.joint:
                of_fold = score_jointly(table, of_fold, self.rows, self.schema, dimension_order)
            scores[at] = of_fold[at]
        return scores

    def right(self, scores: Floats) -> Bools:
        """Return which rows are answered right by the best ``scores``; False for rows with weak labels."""
        right = np.zeros(self.asked, dtype=bool)
        for row, where in self.table.groups():
            if row < self.asked and not self.weak[row] and not np.isnan(scores[where]).any():
                best = where.start + int(np.argmax(scores[where]))
                right[row] = self.relevance[best] == RIGHT_RELEVANCE
        return right


def choose_weak_weight(data: TrainingData, settings: RankerSettings) -> dict[str, float]:
    """Return the weight of weak labels for each entity, chosen by out-of-fold results.

    They have full weight unless they do harm: unless more rows are answered right without them than chance explains, by
    :data:`HARM_DEVIATIONS` standard deviations of the number of rows that change.
    """
    if not data.weak.any():
        return {}
    quick = replace(settings, seeds=1)
    entities = np.array(data.rows.entities[: data.asked], dtype=object)
    with_them, without = (
        data.right(data.out_of_fold(dict.fromkeys(set(entities), weight), quick))
        for weight in (FULL_WEIGHT, NO_WEIGHT)
    )
    weak_weight = {}
    for name in sorted(set(entities)):
        a, b = with_them[entities == name], without[entities == name]
        harmful = b.sum() - a.sum() > HARM_DEVIATIONS * np.sqrt((a != b).sum())
        weak_weight[name] = NO_WEIGHT if harmful else FULL_WEIGHT
    return weak_weight


def train(data: TrainingData) -> Model:
    """Train a model.

    Raises
    ------
    HybridmlError
        When there is nothing to learn from; the message says what to check.
    """
    model = Model(data.settings, data.schema)
    weak_weight, ranker = data.settings.weak_weight, data.settings.ranker
    model.weak_weight = dict(choose_weak_weight(data, ranker) if weak_weight is None else weak_weight)
    none = np.zeros(data.asked, dtype=bool)
    model.learned, model.dimension_order, table = data.learn(none)
    model.ranker = data.fit_ranker(table, ~none, model.weak_weight, ranker)
    model.calibrator, model.out_of_fold = _calibrate(data, data.out_of_fold(model.weak_weight, ranker))
    keys, groups = data.rows.keys[: data.asked], data.groups[: data.asked]
    model.versions = versions.installed()
    model.training = {
        "rows": data.asked,
        "rows_with_weak_labels": int(data.weak.sum()),
        "labels": 0 if data.labels is None else len(data.labels),
        "photos": len({k for k in keys if k}),
        "groups": len({g for g in groups if g}),
        "group_and_photo_hashes": np.unique(
            np.concatenate([name_hashes("group", groups), name_hashes("photo", photo_names(data.frame))])
        ),
        "candidates": int((table.row < data.asked).sum()),
        "fingerprint": training_fingerprint(data.frame, keys),
        "f1_out_of_fold": model.calibrator.f1,
    }
    return model


def _calibrate(data: TrainingData, scores: Floats) -> tuple[Calibrator, pd.DataFrame]:
    """Return the calibrator fitted on out-of-fold scores, and the out-of-fold predictions."""
    found: list[tuple[int, RankedGroup, str, str]] = []
    for row, where in data.table.groups():
        if row >= data.asked or data.weak[row] or np.isnan(scores[where]).any():
            continue
        candidates = data.table.candidates[where]
        ranked = rank_group(scores[where], [(c.value, c.unit) for c in candidates])
        best, truth = candidates[ranked.best], data.truths[row]
        right = truth.quantity == (best.value, best.unit)
        outcome = "right" if right else "empty" if truth.blank else "wrong"
        found.append((row, ranked, outcome, format_quantity(best.value, best.unit)))
    if not found:
        raise HybridmlError(
            "the confidence cannot be calibrated: the rows cannot be split into folds that share neither a "
            "group nor a photo. Give rows of at least two groups"
        )
    rows, ranked_groups, outcomes, predictions = map(list, zip(*found, strict=True))
    with_candidates = set(data.table.row.tolist())
    missed = sum(
        not t.blank and i not in with_candidates for i, t in enumerate(data.truths) if not data.weak[i]
    )
    asked = [data.rows.entities[row] for row in rows]
    calibrator = Calibrator().fit(ranked_groups, asked, outcomes, missed)
    right_p, empty_p = calibrator.probabilities(ranked_groups, asked)
    answered = calibrator.answers(right_p, empty_p)
    out_of_fold = pd.DataFrame(
        {
            "index": data.frame["index"].iloc[rows].tolist(),
            "entity_name": asked,
            "prediction": np.where(answered, predictions, ""),
            "confidence": right_p,
            "outcome": outcomes,
        }
    )
    return calibrator, out_of_fold


def training_fingerprint(frame: pd.DataFrame, keys: Sequence[str | None]) -> str:
    """Return a hash of the training data: the photos' contents, entities and labels, in any order of rows."""
    lines = sorted(
        f"{key}\t{entity}\t{value}"
        for key, entity, value in zip(keys, frame.entity_name, frame.entity_value, strict=True)
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
