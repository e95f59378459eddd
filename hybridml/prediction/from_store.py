"""Rows answered from the store, one after the other as their photos come: memory for a batch, not for all answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hybridml.datasets.groups import photo_names
from hybridml.datasets.rows import RowFault
from hybridml.ranking.answer import Answer
from hybridml.ranking.embedding_pca import ImageBlock
from hybridml.ranking.model import Model, Projection, Ranked
from hybridml.store.extraction import Report
from hybridml.store.feature_store import FeatureStore, vectors_of
from hybridml.store.seeing import Stages, settings_of
from hybridml.vision.stages import Stage

DAMAGED = "its reading was in a damaged shard; the same command again reads it anew"
NOT_YET = "not read yet"


@dataclass(frozen=True)
class Answered:
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


def answer_rows(
    model: Model,
    frame: pd.DataFrame,
    faults: Iterable[RowFault],
    report: Report,
    store: FeatureStore,
    stages: Stages,
) -> Iterator[Answered]:
    """Yield each row's answer once, in the order in which the photos come from the store, those without one last.

    Parameters
    ----------
    model : Model
        What answers.
    frame : data frame
        Checked rows.
    faults : iterable of RowFault
        What is wrong with single rows.
    report : Report
        Of reading and looking; photos whose reading turns out to be lost are added to ``report.failed``.
    store : FeatureStore
        What was read and seen.
    stages : (reader, embedder or None, looks)
        Whose results to answer from.
    """
    entities = list(frame["entity_name"])
    for row, ranked, problem in ranked_rows(model, frame, faults, report, store, stages):
        yield Answered(row, ranked.answer if ranked else Answer(entities[row]), problem)


def ranked_rows(
    model: Model,
    frame: pd.DataFrame,
    faults: Iterable[RowFault],
    report: Report,
    store: FeatureStore,
    stages: Stages,
) -> Iterator[tuple[int, Ranked | None, str]]:
    """Yield position, what was considered and problem of each row as :func:`answer_rows` does; None without photo."""
    ocr, embedder, further = stages
    names, entities = photo_names(frame), list(frame["entity_name"])
    keys = keys_of(names, report)
    present = list(dict.fromkeys(key for key in keys if key))
    known = problems_of(frame, faults, names, report)

    def problem(row: int) -> str:
        return known(row) or (NOT_YET if names[row] in report.waiting or row in late else "")

    late: set[int] = set()
    settings = settings_of(ocr, further)
    unread = None
    if report.partial and "second_pass" in settings:
        unread = store.table("ocr", settings["second_pass"]).finder(present)
    done = np.zeros(len(frame), dtype=bool)
    seen = store.photo_features(settings, present)
    found = model.ranked(keys, entities, seen, projection(model.image_block, store, embedder, present))
    for row, ranked in found:
        done[row] = True
        # nothing found that could answer it: the second look, still to come, may find it
        if unread is not None and not ranked.candidates and not unread.has([keys[row] or ""])[0]:
            late.add(row)
        yield row, ranked, problem(row)
    for row in np.flatnonzero(~done).tolist():
        if keys[row] is not None and report.partial:
            late.add(row)
        elif keys[row] is not None:
            report.failed[names[row]] = DAMAGED
        yield row, None, problem(row)


def problems_of(
    frame: pd.DataFrame, faults: Iterable[RowFault], names: Sequence[str], report: Report
) -> Callable[[int], str]:
    """Return what says why a row cannot be answered: its own fault, or what became of its photo; blank for neither."""
    of_row = {fault.index: f"{fault.column}: {fault.problem}" for fault in faults}
    indexes = frame["index"].to_numpy()
    return lambda row: of_row.get(indexes[row], "") or report.failed.get(names[row], "")


def keys_of(names: Sequence[str], report: Report) -> list[str | None]:
    """Return the key of each row's photo, None where reading or looking failed or is still to come."""
    return [
        None if name in report.failed or name in report.waiting else report.keys.get(name) for name in names
    ]


def projection(
    block: ImageBlock | None, store: FeatureStore, embedder: Stage | None, keys: Sequence[str]
) -> Projection | None:
    """Return what reduces the stored embeddings of some of ``keys``."""
    if block is None or embedder is None:
        return None
    finder = store.table("embedding", embedder.settings).finder(keys)
    return lambda some: block.project(vectors_of(finder.records(some)))


def answers_frame(frame: pd.DataFrame, answered: Iterable[Answered]) -> pd.DataFrame:
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
