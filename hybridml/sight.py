"""What of an extractor reads and looks: its engines, the photos they see, and the store they fill."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from .datasets import photos
from .datasets.rows import RowFault
from .entities import EntitySchema, default_entities, load_entities
from .errors import HybridmlError
from .manners import Estimator
from .ranking.model import Model
from .store.extraction import Report
from .store.feature_store import FeatureStore
from .store.seeing import Stages, extract_for_rows, extracted_so_far, settings_of
from .store.status import StoreStatus, status_of
from .utils.paths import path_of
from .vision.photo_features import PhotoFeatures
from .vision.stages import Stage, adopted, embedding_stage, further_stages, ocr_stage


class Sight(Estimator):
    """The half of :class:`hybridml.EntityExtractor` that opens photos; its parameters are named there."""

    images: photos.Images
    store: str | Path
    ocr: str
    effort: str
    ocr_options: Mapping[str, Any] | None
    embedding: str
    resnet_weights: str
    further: Sequence[str] | None
    stage_options: Mapping[str, Mapping[str, Any]] | None
    entities: str | Path | EntitySchema | None
    workers: int | None
    dask: str | None
    progress: bool

    ocr_: Stage
    embedder_: Stage | None
    further_: list[Stage]
    model_: Model

    def _schema(self) -> EntitySchema:
        if self.entities is None:
            return default_entities()
        return self.entities if isinstance(self.entities, EntitySchema) else load_entities(self.entities)

    def _make_stages(self) -> None:
        self.ocr_ = ocr_stage(self.ocr, self.ocr_options, self.effort)
        self.embedder_, self.image_reason_ = embedding_stage(self.embedding, self.resnet_weights)
        self.further_, self.missing_stages_ = further_stages(
            self.further, self.ocr_, self.stage_options, self.effort
        )

    def _schema_now(self) -> EntitySchema:
        return self.model_.schema if hasattr(self, "model_") else self._schema()

    def _extract(self, frame: pd.DataFrame, partial: bool = False, retry_failed: bool = False) -> Report:
        if not any(f.is_dir() for f in photos.folders(self.images)) and not path_of(self.store).is_dir():
            raise HybridmlError(
                f"no images folder at {self.images}, and no store at {self.store} to do without it: name the folder "
                "with the photos (images, --images)"
            )
        store, stages = FeatureStore(self.store), (self.ocr_, self.embedder_, self.further_)
        if partial:
            report = extracted_so_far(frame, self.images, store, stages)
        else:
            schema = self._schema_now()
            report = extract_for_rows(
                frame,
                self.images,
                store,
                stages,
                schema,
                self.workers,
                self.progress,
                retry_failed,
                self.dask,
            )
        self.faults_ = report.failed
        return report

    def _seen(self, keys: Iterable[str]) -> Iterator[tuple[str, PhotoFeatures]]:
        return FeatureStore(self.store).photo_features(settings_of(self.ocr_, self.further_), keys)

    def extract(self, X: pd.DataFrame | str | Path | photos.Checked, retry_failed: bool = False) -> Report:
        """Read and embed the photos of rows that the store lacks.

        Parameters
        ----------
        X : data frame or path of a CSV
            Rows; labels are not needed. Or rows with their faults, as :func:`hybridml.datasets.photos.checked` returns them.
        retry_failed : bool
            Also try photos again that are recorded as undecodable.

        Returns
        -------
        Report
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
        stages = [e for e in (self.ocr_, self.embedder_, *self.further_) if e is not None]
        return status_of(FeatureStore(self.store), photos.located(frame, self.images), stages)

    def _rows_seen(
        self, X: pd.DataFrame | str | Path | photos.Checked, partial: bool
    ) -> tuple[Model, pd.DataFrame, list[RowFault], Report, FeatureStore, Stages]:
        """Read what the store lacks; return all that answering takes."""
        model = self._check_fitted()
        frame, faults = photos.checked(X, images=self.images, schema=model.schema)
        self.ocr_, self.further_ = adopted(self.ocr_, self.further_)
        report = self._extract(frame, partial)
        stages = (self.ocr_, self.embedder_, self.further_)
        return model, frame, faults, report, FeatureStore(self.store), stages

    def _check_fitted(self) -> Model:
        if not hasattr(self, "model_"):
            from .unfitted import UnfittedError

            raise UnfittedError(
                "this EntityExtractor is not fitted: call fit(rows), or hybridml.load(path) for a trained one"
            )
        model: Model = self.model_
        return model
