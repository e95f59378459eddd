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
from hybridml.candidates.table import CandidateTable, DescribedRows, Rows, build_table
from hybridml.datasets.groups import group_names, name_hashes, photo_names
from hybridml.entities import EntitySchema, default_entities
from hybridml.vision.photo_features import PhotoFeatures, as_photo_features
from hybridml.vision.text_line import OCRResult

from .answer import Answer
from .calibration import Calibrator
from .dimension_order import DimensionOrder
from .embedding_pca import EmbeddingPCA
from .learned_features import LearnedColumns
from .ranker import Ranker, RankerSettings
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
    photo_features : PhotoFeatures or None
        The features of its photo; None where they are not at hand.
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
    photo_features: PhotoFeatures | None
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

        Raises
        ------
        HybridmlError
            When there is nothing to learn from; the message says what to check.
        """
        from .training import Training, train

        return train(self, Training(self, frame, keys, ocr_results, vectors or {}, labels))

    def trained_on(self, frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Return which rows share a group or a photo with what the model was trained on."""
        known = self.training.get("group_and_photo_hashes", np.zeros(0, np.uint64))
        found = np.zeros(len(frame), dtype=bool)
        for kind, names in (("group", group_names(frame)), ("photo", photo_names(frame))):
            named = np.array([bool(name) for name in names], dtype=bool)
            found |= named & np.isin(name_hashes(kind, names), known)
        return found

    @property
    def embedding_pca(self) -> EmbeddingPCA | None:
        """The fitted reduction of embeddings; None without image features."""
        return self.columns.embedding_pca

    def describe(
        self,
        keys: Sequence[str | None],
        entities: Sequence[str],
        photos: Iterable[tuple[str, PhotoFeatures | OCRResult]],
        project: Projection | None = None,
    ) -> Iterator[DescribedRows]:
        """Find and describe the candidates of rows as the features of their photos come, some photos at a time.

        Parameters
        ----------
        keys, entities : sequences, one per row
            The row's photo, None when there is none, and its entity.
        photos : iterable of (key, PhotoFeatures or OCRResult)
            Each photo once, in any order.
        project : callable, optional
            Returns the reduced embeddings (:meth:`EmbeddingPCA.project`) of the photos with the given keys.
        """
        rows_of = _RowsOf(keys)
        iterator = iter(photos)
        while found := {k: as_photo_features(f) for k, f in islice(iterator, PHOTOS_AT_ONCE)}:
            asked = rows_of(list(found))
            rows = Rows([keys[i] for i in asked], [entities[i] for i in asked])
            if self.settings.joint:
                rows = with_siblings(rows.keys, rows.entities, self.schema)
            table = build_table(rows.keys, rows.entities, found.items(), self.schema, self.settings.blocks)
            texts = [
                found[rows.keys[row] or ""].result_of(row in table.second_pass).lines[candidate.line].text
                for candidate, row in zip(table.candidates, table.row.tolist(), strict=True)
            ]
            positions = [*asked, *[None] * (len(rows.keys) - len(asked))]
            projected = project(list(found)) if project else {}
            yield DescribedRows(positions, rows, table, projected, texts, found)

    def rank(self, described: DescribedRows) -> Iterator[tuple[int, Ranked]]:
        """Yield position and ranked candidates of each row that was asked, those without a candidate among them."""
        rows, table = described.rows, described.table
        ranked: dict[int, Ranked] = {}
        if len(table):
            table = self.columns.add(table, rows.keys, rows.entities, described.projected, self.schema)
            asked = {i for i, position in enumerate(described.positions) if position is not None}
            for each in self._score(table, rows, asked):
                candidates = table.candidates[each.where]
                text = described.texts[each.where.start + each.order[0][0]] if each.answered else None
                ranked[each.row] = Ranked(
                    answer_of(rows.entities[each.row], candidates, each.order, text),
                    described.photos.get(rows.keys[each.row] or ""),
                    candidates,
                    table.X[each.where],
                    each.scores,
                    each.joint,
                    each.order,
                    each.row in table.second_pass,
                )
        for i, position in enumerate(described.positions):
            if position is not None:
                photo = described.photos.get(rows.keys[i] or "")
                yield position, ranked.get(i) or Ranked(Answer(rows.entities[i]), photo)

    def _score(self, table: CandidateTable, rows: Rows, asked: Container[int]) -> Iterator[ScoredRow]:
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
