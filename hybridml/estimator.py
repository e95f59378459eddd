"""The extractor: rows in, answers out, in scikit-learn's manners."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError as SklearnNotFittedError

from .candidates.features import DEFAULT_BLOCKS, column_names
from .datasets import photos
from .datasets.groups import as_text, photo_names
from .datasets.labels import read_labels
from .entities import EntitySchema, default_entities, load_entities
from .errors import HybridmlError, NotFittedError, RowsError
from .evaluation import metrics
from .prediction.explain.explanation import Explanation, explain_rows
from .prediction.from_candidates import CandidateFileRequest, write_candidates
from .prediction.from_store import AnsweredRow, PredictionRequest, answer_rows, answers_frame, keys_of
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


class UnfittedError(NotFittedError, SklearnNotFittedError):
    """The extractor is not fitted; both hybridml's and scikit-learn's error of that name."""


class EntityExtractor(BaseEstimator):
    """Reads the value of an entity off a photo: reader, candidates, features, ranker, decision.

    Parameters
    ----------
    images : path or sequence of paths
        Folder with the photos, or several, searched in order.
    store : path
        Feature store; photos that it lacks are read and embedded first.
    ocr : str
        OCREngine: ``"rapidocr"``, ``"tesseract"`` or ``module:name``.
    effort : {"balanced", "fast", "best"}
        How much work a photo gets: settings of the reader and what else looks, :data:`hybridml.vision.presets.PRESETS`.
    ocr_options : dict, optional
        Settings of the reader that differ from the effort's.
    embedding : str
        ``"resnet50"``, ``"none"`` or ``module:name``.
    resnet_weights : str
        ``"IMAGENET1K_V2"``, the path of a state_dict, or ``"random"``.
    stages : sequence of str, optional
        In place of the effort's, what else looks at photos: ``"lines"`` for dimension lines, ``"number_classifier"``
        for the ResNet-50 that sees the photo around each number, ``"second_pass"`` for a second, closer reading
        where the first shows nothing that could be the answer.
    stage_options : dict of str to dict, optional
        Settings of each of them, by name, in place of the effort's.
    blocks : sequence of str
        Feature blocks of a candidate.
    components : int
        Principal components of the embedding that the ranker sees.
    priors, joint, trust
        As in :class:`hybridml.ranking.model.ModelSettings`.
    ranker : dict, optional
        Settings that differ from :class:`hybridml.ranking.ranker.RankerSettings`.
    folds : int
        Folds whose out-of-fold scores the confidence is calibrated on.
    entities : path or EntitySchema, optional
        Entities of your own; a file extends the packaged ones.
    workers : int, optional
        Processes that read and look; by default one per core.
    dask : str, optional
        Address of a Dask cluster whose workers extract the photos' features in place of processes of this machine.
        Training itself runs on this machine.
    random_state : int
        Seed of everything random.
    progress : bool
        Show progress bars.

    Attributes
    ----------
    model_ : Model
        What was learned.
    stages_ : VisionStages
        What the training photos were read and looked at with; ``image_reason_`` says why there is no
        embedding, ``missing_stages_`` what looks are missing, and why.
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

    def _schema(self) -> EntitySchema:
        if self.entities is None:
            return default_entities()
        return self.entities if isinstance(self.entities, EntitySchema) else load_entities(self.entities)

    def _make_stages(self) -> None:
        ocr = ocr_stage(self.ocr, self.ocr_options, self.effort)
        embedding, self.image_reason_ = embedding_stage(self.embedding, self.resnet_weights)
        further, self.missing_stages_ = further_stages(self.stages, ocr, self.stage_options, self.effort)
        self.stages_ = VisionStages(ocr, embedding, tuple(further))

    def _schema_now(self) -> EntitySchema:
        return self.model_.schema if hasattr(self, "model_") else self._schema()

    def _extract(
        self, frame: pd.DataFrame, partial: bool = False, retry_failed: bool = False
    ) -> ExtractionReport:
        if not any(f.is_dir() for f in photos.folders(self.images)) and not path_of(self.store).is_dir():
            raise HybridmlError(
                f"no images folder at {self.images}, and no store at {self.store} to do without it: name the folder "
                "with the photos (images, --images)"
            )
        store = FeatureStore(self.store)
        if partial:
            report = extracted_so_far(frame, self.images, store, self.stages_)
        else:
            report = extract(
                frame,
                self.images,
                store,
                self.stages_,
                self._schema_now(),
                self.workers,
                self.progress,
                retry_failed,
                self.dask,
            )
        self.faults_ = report.failed
        return report

    def extract(
        self, X: pd.DataFrame | str | Path | photos.Checked, retry_failed: bool = False
    ) -> ExtractionReport:
        """Read and embed the photos of rows that the store lacks.

        Parameters
        ----------
        X : data frame or path of a CSV
            Rows; labels are not needed. Or rows with their faults, as :func:`hybridml.datasets.photos.checked` returns them.
        retry_failed : bool
            Also try photos again that are recorded as undecodable.

        Returns
        -------
        ExtractionReport
            What was done, found and failed.
        """
        self._make_stages()
        return self._extract(
            photos.checked(X, images=self.images, schema=self._schema())[0], retry_failed=retry_failed
        )

    def status(self, X: pd.DataFrame | str | Path | photos.Checked) -> StoreStatus:
        """Return what the store has for rows, what failed and what is missing; nothing is read or written.

        Parameters
        ----------
        X : data frame or path of a CSV
            As for :meth:`extract`.
        """
        self._make_stages()
        frame, _ = photos.checked(X, images=self.images, schema=self._schema())
        return status_of(FeatureStore(self.store), photos.located(frame, self.images), self.stages_)

    def _request(
        self, X: pd.DataFrame | str | Path | photos.Checked, partial: bool = False
    ) -> PredictionRequest:
        """Extract what the store lacks and return the rows with all that answering them takes."""
        model = self._check_fitted()
        frame, faults = photos.checked(X, images=self.images, schema=model.schema)
        self.stages_ = self.stages_.adopted()
        report = self._extract(frame, partial)
        return PredictionRequest(model, frame, faults, report, FeatureStore(self.store), self.stages_)

    def _check_fitted(self) -> Model:
        if not hasattr(self, "model_"):
            raise UnfittedError(
                "this EntityExtractor is not fitted: call fit(rows), or hybridml.load(path) for a trained one"
            )
        model: Model = self.model_
        return model

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

    def fit(
        self,
        X: pd.DataFrame | str | Path,
        y: Sequence[str] | None = None,
        weak_labels: pd.DataFrame | str | Path | None = None,
        labels: pd.DataFrame | str | Path | Sequence[str | Path] | None = None,
    ) -> EntityExtractor:
        """Learn from rows with labels, reading their photos first where the store lacks them.

        Parameters
        ----------
        X : data frame or path of a CSV
            Columns ``index, image_link, group_id, entity_name, entity_value``.
        y : sequence of str, optional
            Labels, in place of the column ``entity_value``.
        weak_labels : data frame or path of a CSV, optional
            Rows labelled by others, other systems say, to learn from as far as that helps on ``X``: how much
            is found out for each entity.
        labels : data frame, or path or paths of CSVs, optional
            Labels without photos, ``X``'s own included, to count what is usual, and which of two dimensions of a photo
            is the larger; by default those of ``X``. Where a column ``text`` has what was read on the photo, it is also
            learned which of two units labels take.

        Returns
        -------
        EntityExtractor
            Itself.

        Raises
        ------
        HybridmlError
            When rows, photos or engines do not do; the message says what to do.
        """
        settings, schema = self._model_settings(), self._schema()
        # unknown blocks raise an error before any photo is read
        column_names(settings.blocks, schema)
        frame, _ = photos.checked(X, images=self.images, truth=y is None, schema=schema)
        if y is not None:
            if len(y) != len(frame):
                raise RowsError(f"y has {len(y)} labels for {len(frame)} rows; expected one for each row")
            frame = frame.assign(entity_value=[as_text(value) for value in y])
        if weak_labels is not None:
            more, _ = photos.checked(weak_labels, images=self.images, truth=True, schema=schema)
            frame = pd.concat([frame.assign(weak=False), more.assign(weak=True)], ignore_index=True)
            # two tables may number their rows alike
            frame["index"] = range(len(frame))
        self._make_stages()
        report = self._extract(frame)
        keys = keys_of(photo_names(frame), report)
        present = {key for key in keys if key}
        store = FeatureStore(self.store)
        vectors: dict[str, Any] = {}
        if self.stages_.embedding:
            vectors = dict(store.embeddings(self.stages_.embedding.settings, present))
        paths = [labels] if isinstance(labels, str | Path) else labels
        counted = paths if paths is None or isinstance(paths, pd.DataFrame) else read_labels(*paths)
        features = store.photo_features(self.stages_.settings, present)
        data = TrainingData(frame, keys, features, vectors, counted, settings=settings, schema=schema)
        self.model_ = train(data)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False  # rows are a table of texts, not an array of numbers
        tags.input_tags.string = True
        return tags

    def predict(self, X: pd.DataFrame | str | Path, partial: bool = False) -> pd.DataFrame:
        """Answer rows, reading their photos first where the store lacks them.

        Parameters
        ----------
        X : data frame or path of a CSV
            Columns ``index, image_link, group_id, entity_name``.
        partial : bool
            Answer from what the store has so far and read nothing: rows whose photo is not done are left blank.

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
        given = photos.checked(X, images=self.images, schema=self._check_fitted().schema)
        return answers_frame(given[0], self.answers(given, partial))

    def answers(
        self, X: pd.DataFrame | str | Path | photos.Checked, partial: bool = False
    ) -> Iterator[AnsweredRow]:
        """Read what the store lacks, then answer rows one after the other: no answer is held in memory.

        Parameters
        ----------
        X, partial
            As for :meth:`predict`; or rows with their faults, as :func:`hybridml.datasets.photos.checked` returns them.

        Returns
        -------
        iterator of AnsweredRow
            Position, answer and problem of each row, once each, in the order in which the store has the photos.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        """
        return answer_rows(self._request(X, partial))

    def explanations(
        self, X: pd.DataFrame | str | Path | photos.Checked, partial: bool = False
    ) -> Iterator[tuple[int, Explanation]]:
        """Yield what :meth:`answers` yields with its reasons: position and explanation of each row, once each."""
        request = self._request(X, partial)
        return explain_rows(request, photos.photo_paths(request.frame, self.images))

    def explain(self, X: pd.DataFrame | str | Path) -> list[Explanation]:
        """Answer rows and say why: what was considered, how probable it is, and what counted for and against it.

        Parameters
        ----------
        X : data frame or path of a CSV
            As for :meth:`predict`, whose answers these are.

        Returns
        -------
        list of Explanation
            One per row in the same order; a notebook shows each as a card.
        """
        return [told for _, told in sorted(self.explanations(X), key=lambda each: each[0])]

    def write_candidates(self, X: pd.DataFrame | str | Path | photos.Checked, path: str | Path) -> int:
        """Describe the candidates of rows once, in a file that :meth:`predict_candidates` answers from alone.

        Parameters
        ----------
        X : data frame or path of a CSV
            As for :meth:`predict`; photos that the store lacks are read first.
        path : path
            The Parquet file to write.

        Returns
        -------
        int
            How many rows have a candidate.
        """
        return write_candidates(path, self._request(X), self.progress)

    def predict_candidates(
        self, path: str | Path, X: pd.DataFrame | str | Path | None = None
    ) -> pd.DataFrame:
        """Answer rows from a file of candidates, by any model that describes candidates as the one that wrote it.

        Parameters
        ----------
        path : path
            What :meth:`write_candidates` wrote. Neither photos nor store nor engines are needed.
        X : data frame or path of a CSV, optional
            Rows of the file to answer; by default all of them.

        Returns
        -------
        data frame
            As of :meth:`predict`.
        """
        model = self._check_fitted()
        given = None if X is None else photos.checked(X, schema=model.schema)
        rows = CandidateFileRequest(path, model, self.stages_, given)
        return answers_frame(rows.frame, rows.answers())

    def score(self, X: pd.DataFrame | str | Path, y: Sequence[str] | None = None) -> float:
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
