"""The fitted model: from readings and embeddings to answers. No photo is opened and no engine needed."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
Targets = set[tuple[float, str]]

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
        known = sorted({k for k in keys if k is not None and k in vectors})
        if known and self.settings.components > 0:
            stacked = np.stack([vectors[k] for k in known])
            self.image_block = ImageBlock.fit(stacked, self.settings.components, self.settings.random_state)
        table = self._with_image(table, keys, vectors)
        truths = metrics.parse_truth(frame["entity_value"], self.book)
        targets: list[Targets] = [{t.quantity} if t.quantity else set() for t in truths]
        relevance = self._relevance(table, targets)
        self.ranker = self._fit_ranker(table, relevance, np.ones(len(table), dtype=bool))
        scores = self._out_of_fold_scores(table, relevance, frame)
        self._fit_decision(table, scores, frame, targets)
        self.training = {
            "rows": len(frame),
            "photos": len({k for k in keys if k}),
            "groups": int(frame.group_id.nunique()),
            "seen": _hashes([*_named("group", group_names(frame)), *_named("photo", photo_names(frame))]),
            "candidates": len(table),
            "fingerprint": training_fingerprint(frame, keys),
            "f1_out_of_fold": self.decision.f1,
        }
        return self

    def _with_image(
        self, table: CandidateTable, keys: Sequence[str | None], vectors: Vectors
    ) -> CandidateTable:
        if self.image_block is None:
            return table
        return table.with_columns(self.image_block.columns, self.image_block.of_rows(keys, vectors))

    def _fit_ranker(
        self, table: CandidateTable, relevance: npt.NDArray[np.int64], keep: npt.NDArray[np.bool_]
    ) -> Ranker:
        ranker = Ranker(self.settings.ranker)
        return ranker.fit(table.X[keep], relevance[keep], table.row[keep], table.columns, CATEGORICAL)

    def _relevance(self, table: CandidateTable, targets: Sequence[Targets]) -> npt.NDArray[np.int64]:
        relevance = np.zeros(len(table), dtype=np.int64)
        for i, (row, c) in enumerate(zip(table.row, table.candidates, strict=True)):
            if (c.value, c.unit) in targets[row]:
                relevance[i] = RIGHT
            elif any(metrics.same_quantity((c.value, c.unit), t, book=self.book) for t in targets[row]):
                relevance[i] = OTHER_UNIT
        return relevance

    def _out_of_fold_scores(
        self, table: CandidateTable, relevance: npt.NDArray[np.int64], frame: pd.DataFrame
    ) -> npt.NDArray[np.float64]:
        """Score each candidate with a ranker that saw neither its group nor its photo; NaN where none could."""
        fold = np.asarray(folding.assign_folds(frame, self.settings.folds, self.settings.random_state))
        scores = np.full(len(table), np.nan)
        for k in np.unique(fold):
            held = fold[table.row] == k
            try:
                scores[held] = self._fit_ranker(table, relevance, ~held).score(table.X[held])
            except HybridmlError as error:
                log.warning("fold %s of the calibration is left out: %s", k, error)
        return scores

    def _fit_decision(
        self,
        table: CandidateTable,
        scores: npt.NDArray[np.float64],
        frame: pd.DataFrame,
        targets: Sequence[Targets],
    ) -> None:
        values, entities, indexes = (list(frame[c]) for c in ("entity_value", "entity_name", "index"))
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
            right = (best.value, best.unit) in targets[row]
            outcomes.append("right" if right else "wrong" if str(values[row]).strip() else "empty")
            contests.append(made)
            rows.append(row)
            predictions.append(format_quantity(best.value, best.unit))
        if not contests:
            raise HybridmlError(
                "the confidence cannot be calibrated: the rows do not part into folds that share neither a "
                "group nor a photo. Give rows of at least two groups"
            )
        scored = set(rows)
        missed = sum(bool(str(v).strip()) and i not in scored for i, v in enumerate(values))
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
        groups = np.isin(_hashes(_named("group", group_names(frame)), sort=False), seen)
        photos = np.isin(_hashes(_named("photo", photo_names(frame)), sort=False), seen)
        return np.asarray(groups | photos, dtype=bool)

    # ---------------------------------------------------------------- answering

    def answer(
        self,
        keys: Sequence[str | None],
        entities: Sequence[str],
        readings: Iterable[tuple[str, Reading]],
        vectors: Callable[[Iterable[str]], Vectors] | None = None,
    ) -> list[Answer]:
        """Answer rows whose photos were read; memory does not grow with the number of photos.

        Parameters
        ----------
        keys, entities : sequences, one per row
            The row's photo, None when there is none, and what it asks.
        readings : iterable of (key, Reading)
            Each photo once, in any order.
        vectors : callable, optional
            Takes keys and returns their embeddings.

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
        for batch in _batches(readings, PHOTOS_AT_ONCE):
            asked = [i for key, _ in batch for i in rows_of.get(key, [])]
            for row, answer in self._answer_batch(
                [keys[i] for i in asked], [entities[i] for i in asked], dict(batch), vectors
            ):
                answers[asked[row]] = answer
        return answers

    def _answer_batch(
        self,
        keys: Sequence[str | None],
        entities: Sequence[str],
        readings: Mapping[str, Reading],
        vectors: Callable[[Iterable[str]], Vectors] | None,
    ) -> Iterator[tuple[int, Answer]]:
        table = build_table(keys, entities, readings.items(), self.book, self.settings.blocks)
        if not len(table):
            return
        found = vectors(list(readings)) if vectors and self.image_block else {}
        scores = self.ranker.score(self._with_image(table, keys, found).X)
        groups = table.groups()
        contests = [
            contest(scores[where], [(c.value, c.unit) for c in table.candidates[where]])
            for _, where in groups
        ]
        right, empty = self.decision.probabilities(contests, [entities[row] for row, _ in groups])
        answered = self.decision.answers(right, empty)
        for (row, where), made, p, say in zip(groups, contests, right, answered, strict=True):
            candidates = table.candidates[where]
            others = _shares(made, float(p))
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


def _shares(made: Contest, best: float) -> list[tuple[int, float]]:
    """Return what is left of the confidence in the best to each of the others, by their softmax share."""
    rest = max(1.0 - float(made.shares[0]), 1e-12)
    return [
        (i, (1.0 - best) * float(share) / rest) for i, share in zip(made.others, made.shares[1:], strict=True)
    ]


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


def _named(kind: str, names: Sequence[str]) -> list[str]:
    return [f"{kind} {name}" for name in names]


def _hashes(names: Sequence[str], sort: bool = True) -> npt.NDArray[np.uint64]:
    """Return 64-bit hashes, the same on every machine; sorted and distinct when ``sort``."""
    found = pd.util.hash_array(np.asarray(names, dtype=object), categorize=True).astype(np.uint64)
    return np.unique(found) if sort else found
