"""The fitted model: from readings and embeddings to answers. No photo is opened and no engine needed."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from . import folds as folding
from . import metrics
from .answer import Answer, runner_up
from .decision import Contest, Decision, contest
from .entities import EntityBook, default_entities
from .errors import HybridmlError
from .features import CATEGORICAL, DEFAULT_BLOCKS
from .image_block import ImageBlock
from .ocr.textline import Reading
from .parts import group_names, photo_names
from .quantity import format_quantity
from .ranker import Ranker, RankerSettings
from .table import CandidateTable, build_table

log = logging.getLogger(__name__)

Vectors = Mapping[str, npt.NDArray[np.float32]]

PHOTOS_AT_ONCE = 512
"""Photos whose candidates are in memory together when answering."""

RUNNER_UPS = 4

RIGHT, OTHER_UNIT = 3, 1
"""Relevance of the answer, and of the same quantity in another unit, for the ranker."""


@dataclass(frozen=True)
class ModelSettings:
    """How to train.

    Parameters
    ----------
    blocks : tuple of str
        Feature blocks of a candidate.
    components : int
        Principal components of the embedding that the ranker sees; 0 leaves images out.
    folds : int
        Folds whose out-of-fold scores the confidence is calibrated on.
    ranker : RankerSettings
        Of the boosters.
    random_state : int
        Seed of folds and PCA.
    """

    blocks: tuple[str, ...] = DEFAULT_BLOCKS
    components: int = 16
    folds: int = 5
    ranker: RankerSettings = field(default_factory=RankerSettings)
    random_state: int = 0


class Model:
    """Ranker, decision and what they need to describe a candidate.

    Parameters
    ----------
    settings : ModelSettings, optional
        How to train.
    book : EntityBook, optional
        Entities and units; the packaged ones by default.

    Attributes
    ----------
    ranker, decision, image_block
        What was learned; ``image_block`` is None without image features.
    out_of_fold : data frame
        Of the training rows: ``index, entity_name, prediction, confidence, outcome``, each predicted by a
        ranker that saw neither its group nor its photo. Not part of the artifact.
    """

    def __init__(self, settings: ModelSettings | None = None, book: EntityBook | None = None) -> None:
        self.settings = settings or ModelSettings()
        self.book = book or default_entities()
        self.ranker = Ranker(self.settings.ranker)
        self.decision = Decision()
        self.image_block: ImageBlock | None = None
        self.training: dict[str, Any] = {}
        self.out_of_fold = pd.DataFrame()

    # ---------------------------------------------------------------- learning

    def fit(
        self,
        frame: pd.DataFrame,
        keys: Sequence[str | None],
        readings: Iterable[tuple[str, Reading]],
        vectors: Vectors | None = None,
    ) -> Model:
        """Learn from rows whose photos were read.

        Parameters
        ----------
        frame : data frame
            Rows with ``entity_name, entity_value, group_id, image_link``.
        keys : sequence of str or None, one per row
            Key of the row's photo in ``readings`` and ``vectors``.
        readings : iterable of (key, Reading)
            Each photo once, in any order.
        vectors : mapping of key to array (n_features,), optional
            Embeddings; without any the model sees no image features.

        Raises
        ------
        HybridmlError
            When there is nothing to learn from; the message says what to check.
        """
        vectors = vectors or {}
        table = build_table(keys, list(frame.entity_name), readings, self.book, self.settings.blocks)
        if not len(table):
            raise HybridmlError(
                f"no candidate was found on the photos of {len(frame)} rows: nothing to learn from. "
                "Check the images folder, and the reader with 'hybridml read PHOTO'"
            )
        truths = metrics.parse_truth(frame["entity_value"], self.book)
        relevance = self._relevance(table, truths)
        self.image_block = self._fit_image_block(keys, vectors)
        full = self._with_image(table, keys, self.image_block, vectors)
        self.ranker = self._fit_ranker(full, relevance, np.ones(len(table), dtype=bool))
        scores = self._out_of_fold_scores(table, relevance, frame, keys, vectors)
        self._fit_decision(table, scores, frame, truths)
        groups = group_names(frame)
        self.training = {
            "rows": len(frame),
            "photos": len({k for k in keys if k}),
            "groups": len({g for g in groups if g}),
            "seen": np.unique(
                np.concatenate([_hashes("group", groups), _hashes("photo", photo_names(frame))])
            ),
            "candidates": len(table),
            "fingerprint": training_fingerprint(frame, keys),
            "f1_out_of_fold": self.decision.f1,
        }
        return self

    def _fit_image_block(self, keys: Sequence[str | None], vectors: Vectors) -> ImageBlock | None:
        known = sorted({k for k in keys if k is not None and k in vectors})
        if not known or self.settings.components < 1:
            return None
        stacked = np.stack([vectors[k] for k in known])
        return ImageBlock.fit(stacked, self.settings.components, self.settings.random_state)

    @staticmethod
    def _with_image(
        table: CandidateTable, keys: Sequence[str | None], block: ImageBlock | None, vectors: Vectors
    ) -> CandidateTable:
        if block is None:
            return table
        return table.with_columns(block.columns, block.of_rows(keys, block.project(vectors.items())))

    def _fit_ranker(
        self, table: CandidateTable, relevance: npt.NDArray[np.int64], keep: npt.NDArray[np.bool_]
    ) -> Ranker:
        ranker = Ranker(self.settings.ranker)
        return ranker.fit(table.X[keep], relevance[keep], table.row[keep], table.columns, CATEGORICAL)

    def _relevance(self, table: CandidateTable, truths: Sequence[metrics.Truth]) -> npt.NDArray[np.int64]:
        relevance = np.zeros(len(table), dtype=np.int64)
        for i, (row, c) in enumerate(zip(table.row, table.candidates, strict=True)):
            truth = truths[row].quantity
            if truth == (c.value, c.unit):
                relevance[i] = RIGHT
            elif truth and metrics.same_quantity((c.value, c.unit), truth, book=self.book):
                relevance[i] = OTHER_UNIT
        return relevance

    def _out_of_fold_scores(
        self,
        table: CandidateTable,
        relevance: npt.NDArray[np.int64],
        frame: pd.DataFrame,
        keys: Sequence[str | None],
        vectors: Vectors,
    ) -> npt.NDArray[np.float64]:
        """Score each candidate with a PCA and ranker that saw neither its group nor its photo; NaN where none could."""
        fold = np.asarray(folding.assign_folds(frame, self.settings.folds, self.settings.random_state))
        scores = np.full(len(table), np.nan)
        for k in np.unique(fold):
            block = self._fit_image_block([key for key, f in zip(keys, fold, strict=True) if f != k], vectors)
            full = self._with_image(table, keys, block, vectors)
            held = fold[table.row] == k
            try:
                scores[held] = self._fit_ranker(full, relevance, ~held).score(full.X[held])
            except HybridmlError as error:
                log.warning("fold %s of the calibration is left out: %s", k, error)
        return scores

    def _fit_decision(
        self,
        table: CandidateTable,
        scores: npt.NDArray[np.float64],
        frame: pd.DataFrame,
        truths: Sequence[metrics.Truth],
    ) -> None:
        entities, indexes = list(frame["entity_name"]), list(frame["index"])
        contests: list[Contest] = []
        rows: list[int] = []
        outcomes: list[str] = []
        predictions: list[str] = []
        for row, where in table.groups():
            if np.isnan(scores[where]).any():
                continue
            candidates = table.candidates[where]
            made = contest(scores[where], [(c.value, c.unit) for c in candidates])
            best = candidates[made.best]
            right = truths[row].quantity == (best.value, best.unit)
            outcomes.append("right" if right else "empty" if truths[row].blank else "wrong")
            contests.append(made)
            rows.append(row)
            predictions.append(format_quantity(best.value, best.unit))
        if not contests:
            raise HybridmlError(
                "the confidence cannot be calibrated: the rows do not part into folds that share neither a "
                "group nor a photo. Give rows of at least two groups"
            )
        with_candidates = set(table.row.tolist())
        missed = sum(not t.blank and i not in with_candidates for i, t in enumerate(truths))
        asked = [entities[row] for row in rows]
        self.decision = Decision().fit(contests, asked, outcomes, missed)
        right_p, empty_p = self.decision.probabilities(contests, asked)
        answered = self.decision.answers(right_p, empty_p)
        self.out_of_fold = pd.DataFrame(
            {
                "index": [indexes[row] for row in rows],
                "entity_name": asked,
                "prediction": np.where(answered, predictions, ""),
                "confidence": right_p,
                "outcome": outcomes,
            }
        )

    def seen(self, frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Return which rows share a group or a photo with what the model was trained on."""
        seen = self.training.get("seen", np.zeros(0, np.uint64))
        found = np.zeros(len(frame), dtype=bool)
        for kind, names in (("group", group_names(frame)), ("photo", photo_names(frame))):
            named = np.array([bool(name) for name in names], dtype=bool)
            found |= named & np.isin(_hashes(kind, names), seen)
        return found

    # ---------------------------------------------------------------- answering

    def answer(
        self,
        keys: Sequence[str | None],
        entities: Sequence[str],
        readings: Iterable[tuple[str, Reading]],
        vectors: Iterable[tuple[str, npt.NDArray[np.float32]]] = (),
    ) -> list[Answer]:
        """Answer rows whose photos were read; memory does not grow with the number of photos.

        Parameters
        ----------
        keys, entities : sequences, one per row
            The row's photo, None when there is none, and what it asks.
        readings : iterable of (key, Reading)
            Each photo once, in any order.
        vectors : iterable of (key, array of (n_features,)), optional
            The photos' embeddings, in any order.

        Returns
        -------
        list of Answer, one per row
            An answer without value where nothing is to be said.
        """
        answers = [Answer(entity) for entity in entities]
        rows_of: dict[str, list[int]] = {}
        for i, key in enumerate(keys):
            if key is not None:
                rows_of.setdefault(key, []).append(i)
        projected = self.image_block.project(vectors) if self.image_block else {}
        for batch in _batches(readings, PHOTOS_AT_ONCE):
            asked = [i for key, _ in batch for i in rows_of.get(key, [])]
            for row, answer in self._answer_batch(
                [keys[i] for i in asked], [entities[i] for i in asked], dict(batch), projected
            ):
                answers[asked[row]] = answer
        return answers

    def _answer_batch(
        self,
        keys: Sequence[str | None],
        entities: Sequence[str],
        readings: Mapping[str, Reading],
        projected: Vectors,
    ) -> Iterator[tuple[int, Answer]]:
        table = build_table(keys, entities, readings.items(), self.book, self.settings.blocks)
        if not len(table):
            return
        if self.image_block:
            table = table.with_columns(self.image_block.columns, self.image_block.of_rows(keys, projected))
        scores = self.ranker.score(table.X)
        groups = table.groups()
        contests = [
            contest(scores[where], [(c.value, c.unit) for c in table.candidates[where]])
            for _, where in groups
        ]
        right, empty = self.decision.probabilities(contests, [entities[row] for row, _ in groups])
        answered = self.decision.answers(right, empty)
        for (row, where), made, p, e, say in zip(groups, contests, right, empty, answered, strict=True):
            candidates = table.candidates[where]
            others = _shares(made, float(p), float(e))
            answer = Answer(
                entities[row],
                confidence=float(p),
                runner_ups=tuple(runner_up(candidates[i], s) for i, s in others[:RUNNER_UPS]),
                candidates=tuple(dict.fromkeys(format_quantity(c.value, c.unit) for c in candidates)),
            )
            best = candidates[made.best]
            if say:
                reading = readings[keys[row] or ""]
                answer = replace(
                    answer,
                    value=best.value,
                    unit=best.unit,
                    box=best.box,
                    text=reading.lines[best.line].text,
                )
            else:
                answer = replace(
                    answer,
                    confidence=0.0,
                    runner_ups=(runner_up(best, float(p)), *answer.runner_ups)[:RUNNER_UPS],
                )
            yield row, answer


def _shares(made: Contest, best: float, empty: float) -> list[tuple[int, float]]:
    """Return the probability of each other quantity: by its share beside the best, and no more than is left in all."""
    first, *others = (float(share) for share in made.shares)
    raw = [best * share / max(first, 1e-12) for share in others]
    scale = min(1.0, max(1.0 - best - empty, 0.0) / max(sum(raw), 1e-12))
    return [(i, p * scale) for i, p in zip(made.others, raw, strict=True)]


def _batches(items: Iterable[tuple[str, Reading]], size: int) -> Iterator[list[tuple[str, Reading]]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def training_fingerprint(frame: pd.DataFrame, keys: Sequence[str | None]) -> str:
    """Return a hash of what was learned from: photos' contents, entities and labels, in any order of rows."""
    lines = sorted(
        f"{key}\t{entity}\t{value}"
        for key, entity, value in zip(keys, frame.entity_name, frame.entity_value, strict=True)
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _hashes(kind: str, names: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Return a 64-bit hash of each name, the same on every machine."""
    named = np.asarray([f"{kind} {name}" for name in names], dtype=object)
    return np.asarray(pd.util.hash_array(named, categorize=True), dtype=np.uint64)
