"""The fitted model: from what was read and seen to answers. No photo is opened and no engine needed."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.candidates.features import DEFAULT_BLOCKS
from hybridml.candidates.find import Candidate
from hybridml.candidates.table import CandidateTable, Rows, build_table
from hybridml.datasets.groups import group_names, name_hashes, photo_names
from hybridml.entities import EntitySchema, default_entities
from hybridml.vision.photo_features import PhotoFeatures, as_photo_features
from hybridml.vision.text_line import OCRResult

from .answer import Answer
from .calibration import Calibrator
from .dimension_order import DimensionOrder
from .embedding_pca import ImageBlock
from .learned_features import LearnedColumns
from .ranker import Boost, Ranker, RankerSettings, boost_here
from .scoring import ScoredRow, answer_of, score_rows
from .sibling_rows import with_siblings

Vectors = Mapping[str, npt.NDArray[np.float32]]
Projection = Callable[[Sequence[str]], Vectors]

PHOTOS_AT_ONCE = 512
"""Photos whose candidates are in memory together when answering."""


@dataclass(frozen=True)
class Ranked:
    """What was seen for a row, its candidates as ranker and decision judged them, and the answer.

    Parameters
    ----------
    answer : Answer
        What is said of the row.
    photo_features : PhotoFeatures
        What was found on its photo.
    candidates : list of Candidate
        All of them, in reading order; often none.
    X : float32 array (n_candidates, n_columns)
        What the ranker saw of them.
    scores, joint : array (n_candidates,)
        Their scores, and what weighing the photo's dimensions together added to them.
    order : list of (int, float)
        Position of the best candidate of each quantity, and the quantity's probability; best first.
    second_pass : bool
        Whether they are from the second look's reading.
    """

    answer: Answer
    photo_features: PhotoFeatures
    candidates: list[Candidate] = field(default_factory=list)
    X: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    scores: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    joint: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    order: list[tuple[int, float]] = field(default_factory=list)
    second_pass: bool = False


@dataclass(frozen=True)
class ModelSettings:
    """How to train.

    Parameters
    ----------
    blocks : tuple of str
        Feature blocks of a candidate.
    components : int
        Principal components of the embedding that the ranker sees; 0 leaves images out.
    priors : bool
        Whether anything is learned of labels alone: how usual a candidate's unit, size and value are, which unit of a
        pair labels take, and which of two dimensions they make the larger.
    joint : bool
        Whether width, height and depth of a photo are weighed together.
    weak_weight : mapping of entity to float, optional
        How much a row labelled by others counts, by entity; by default found out, see
        :func:`hybridml.ranking.training.choose_weak_weight`.
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
    priors: bool = True
    joint: bool = True
    weak_weight: Mapping[str, float] | None = None


class Model:
    """Ranker, decision and what they need to describe a candidate.

    Parameters
    ----------
    settings : ModelSettings, optional
        How to train.
    schema : EntitySchema, optional
        Entities and units; the packaged ones by default.

    Attributes
    ----------
    ranker, decision, columns
        What was learned; ``columns`` is what candidates are described with beside the feature blocks.
    dimension_order : DimensionOrder
        Which of two dimensions of a photo labels make the larger.
    weak_weight : dict of str to float
        How much rows labelled by others counted, by entity.
    training, versions : dict
        Facts of the training, and the versions of what it used.
    out_of_fold : data frame
        Of the training rows: ``index, entity_name, prediction, confidence, outcome``, each predicted by a
        ranker that saw neither its group nor its photo. Not part of the artifact.
    """

    def __init__(self, settings: ModelSettings | None = None, schema: EntitySchema | None = None) -> None:
        self.settings = settings or ModelSettings()
        self.schema = schema or default_entities()
        self.ranker = Ranker(self.settings.ranker)
        self.calibrator = Calibrator()
        self.columns = LearnedColumns()
        self.dimension_order = DimensionOrder()
        self.weak_weight: dict[str, float] = {}
        self.training: dict[str, Any] = {}
        self.versions: dict[str, str] = {}
        self.out_of_fold = pd.DataFrame()

    def fit(
        self,
        frame: pd.DataFrame,
        keys: Sequence[str | None],
        ocr_results: Iterable[tuple[str, PhotoFeatures | OCRResult]],
        vectors: Vectors | None = None,
        labels: pd.DataFrame | None = None,
        boost: Boost = boost_here,
    ) -> Model:
        """Learn from rows whose photos were read.

        Parameters
        ----------
        frame : data frame
            Rows with ``entity_name, entity_value, group_id, image_link``. Rows where the optional column
            ``weak`` holds have weak labels: they are learned from, as far as they prove
            useful, and never measured by.
        keys : sequence of str or None, one per row
            Key of the row's photo in ``ocr_results`` and ``vectors``.
        ocr_results : iterable of (key, PhotoFeatures or OCRResult)
            Each photo once, in any order.
        vectors : mapping of key to array (n_features,), optional
            Embeddings; without any the model sees no image features.
        labels : data frame, optional
            Labels to learn habits of labels from, with or without photos, the rows' own included; by default the
            rows' own.
        boost : callable
            What fits the boosters of the ranker that answers, by default this process.

        Raises
        ------
        HybridmlError
            When there is nothing to learn from; the message says what to check.
        """
        from .training import Training, train

        return train(self, Training(self, frame, keys, ocr_results, vectors or {}, labels), boost)

    def trained_on(self, frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Return which rows share a group or a photo with what the model was trained on."""
        known = self.training.get("group_and_photo_hashes", np.zeros(0, np.uint64))
        found = np.zeros(len(frame), dtype=bool)
        for kind, names in (("group", group_names(frame)), ("photo", photo_names(frame))):
            named = np.array([bool(name) for name in names], dtype=bool)
            found |= named & np.isin(name_hashes(kind, names), known)
        return found

    @property
    def image_block(self) -> ImageBlock | None:
        """The fitted reduction of embeddings; None without image features."""
        return self.columns.image_block

    # ---------------------------------------------------------------- answering

    def answer(
        self,
        keys: Sequence[str | None],
        entities: Sequence[str],
        ocr_results: Iterable[tuple[str, PhotoFeatures | OCRResult]],
        vectors: Iterable[tuple[str, npt.NDArray[np.float32]]] = (),
    ) -> list[Answer]:
        """Answer rows whose photos were read.

        Parameters
        ----------
        keys, entities : sequences, one per row
            The row's photo, None when there is none, and what it asks.
        ocr_results : iterable of (key, PhotoFeatures or OCRResult)
            Each photo once, in any order.
        vectors : iterable of (key, array of (n_features,)), optional
            The photos' embeddings, in any order.

        Returns
        -------
        list of Answer, one per row
            An answer without value where nothing is to be said.
        """
        block = self.columns.image_block
        projected = block.project(vectors) if block else {}
        answers = [Answer(entity) for entity in entities]
        for row, answer in self.answers(keys, entities, ocr_results, lambda _: projected):
            answers[row] = answer
        return answers

    def answers(
        self,
        keys: Sequence[str | None],
        entities: Sequence[str],
        ocr_results: Iterable[tuple[str, PhotoFeatures | OCRResult]],
        project: Projection | None = None,
    ) -> Iterator[tuple[int, Answer]]:
        """Answer rows as their photos come, holding a batch of photos and no answer.

        Parameters
        ----------
        keys, entities, readings
            As for :meth:`answer`.
        project : callable, optional
            Returns the reduced embeddings (:meth:`ImageBlock.project`) of the photos it is given the keys of.

        Yields
        ------
        (int, Answer)
            Position and answer of each row whose photo comes.
        """
        for row, found in self.ranked(keys, entities, ocr_results, project):
            yield row, found.answer

    def ranked(
        self,
        keys: Sequence[str | None],
        entities: Sequence[str],
        ocr_results: Iterable[tuple[str, PhotoFeatures | OCRResult]],
        project: Projection | None = None,
    ) -> Iterator[tuple[int, Ranked]]:
        """Yield what :meth:`answers` yields, with all that was considered."""
        for found, asked in self.batches(keys, ocr_results):
            made = dict(
                self._rank_batch(
                    [keys[i] for i in asked],
                    [entities[i] for i in asked],
                    found,
                    project(list(found)) if project else {},
                )
            )
            for position, row in enumerate(asked):
                yield (
                    row,
                    made.get(position)
                    or Ranked(Answer(entities[row]), as_photo_features(found[keys[row] or ""])),
                )

    @staticmethod
    def batches(
        keys: Sequence[str | None], ocr_results: Iterable[tuple[str, PhotoFeatures | OCRResult]]
    ) -> Iterator[tuple[dict[str, PhotoFeatures | OCRResult], list[int]]]:
        """Yield some photos at a time, with the positions of the rows that ask about them."""
        rows_of = _RowsOf(keys)
        iterator = iter(ocr_results)
        while found := dict(islice(iterator, PHOTOS_AT_ONCE)):
            yield found, rows_of(list(found))

    def _rank_batch(
        self,
        keys: Sequence[str | None],
        entities: Sequence[str],
        found: Mapping[str, PhotoFeatures | OCRResult],
        projected: Vectors,
    ) -> Iterator[tuple[int, Ranked]]:
        rows, table = self.described(keys, entities, found)
        if not len(table):
            return
        table = self.columns.add(table, rows.keys, rows.entities, projected, self.schema)
        for each in self.scored_rows(table, rows, range(len(keys))):
            row, where = each.row, each.where
            photo_features = as_photo_features(found[keys[row] or ""])
            ocr_result = (
                photo_features.second_pass
                if row in table.second_pass and photo_features.second_pass
                else photo_features.ocr_result
            )
            candidates = table.candidates[where]
            text = ocr_result.lines[candidates[each.order[0][0]].line].text if each.answered else None
            answer = answer_of(entities[row], candidates, each.order, text)
            second_pass = ocr_result is photo_features.second_pass
            scored_rows = (each.scores, each.joint, each.order)
            yield row, Ranked(answer, photo_features, candidates, table.X[where], *scored_rows, second_pass)

    def described(
        self,
        keys: Sequence[str | None],
        entities: Sequence[str],
        found: Mapping[str, PhotoFeatures | OCRResult],
    ) -> tuple[Rows, CandidateTable]:
        """Return rows, their siblings where dimensions are weighed together, and their candidates by block."""
        rows = with_siblings(keys, entities, self.schema) if self.settings.joint else Rows(keys, entities)
        blocks = self.settings.blocks
        return rows, build_table(rows.keys, rows.entities, found.items(), self.schema, blocks)

    def scored_rows(self, table: CandidateTable, rows: Rows, asked: Container[int]) -> Iterator[ScoredRow]:
        """Judge the rows that were ``asked``, of a table with all columns; see :func:`hybridml.ranking.scoring.score_rows`."""
        weigh_by = self.schema if self.settings.joint else None
        return score_rows(table, rows, asked, self.ranker, self.calibrator, weigh_by, self.dimension_order)


class _RowsOf:
    """The rows of given photos, of a million rows at once: three numbers a row."""

    def __init__(self, keys: Sequence[str | None]) -> None:
        codes, names = pd.factorize(np.array(keys, dtype=object))
        self._names = pd.Index(names, dtype=object)
        self._order = np.argsort(codes, kind="stable")
        self._starts = np.searchsorted(codes[self._order], np.arange(len(names) + 1))

    def __call__(self, keys: Sequence[str]) -> list[int]:
        """Return the positions of the rows of ``keys``, photo by photo."""
        codes = self._names.get_indexer(np.asarray(keys, dtype=object))
        spans = (self._order[self._starts[code] : self._starts[code + 1]] for code in codes if code >= 0)
        return [row for span in spans for row in span.tolist()]
