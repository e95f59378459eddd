"""Answers from the feature store: rows are answered one after the other, as the features of their photos come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from hybridml.candidates.table import DescribedRows
from hybridml.datasets.groups import photo_names
from hybridml.datasets.rows import RowFault
from hybridml.ranking.answer import Answer
from hybridml.ranking.model import Model, Projection, Ranked
from hybridml.store.extraction import ExtractionReport
from hybridml.store.feature_store import FeatureStore, vectors_of
from hybridml.vision.stages import VisionStages

DAMAGED = "its OCR result was in a damaged shard; the same command again reads it anew"
NOT_YET = "not read yet"


@dataclass(frozen=True)
class PredictionRequest:
    """Rows to answer from a feature store, with all that it takes.

    Parameters
    ----------
    model : Model
        What answers.
    frame : data frame
        Checked rows.
    faults : sequence of RowFault
        What is wrong with single rows.
    report : ExtractionReport
        Of the extraction of their photos. Photos whose stored results turn out to be lost are added to
        ``report.failed``.
    store : FeatureStore
        The features of the photos.
    stages : VisionStages
        Whose results to answer from.
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


def answer_rows(request: PredictionRequest) -> Iterator[AnsweredRow]:
    """Yield each row's answer once, in the order in which the photos come from the store, those without one last."""
    for row, ranked, problem in rank_rows(request):
        yield AnsweredRow(row, ranked.answer if ranked else Answer(request.entities[row]), problem)


def rank_rows(request: PredictionRequest) -> Iterator[tuple[int, Ranked | None, str]]:
    """Yield position, ranked candidates and problem of each row as :func:`answer_rows` does; None without a photo."""
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
            # without a candidate, the second pass that is still to come may find one
            if (
                second_pass is not None
                and not ranked.candidates
                and not second_pass.has([keys[row] or ""])[0]
            ):
                late.add(row)
            yield row, ranked, problem(row)
    for row in np.flatnonzero(~done).tolist():
        if keys[row] is not None and report.partial:
            late.add(row)
        elif keys[row] is not None:
            report.failed[request.names[row]] = DAMAGED
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


def answers_frame(frame: pd.DataFrame, answered: Iterable[AnsweredRow]) -> pd.DataFrame:
    """Return the answers as the table that :meth:`hybridml.EntityExtractor.predict` describes."""
    by_row = sorted(answered, key=lambda each: each.row)
    answers = [each.answer for each in by_row]
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
            "problem": [each.problem for each in by_row],
        },
        index=frame.index,
    )
