"""The estimator: learns from labelled rows to read quantities off photos, and answers rows, with a scikit-learn API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError as SklearnNotFittedError

from .candidates.features import DEFAULT_BLOCKS, column_names
from .datasets import photos
from .datasets.groups import as_text, photo_names
from .datasets.labelled_rows import Table, labelled_rows
from .datasets.labels import read_labels
from .entities import EntitySchema, default_entities, load_entities
from .errors import HybridmlError, NotFittedError
from .evaluation import metrics
from .prediction.explain.explanation import Explanation
from .prediction.explain.reasons import explain_rows
from .prediction.from_candidates import CandidateFileRequest, write_candidates
from .prediction.from_store import PredictionRequest, keys_of
from .prediction.output import answers_frame
from .ranking.model import Model, ModelSettings
from .ranking.ranker import RankerSettings
from .ranking.training import TrainingData, train
from .store.extraction import ExtractionReport, extract, extracted_so_far
from .store.feature_store import FeatureStore
from .store.status import StoreStatus, status_of
from .utils.paths import path_of
from .vision.presets import DEFAULT_PRESET
from .vision.stages import (
    DEFAULT_EMBEDDING,
    DEFAULT_OCR,
    DEFAULT_WEIGHTS,
    VisionStages,
    embedding_stage,
    further_stages,
    ocr_stage,
)

CheckedTable = Table | photos.Checked
"""Rows as a data frame, as the path of a CSV, or with their faults as :func:`photos.checked` returns them."""


class UnfittedError(NotFittedError, SklearnNotFittedError):
    """The extractor is not fitted; both hybridml's and scikit-learn's error of that name."""


class EntityExtractor(BaseEstimator):
    """Reads the value of an entity off a photo: OCR, candidates, their features, a ranker and a calibrator.

    Parameters
    ----------
    images : path or sequence of paths
        Folder with the photos, or several, searched in order.
    store : path
        Feature store; vision stages run first on photos that it lacks.
    ocr : str
        OCR engine: ``"rapidocr"``, ``"tesseract"`` or ``module:name``.
    effort : {"balanced", "fast", "best"}
        How much work a photo gets, one of :data:`hybridml.vision.presets.PRESETS`: settings of the OCR engine, and
        the further vision stages.
    ocr_options : dict, optional
        Settings of the OCR engine that differ from those of the effort.
    embedding : str
        ``"resnet50"``, ``"none"`` or ``module:name``.
    resnet_weights : str
        ``"IMAGENET1K_V2"``, the path of a state_dict, or ``"random"``.
    stages : sequence of str, optional
        Further vision stages in place of those of the effort: ``"number_classifier"``, the ResNet-50 that sees the
        photo around each number, and ``"second_pass"``, a closer OCR pass where the first finds no possible answer.
    stage_options : dict of str to dict, optional
        Settings of each further stage, by name, in place of those of the effort.
    blocks : sequence of str
        Feature blocks that describe a candidate.
    components : int
        Principal components of the embedding that the ranker sees.
    priors, joint, weak_weight
        As in :class:`hybridml.ranking.model.ModelSettings`.
    ranker : dict, optional
        Settings that differ from :class:`hybridml.ranking.ranker.RankerSettings`.
    folds : int
        Folds whose out-of-fold scores the confidence is calibrated on.
    entities : path or EntitySchema, optional
        Entities of your own; a file extends the packaged ones.
    workers : int, optional
        Processes that run vision stages; by default one per core.
    dask : str, optional
        Address of a Dask cluster, whose workers run the vision stages in place of processes of this machine.
        Training itself runs on this machine.
    random_state : int
        Seed of everything random.
    progress : bool
        Show progress bars.

    Attributes
    ----------
    model_ : Model
        The fitted model.
    stages_ : VisionStages
        The vision stages that the training photos went through; ``image_reason_`` says why there is no embedding,
        ``missing_stages_`` which further stages are missing, and why.
    faults_ : dict
        After ``fit``, ``extract`` or ``predict``: name of each photo that failed, with the cause.

    Examples
    --------
    >>> from hybridml import EntityExtractor
    >>> extractor = EntityExtractor(images="photos", ocr="tesseract")
    >>> extractor.get_params()["ocr"]
    'tesseract'
    """

    model_: Model
    stages_: VisionStages

    def __init__(
        self,
        images: photos.Images = "images",
        store: str | Path = "features",
        ocr: str = DEFAULT_OCR,
        effort: str = DEFAULT_PRESET,
        ocr_options: Mapping[str, Any] | None = None,
        embedding: str = DEFAULT_EMBEDDING,
        resnet_weights: str = DEFAULT_WEIGHTS,
        stages: Sequence[str] | None = None,
        stage_options: Mapping[str, Mapping[str, Any]] | None = None,
        blocks: Sequence[str] = DEFAULT_BLOCKS,
        components: int = 16,
        priors: bool = True,
        joint: bool = True,
        weak_weight: Mapping[str, float] | None = None,
        ranker: Mapping[str, Any] | None = None,
        folds: int = 5,
        entities: str | Path | EntitySchema | None = None,
        workers: int | None = None,
        dask: str | None = None,
        random_state: int = 0,
        progress: bool = False,
    ) -> None:
        self.images = images
        self.store = store
        self.ocr = ocr
        self.effort = effort
        self.ocr_options = ocr_options
        self.embedding = embedding
        self.resnet_weights = resnet_weights
        self.stages = stages
        self.stage_options = stage_options
        self.blocks = blocks
        self.components = components
        self.priors = priors
        self.joint = joint
        self.weak_weight = weak_weight
        self.ranker = ranker
        self.folds = folds
        self.entities = entities
        self.workers = workers
        self.dask = dask
        self.random_state = random_state
        self.progress = progress

    def extract(self, X: CheckedTable, retry_failed: bool = False) -> ExtractionReport:
        """Run the vision stages on the photos of rows that the store lacks.

        Parameters
        ----------
        X : data frame, path of a CSV, or rows with their faults
            The rows; labels are not needed.
        retry_failed : bool
            Also try photos again that are recorded as undecodable.
        """
        self._make_stages()
        frame, _ = photos.checked(X, images=self.images, schema=self._schema())
        return self._extract(frame, retry_failed=retry_failed)

    def status(self, X: CheckedTable) -> StoreStatus:
        """Return what the store has for rows, what failed and what is missing; nothing is changed."""
        self._make_stages()
        frame, _ = photos.checked(X, images=self.images, schema=self._schema())
        return status_of(FeatureStore(self.store), photos.located(frame, self.images), self.stages_)

    def fit(
        self,
        X: Table,
        y: Sequence[str] | None = None,
        weak_labels: Table | None = None,
        labels: Table | Sequence[str | Path] | None = None,
    ) -> EntityExtractor:
        """Learn from labelled rows; vision stages run first on photos that the store lacks.

        Parameters
        ----------
        X : data frame or path of a CSV
            Columns ``index, image_link, group_id, entity_name, entity_value``.
        y : sequence of str, optional
            Labels, in place of the column ``entity_value``.
        weak_labels : data frame or path of a CSV, optional
            Further rows with labels that are less reliable, such as the answers of another system. They are learned
            from with a weight that is chosen for each entity by how much they improve the answers to ``X``.
        labels : data frame, or path or paths of CSVs, optional
            Labels without photos, those of ``X`` included, to learn from how common units, sizes and values are, and
            which of two dimensions is the larger; by default those of ``X``. Where a column ``text`` has the text of
            the photo, it is also learned which of two units labels take.

        Raises
        ------
        HybridmlError
            When rows, photos or settings cannot be used; the message says what to do.
        """
        settings, schema = self._model_settings(), self._schema()
        column_names(settings.blocks, schema)  # raises before any photo is read
        frame = labelled_rows(X, y, weak_labels, schema, self.images)
        self._make_stages()
        keys = keys_of(photo_names(frame), self._extract(frame))
        present = {key for key in keys if key}
        store, embedding = FeatureStore(self.store), self.stages_.embedding
        features = store.photo_features(self.stages_.settings, present)
        vectors = dict(store.embeddings(embedding.settings, present)) if embedding else {}
        if labels is not None and not isinstance(labels, pd.DataFrame):
            labels = read_labels(*([labels] if isinstance(labels, str | Path) else labels))
        data = TrainingData(frame, keys, features, vectors, labels, settings=settings, schema=schema)
        self.model_ = train(data)
        return self

    def predict(self, X: Table, partial: bool = False) -> pd.DataFrame:
        """Answer rows; vision stages run first on photos that the store lacks.

        Parameters
        ----------
        X : data frame or path of a CSV
            Columns ``index, image_link, group_id, entity_name``.
        partial : bool
            Answer from what the store has so far, and leave rows blank whose photo it lacks.

        Returns
        -------
        data frame
            One line per row in the same order: ``index, prediction, value, unit, confidence, box, text,
            runner_ups, candidates, problem``. ``problem`` says why a row could not be answered.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        """
        return answers_frame(self.request(X, partial))

    def request(self, X: CheckedTable, partial: bool = False) -> PredictionRequest:
        """Prepare rows to be answered one by one: run the vision stages on the photos that the store lacks.

        Parameters
        ----------
        X, partial
            As for :meth:`predict`; rows may come with their faults.

        Returns
        -------
        PredictionRequest
            Its ``answers()`` yields what :meth:`predict` returns, without holding it in memory.
        """
        model = self._check_fitted()
        frame, faults = photos.checked(X, images=self.images, schema=model.schema)
        self.stages_ = self.stages_.adopted()
        report = self._extract(frame, partial)
        return PredictionRequest(model, frame, faults, report, FeatureStore(self.store), self.stages_)

    def explain(self, X: Table) -> list[Explanation]:
        """Answer rows and explain each answer: what was considered, how probable it is, and why.

        Parameters
        ----------
        X : data frame or path of a CSV
            As for :meth:`predict`, which gives the same answers.

        Returns
        -------
        list of Explanation
            One per row in the same order; a notebook shows each as a card.
        """
        request = self.request(X)
        explained = explain_rows(request, photos.photo_paths(request.frame, self.images))
        return [explanation for _, explanation in sorted(explained, key=lambda each: each[0])]

    def write_candidates(self, X: CheckedTable, path: str | Path) -> int:
        """Write the candidates of rows to a file that :meth:`predict_candidates` answers from alone.

        Parameters
        ----------
        X : data frame, path of a CSV, or rows with their faults
            As for :meth:`request`.
        path : path
            The Parquet file to write.

        Returns
        -------
        int
            How many rows have a candidate.
        """
        return write_candidates(path, self.request(X), self.progress)

    def predict_candidates(self, path: str | Path, X: Table | None = None) -> pd.DataFrame:
        """Answer rows from a candidates file, with any model that describes candidates like the one that wrote it.

        Parameters
        ----------
        path : path
            The file that :meth:`write_candidates` wrote. Neither photos nor store nor OCR engine are needed.
        X : data frame or path of a CSV, optional
            Rows of the file to answer; by default all of them.

        Returns
        -------
        data frame
            Like that of :meth:`predict`.
        """
        model = self._check_fitted()
        given = None if X is None else photos.checked(X, schema=model.schema)
        return answers_frame(CandidateFileRequest(path, model, self.stages_, given))

    def score(self, X: Table, y: Sequence[str] | None = None) -> float:
        """Return the official F1 of the answers to labelled rows.

        Parameters
        ----------
        X : data frame or path of a CSV
            Rows with ``entity_value``, unless ``y`` is given.
        y : sequence of str, optional
            Labels.
        """
        schema = self._check_fitted().schema
        frame, _ = photos.checked(X, images=self.images, truth=y is None, schema=schema)
        truth = [as_text(value) for value in (frame["entity_value"] if y is None else y)]
        answers = list(self.predict(frame)["prediction"])
        return float(metrics.score(truth, answers, list(frame["entity_name"]), schema=schema).f1)

    def _schema(self) -> EntitySchema:
        if self.entities is None:
            return default_entities()
        return self.entities if isinstance(self.entities, EntitySchema) else load_entities(self.entities)

    def _make_stages(self) -> None:
        ocr = ocr_stage(self.ocr, self.ocr_options, self.effort)
        embedding, self.image_reason_ = embedding_stage(self.embedding, self.resnet_weights)
        further, self.missing_stages_ = further_stages(self.stages, ocr, self.stage_options, self.effort)
        self.stages_ = VisionStages(ocr, embedding, tuple(further))

    def _extract(
        self, frame: pd.DataFrame, partial: bool = False, retry_failed: bool = False
    ) -> ExtractionReport:
        if not any(f.is_dir() for f in photos.folders(self.images)) and not path_of(self.store).is_dir():
            raise HybridmlError(
                f"no images folder at {', '.join(map(str, photos.folders(self.images)))}, and no feature store at "
                f"{self.store} to answer from without photos: name the folder with the photos (images, --images)"
            )
        store = FeatureStore(self.store)
        if partial:
            report = extracted_so_far(frame, self.images, store, self.stages_)
        else:
            schema = self.model_.schema if hasattr(self, "model_") else self._schema()
            how = (self.workers, self.progress, retry_failed, self.dask)
            report = extract(frame, self.images, store, self.stages_, schema, *how)
        self.faults_ = report.failed
        return report

    def _model_settings(self) -> ModelSettings:
        return ModelSettings(
            tuple(self.blocks),
            self.components,
            self.folds,
            RankerSettings(**{"random_state": self.random_state, **(self.ranker or {})}),
            self.random_state,
            self.priors,
            self.joint,
            None if self.weak_weight is None else dict(self.weak_weight),
        )

    def _check_fitted(self) -> Model:
        if not hasattr(self, "model_"):
            raise UnfittedError(
                "this EntityExtractor is not fitted: call fit(rows), or hybridml.load(path) for a trained one"
            )
        return self.model_

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False  # rows are a table of texts, not an array of numbers
        tags.input_tags.string = True
        return tags
