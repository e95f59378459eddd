"""The extractor: rows in, answers out, in scikit-learn's manners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator

from . import metrics, photos
from .answer import Answer
from .engines import DEFAULT_EMBEDDING, DEFAULT_OCR, DEFAULT_WEIGHTS, embedding_engine, reader_engine
from .entities import EntityBook, default_entities, load_entities
from .errors import NotFittedError
from .features import DEFAULT_BLOCKS
from .featurize import Engine, Report, featurize
from .model import Model, ModelSettings
from .parts import photo_names
from .ranker import RankerSettings
from .store import FeatureStore


class EntityExtractor(BaseEstimator):
    """Reads the value of an entity off a photo: reader, candidates, features, ranker, decision.

    Parameters
    ----------
    images : path
        Folder with the photos.
    store : path
        Feature store; photos that it lacks are read and embedded first.
    ocr : str
        Reader: ``"rapidocr"``, ``"tesseract"`` or ``module:name``.
    ocr_options : dict, optional
        Settings of the reader.
    embedding : str
        ``"resnet50"``, ``"none"`` or ``module:name``.
    resnet_weights : str
        ``"IMAGENET1K_V2"``, the path of a state_dict, or ``"random"``.
    blocks : sequence of str
        Feature blocks of a candidate.
    components : int
        Principal components of the embedding that the ranker sees.
    ranker : dict, optional
        Settings that differ from :class:`hybridml.ranker.RankerSettings`.
    folds : int
        Folds whose out-of-fold scores the confidence is calibrated on.
    entities : path or EntityBook, optional
        Entities of your own; a file extends the packaged ones.
    workers : int, optional
        Processes that read and look; by default one per core.
    random_state : int
        Seed of everything random.
    progress : bool
        Show progress bars.

    Attributes
    ----------
    model_ : Model
        What was learned.
    reader_, embedder_ : Engine, Engine or None
        What the training photos were read and looked at with; ``image_reason_`` says why there are no
        image features.
    faults_ : dict
        After ``fit`` or ``predict``: photo name to what was wrong with it.

    Examples
    --------
    >>> from hybridml import EntityExtractor
    >>> extractor = EntityExtractor(images="photos", ocr="tesseract")
    >>> extractor.get_params()["ocr"]
    'tesseract'
    """

    def __init__(
        self,
        images: str | Path = "images",
        store: str | Path = "features",
        ocr: str = DEFAULT_OCR,
        ocr_options: Mapping[str, Any] | None = None,
        embedding: str = DEFAULT_EMBEDDING,
        resnet_weights: str = DEFAULT_WEIGHTS,
        blocks: Sequence[str] = DEFAULT_BLOCKS,
        components: int = 16,
        ranker: Mapping[str, Any] | None = None,
        folds: int = 5,
        entities: str | Path | EntityBook | None = None,
        workers: int | None = None,
        random_state: int = 0,
        progress: bool = False,
    ) -> None:
        self.images = images
        self.store = store
        self.ocr = ocr
        self.ocr_options = ocr_options
        self.embedding = embedding
        self.resnet_weights = resnet_weights
        self.blocks = blocks
        self.components = components
        self.ranker = ranker
        self.folds = folds
        self.entities = entities
        self.workers = workers
        self.random_state = random_state
        self.progress = progress

    def _book(self) -> EntityBook:
        if self.entities is None:
            return default_entities()
        return self.entities if isinstance(self.entities, EntityBook) else load_entities(self.entities)

    def _model_settings(self) -> ModelSettings:
        return ModelSettings(
            tuple(self.blocks),
            self.components,
            self.folds,
            RankerSettings(**{"random_state": self.random_state, **(self.ranker or {})}),
            self.random_state,
        )

    def _engines(self) -> tuple[Engine, Engine | None, str | None]:
        return (
            reader_engine(self.ocr, self.ocr_options),
            *embedding_engine(self.embedding, self.resnet_weights),
        )

    def _featurize(self, frame: pd.DataFrame, reader: Engine, embedder: Engine | None) -> Report:
        report = featurize(
            photos.photo_paths(frame, self.images),
            FeatureStore(self.store),
            reader,
            embedder,
            self.workers,
            self.progress,
        )
        self.faults_ = report.failed
        return report

    def featurize(self, X: pd.DataFrame | str | Path) -> Report:
        """Read and embed the photos of rows that the store lacks.

        Parameters
        ----------
        X : data frame or path of a CSV
            Rows; labels are not needed.

        Returns
        -------
        Report
            What was done, found and failed.
        """
        reader, embedder, _ = self._engines()
        return self._featurize(photos.as_frame(X), reader, embedder)

    def fit(self, X: pd.DataFrame | str | Path, y: Sequence[str] | None = None) -> EntityExtractor:
        """Learn from rows with labels, reading their photos first where the store lacks them.

        Parameters
        ----------
        X : data frame or path of a CSV
            Columns ``index, image_link, group_id, entity_name, entity_value``.
        y : sequence of str, optional
            Labels, in place of the column ``entity_value``.

        Returns
        -------
        EntityExtractor
            Itself.

        Raises
        ------
        HybridmlError
            When rows, photos or engines do not do; the message says what to do.
        """
        frame = photos.as_frame(X, truth=y is None)
        if y is not None:
            frame = frame.assign(entity_value=list(y))
        model = Model(self._model_settings(), self._book())
        self.reader_, self.embedder_, self.image_reason_ = self._engines()
        report = self._featurize(frame, self.reader_, self.embedder_)
        keys = [report.keys.get(name) for name in photo_names(frame)]
        present = {key for key in keys if key}
        store = FeatureStore(self.store)
        vectors = store.embeddings(self.embedder_.settings, present) if self.embedder_ else {}
        self.model_ = model.fit(frame, keys, store.readings(self.reader_.settings, present), vectors)
        return self

    def _check_fitted(self) -> None:
        if not hasattr(self, "model_"):
            raise NotFittedError(
                "this EntityExtractor is not fitted: call fit(rows), or hybridml.load(path) for a trained one"
            )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def predict(self, X: pd.DataFrame | str | Path) -> pd.DataFrame:
        """Answer rows, reading their photos first where the store lacks them.

        Parameters
        ----------
        X : data frame or path of a CSV
            Columns ``index, image_link, group_id, entity_name``.

        Returns
        -------
        data frame
            One line per row in the same order: ``index, prediction, value, unit, confidence, box, text,
            runner_ups, candidates, problem``. ``problem`` says why a row's photo could not be read.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        """
        self._check_fitted()
        frame = photos.as_frame(X)
        report = self._featurize(frame, self.reader_, self.embedder_)
        names = photo_names(frame)
        keys = [report.keys.get(name) for name in names]
        store = FeatureStore(self.store)
        readings = store.readings(self.reader_.settings, {key for key in keys if key})
        embedder = self.embedder_
        vectors = (lambda some: store.embeddings(embedder.settings, some)) if embedder else None
        answers = self.model_.answer(keys, list(frame["entity_name"]), readings, vectors)
        return answers_frame(frame, answers, [report.failed.get(name, "") for name in names])

    def score(self, X: pd.DataFrame | str | Path, y: Sequence[str] | None = None) -> float:
        """Return the official F1 of the answers to labelled rows.

        Parameters
        ----------
        X : data frame or path of a CSV
            Rows with ``entity_value``, unless ``y`` is given.
        y : sequence of str, optional
            Labels.
        """
        frame = photos.as_frame(X, truth=y is None)
        truth = list(frame["entity_value"]) if y is None else list(y)
        return float(metrics.score(truth, list(self.predict(frame)["prediction"])).f1)


def answers_frame(frame: pd.DataFrame, answers: Sequence[Answer], problems: Sequence[str]) -> pd.DataFrame:
    """Return answers as the table that :meth:`EntityExtractor.predict` describes."""
    return pd.DataFrame(
        {
            "index": list(frame["index"]),
            "prediction": [a.prediction for a in answers],
            "value": [a.value for a in answers],
            "unit": [a.unit for a in answers],
            "confidence": [a.confidence for a in answers],
            "box": [a.box for a in answers],
            "text": [a.text for a in answers],
            "runner_ups": [a.runner_ups for a in answers],
            "candidates": [a.candidates for a in answers],
            "problem": list(problems),
        },
        index=frame.index,
    )
