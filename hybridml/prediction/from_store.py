"""Answers from the feature store, row by row in the order in which the store yields the photos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from hybridml.candidates.table import DescribedRows
from hybridml.datasets.faults_file import FaultyRow, with_failed_photos, with_row_faults
from hybridml.datasets.groups import photo_names
from hybridml.datasets.rows import RowFault
from hybridml.ranking.answer import Answer
from hybridml.ranking.model import Model, Projection, Ranked
from hybridml.store.extraction import ExtractionReport
from hybridml.store.feature_store import FeatureStore, vectors_of
from hybridml.vision.stages import VisionStages

DAMAGED_SHARD = "its OCR result was in a damaged shard; the same command again reads it anew"
NOT_YET = "not read yet"


@dataclass(frozen=True)
class AnsweredRow:
    """The answer to one row.

    Parameters
    ----------
    row : int
        Position of the row.
    answer : Answer
        Empty where there is a problem.
    problem : str
        Why the row could not be answered, empty when it could.
    """

    row: int
    answer: Answer
    problem: str = ""


@dataclass(frozen=True)
class PredictionRequest:
    """Rows to answer from a feature store, with all that it takes.

    Parameters
    ----------
    model : Model
        The model that answers.
    frame : data frame
        Checked rows.
    faults : sequence of RowFault
        Faults of single rows.
    report : ExtractionReport
        The report on the extraction of their photos. Photos whose stored results turn out to be lost are added to
        ``report.failed``.
    store : FeatureStore
        Where the features of the photos are.
    stages : VisionStages
        The vision stages whose results to answer from.
    """

    model: Model
    frame: pd.DataFrame
    faults: Sequence[RowFault]
    report: ExtractionReport
    store: FeatureStore
    stages: VisionStages

    @cached_property
    def names(self) -> list[str]:
        """Name of each row's photo."""
        return list(photo_names(self.frame))

    @cached_property
    def entities(self) -> list[str]:
        """Entity of each row."""
        return list(self.frame["entity_name"])

    @cached_property
    def keys(self) -> list[str | None]:
        """Content key of each row's photo, None where extraction failed or is still to come."""
        return keys_of(self.names, self.report)

    @cached_property
    def present(self) -> list[str]:
        """Keys of the photos, each once."""
        return list(dict.fromkeys(key for key in self.keys if key))

    @cached_property
    def _faults_by_index(self) -> dict[object, str]:
        return {fault.index: f"{fault.column}: {fault.problem}" for fault in self.faults}

    @cached_property
    def _indexes(self) -> np.ndarray:
        return self.frame["index"].to_numpy()

    def problem(self, row: int) -> str:
        """Return why a row cannot be answered: a fault of its own, or what became of its photo; blank for neither."""
        fault = self._faults_by_index.get(self._indexes[row], "")
        return fault or self.report.failed.get(self.names[row], "")

    def described(self) -> Iterator[DescribedRows]:
        """Yield the rows with their candidates, some photos at a time."""
        photos = self.store.photo_features(self.stages.settings, self.present)
        project = projection(self.model, self.store, self.stages, self.present)
        return self.model.describe(self.keys, self.entities, photos, project)

    def answers(self) -> Iterator[AnsweredRow]:
        """Yield the answer to each row once, in the order of :func:`rank_rows`."""
        for row, ranked, problem in rank_rows(self):
            yield AnsweredRow(row, ranked.answer if ranked else Answer(self.entities[row]), problem)

    def row_faults(self, path: str) -> list[FaultyRow]:
        """Return the faults of single rows, which were read from the file ``path``, for the faults file."""
        return with_row_faults(path, self.frame, self.faults)

    def photo_faults(self) -> list[FaultyRow]:
        """Return the rows whose photo failed, for the faults file; complete once all rows are answered."""
        return with_failed_photos(self.frame, self.report.failed)


def rank_rows(request: PredictionRequest) -> Iterator[tuple[int, Ranked | None, str]]:
    """Yield position, ranked candidates and problem of each row once.

    They come in the order in which the store yields the photos; rows whose photo it lacks come last, with None for
    their candidates.
    """
    report, keys = request.report, request.keys

    def problem(row: int) -> str:
        waits = request.names[row] in report.waiting or row in late
        return request.problem(row) or (NOT_YET if waits else "")

    late: set[int] = set()
    second_pass = None
    if report.partial and request.stages.second_pass:
        second_pass = request.store.table_of(request.stages.second_pass).record_index(request.present)
    done = np.zeros(len(keys), dtype=bool)
    for described in request.described():
        for row, ranked in request.model.rank(described):
            done[row] = True
            # the second pass that is still to come may find the first candidate
            if second_pass and not ranked.candidates and not second_pass.has([keys[row] or ""])[0]:
                late.add(row)
            yield row, ranked, problem(row)
    for row in np.flatnonzero(~done).tolist():
        if keys[row] is not None and report.partial:
            late.add(row)
        elif keys[row] is not None:
            report.failed[request.names[row]] = DAMAGED_SHARD
        yield row, None, problem(row)


def projection(
    model: Model, store: FeatureStore, stages: VisionStages, keys: Sequence[str]
) -> Projection | None:
    """Return the function that reduces the stored embeddings of ``keys``; None where the model has no embedding."""
    pca = model.embedding_pca
    if pca is None or stages.embedding is None:
        return None
    record_index = store.table_of(stages.embedding).record_index(keys)
    return lambda some: pca.project(vectors_of(record_index.records(some)))


def keys_of(names: Sequence[str], report: ExtractionReport) -> list[str | None]:
    """Return the key of each row's photo, None where extraction failed or is still to come."""
    return [
        None if name in report.failed or name in report.waiting else report.keys.get(name) for name in names
    ]
