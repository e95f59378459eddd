"""The fitted model: turns the features of photos into answers. No photo is opened and no engine needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.candidates.features import DEFAULT_BLOCKS
from hybridml.candidates.find import Candidate
from hybridml.candidates.table import DescribedRows, Rows, build_table
from hybridml.datasets.groups import group_names, name_hashes, photo_names
from hybridml.entities import EntitySchema, default_entities
from hybridml.vision.photo_features import PhotoFeatures, as_photo_features
from hybridml.vision.text_line import OCRResult

from .answer import Answer, answer_of
from .calibration import Calibrator, rank_group
from .dimension_order import DimensionOrder
from .embedding_pca import EmbeddingPCA
from .joint import score_jointly, with_siblings
from .learned_features import LearnedFeatures
from .ranker import Ranker, RankerSettings

Vectors = Mapping[str, npt.NDArray[np.float32]]
Projection = Callable[[Sequence[str]], Vectors]

PHOTOS_PER_TABLE = 512
"""Photos whose candidates are in memory at the same time when answering."""


@dataclass(frozen=True)
class Ranked:
    """A ranked row: the features of its photo, its scored candidates, and the answer.

    Parameters
    ----------
    answer : Answer
        The answer to the row.
    photo_features : PhotoFeatures or None
        The features of its photo; None where they are not available.
    candidates : list of Candidate
        All candidates, in reading order; often none.
    X : float32 array (n_candidates, n_columns)
        Their lines of the feature table.
    scores, joint : array (n_candidates,)
        Their scores, and what joint scoring of the photo's dimensions added to them.
    order : list of (int, float)
        Position of the best candidate of each quantity, and the quantity's probability; best first.
    second_pass : bool
        Whether the candidates come from the second pass.
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
    """Settings of a model.

    Parameters
    ----------
    blocks : tuple of str
        Feature blocks of a candidate.
    components : int
        Principal components of the embedding that the ranker sees; 0 leaves images out.
    folds : int
        Folds whose out-of-fold scores the confidence is calibrated on.
    ranker : RankerSettings
        Settings of the ranker.
    random_state : int
        Seed of folds and PCA.
    priors : bool
        Whether to learn from labels alone: how usual a candidate's unit, size and value are, which unit of a unit pair
        labels take, and which of two dimensions they make the larger.
    joint : bool
        Whether width, height and depth of a photo are scored jointly.
    weak_weight : mapping of entity to float, optional
        Weight of a row with a weak label, by entity; by default it is chosen by
        :func:`hybridml.ranking.training.choose_weak_weight`.
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
    """A ranker, a calibrator, and what they need to describe a candidate; see :func:`hybridml.ranking.training.train`.

    Parameters
    ----------
    settings : ModelSettings, optional
        How it is trained.
    schema : EntitySchema, optional
        Entities and units; the packaged ones by default.

    Attributes
    ----------
    ranker : Ranker
        Scores candidates.
    calibrator : Calibrator
        Turns scores into probabilities and decides whether to answer.
    learned : LearnedFeatures
        Describes candidates, beside the feature blocks.
    dimension_order : DimensionOrder
        Which of two dimensions of a photo labels make the larger.
    weak_weight : dict of str to float
        Weight of rows with weak labels in training, by entity.
    training, versions : dict
        Facts about the training, and the versions of the packages it used.
    out_of_fold : data frame
        The training rows: ``index, entity_name, prediction, confidence, outcome``, each predicted by a ranker that saw
        neither its group nor its photo. Not part of the artifact.
    """

    def __init__(self, settings: ModelSettings | None = None, schema: EntitySchema | None = None) -> None:
        self.settings = settings or ModelSettings()
        self.schema = schema or default_entities()
        self.ranker = Ranker(self.settings.ranker)
        self.calibrator = Calibrator()
        self.learned = LearnedFeatures()
        self.dimension_order = DimensionOrder()
        self.weak_weight: dict[str, float] = {}
        self.training: dict[str, Any] = {}
        self.versions: dict[str, str] = {}
        self.out_of_fold = pd.DataFrame()

    def trained_on(self, frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Return which rows share a group or a photo with the training rows."""
        known = self.training.get("group_and_photo_hashes", np.zeros(0, np.uint64))
        found = np.zeros(len(frame), dtype=bool)
        for kind, names in (("group", group_names(frame)), ("photo", photo_names(frame))):
            named = np.array([bool(name) for name in names], dtype=bool)
            found |= named & np.isin(name_hashes(kind, names), known)
        return found

    @property
    def embedding_pca(self) -> EmbeddingPCA | None:
        """The fitted reduction of embeddings; None without image features."""
        return self.learned.embedding_pca

    def describe(
        self,
        keys: Sequence[str | None],
        entities: Sequence[str],
        photos: Iterable[tuple[str, PhotoFeatures | OCRResult]],
        project: Projection | None = None,
    ) -> Iterator[DescribedRows]:
        """Find and describe the candidates of rows, some photos at a time, in the order of ``photos``.

        Parameters
        ----------
        keys, entities : sequences, one per row
            Key of the row's photo, None without a photo, and its entity.
        photos : iterable of (key, PhotoFeatures or OCRResult)
            Each photo once, in any order.
        project : callable, optional
            Returns the reduced embeddings (:meth:`EmbeddingPCA.project`) of the photos with given keys.
        """
        rows_of = _RowIndex(keys)
        iterator = iter(photos)
        while found := {k: as_photo_features(f) for k, f in islice(iterator, PHOTOS_PER_TABLE)}:
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
        """Yield the position of each row that was asked for and its ranked candidates, also where there are none."""
        ranked = self._ranked(described) if len(described.table) else {}
        for i, position in enumerate(described.positions):
            if position is not None:
                entity, photo = described.rows.entities[i], described.photos.get(described.rows.keys[i] or "")
                yield position, ranked.get(i) or Ranked(Answer(entity), photo)

    def _ranked(self, described: DescribedRows) -> dict[int, Ranked]:
        """Return the ranked candidates of each row that was asked for and has any."""
        rows, schema = described.rows, self.schema
        table = self.learned.add(described.table, rows, described.projected, schema)
        alone = scores = self.ranker.score(table.X)
        if self.settings.joint:
            scores = score_jointly(table, alone, rows, schema, self.dimension_order)
        asked = [(i, where) for i, where in table.groups() if described.positions[i] is not None]
        groups = [
            rank_group(scores[where], [(c.value, c.unit) for c in table.candidates[where]])
            for _, where in asked
        ]
        right, empty = self.calibrator.probabilities(groups, [rows.entities[i] for i, _ in asked])
        answered = self.calibrator.answers(right, empty)
        ranked = {}
        for (i, where), group, p, e, answer in zip(asked, groups, right, empty, answered, strict=True):
            candidates, order = table.candidates[where], group.probabilities(float(p), float(e))
            text = described.texts[where.start + group.best] if answer else None
            ranked[i] = Ranked(
                answer_of(rows.entities[i], candidates, order, text),
                described.photos.get(rows.keys[i] or ""),
                candidates,
                table.X[where],
                scores[where],
                scores[where] - alone[where],
                order,
                i in table.second_pass,
            )
        return ranked


class _RowIndex:
    """An index from photo keys to rows, for millions of rows: it keeps three numbers per row."""

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
