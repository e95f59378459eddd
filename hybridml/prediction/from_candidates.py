"""Rows described once into a file of candidates, and answered from it alone: no photo, no store, no engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.candidates.find import Candidate
from hybridml.candidates.parquet import CandidateFile, Described, writing
from hybridml.candidates.table import CandidateTable, Rows
from hybridml.datasets.groups import photo_names
from hybridml.datasets.photos import Checked
from hybridml.datasets.rows import RowFault
from hybridml.errors import ArtifactError
from hybridml.ranking.answer import Answer
from hybridml.ranking.model import Model
from hybridml.ranking.scoring import answer_of
from hybridml.store.extraction import Report
from hybridml.store.feature_store import FeatureStore
from hybridml.store.seeing import Stages, settings_of
from hybridml.vision.photo_features import PhotoFeatures, as_photo_features

from .candidate_facts import differences, facts_of, told
from .from_store import DAMAGED, Answered, keys_of, problems_of, projection

if TYPE_CHECKING:
    from hybridml.estimator import EntityExtractor

ABSENT = "the file of candidates has no row of this image_link and entity_name; describe it with 'hybridml candidates'"


def describe_rows(
    path: str | Path,
    facts: Mapping[str, Any],
    model: Model,
    frame: pd.DataFrame,
    faults: Iterable[RowFault],
    report: Report,
    store: FeatureStore,
    stages: Stages,
    progress: bool = False,
) -> int:
    """Write the candidates of rows to a file, in memory for some photos at a time.

    Parameters
    ----------
    path : path
        The Parquet file to write or replace.
    facts : mapping
        What the candidates are made with, :func:`hybridml.prediction.candidate_facts.facts_of`.
    model, frame, faults, report, store, engines
        As for :func:`hybridml.prediction.from_store.answer_rows`.
    progress : bool
        Show a progress bar.

    Returns
    -------
    int
        How many rows have a candidate.
    """
    from tqdm import tqdm

    ocr, embedder, further = stages
    names, entities = photo_names(frame), list(frame["entity_name"])
    keys = keys_of(names, report)
    present = list(dict.fromkeys(key for key in keys if key))
    project = projection(model.image_block, store, embedder, present)
    problem = problems_of(frame, faults, names, report)
    done = np.zeros(len(frame), dtype=bool)
    shown = 0
    with (
        writing(path, frame, facts) as file,
        tqdm(total=len(frame), desc="candidates", unit="row", disable=not progress) as bar,
    ):
        for found, asked in model.batches(keys, store.photo_features(settings_of(ocr, further), present)):
            rows, table = model.described([keys[i] for i in asked], [entities[i] for i in asked], found)
            texts = [
                _text(candidate, as_photo_features(found[rows.keys[row] or ""]), row in table.second_pass)
                for candidate, row in zip(table.candidates, table.row.tolist(), strict=True)
            ]
            positions = [*asked, *[None] * (len(rows.keys) - len(asked))]
            projected = project(list(found)) if project else {}
            file.add(Described(positions, rows, table, projected, texts), problem)
            done[asked] = True
            shown += len(np.unique(table.row[table.row < len(asked)]))
            bar.update(len(asked))
        left = np.flatnonzero(~done).tolist()
        report.failed |= {names[row]: DAMAGED for row in left if keys[row] is not None}
        if left:
            nothing = CandidateTable((), np.zeros((0, 0), np.float32), np.zeros(0, np.int64), [])
            rows = Rows([None] * len(left), [entities[row] for row in left])
            file.add(Described(left, rows, nothing, {}, []), problem)
            bar.update(len(left))
    return shown


def _text(candidate: Candidate, photo_features: PhotoFeatures, second_pass: bool) -> str:
    ocr_result = (
        photo_features.second_pass
        if second_pass and photo_features.second_pass
        else photo_features.ocr_result
    )
    return ocr_result.lines[candidate.line].text


class DescribedRows:
    """Rows of a file of candidates, to be answered by a model that describes candidates as the file does.

    Parameters
    ----------
    path : path
        What :meth:`hybridml.EntityExtractor.write_candidates` wrote.
    extractor : EntityExtractor
        Whose model answers.
    given : (data frame, faults), optional
        Checked rows to answer, found in the file by ``image_link`` and ``entity_name``; by default the file's own.

    Attributes
    ----------
    frame : data frame
        The rows to answer.
    problems : list of str
        Why each cannot be answered, blank where it can.

    Raises
    ------
    StoreError
        When the file cannot be read.
    ArtifactError
        When its candidates were described otherwise; the message says what differs.
    """

    def __init__(self, path: str | Path, extractor: EntityExtractor, given: Checked | None = None) -> None:
        self._model = extractor.model_
        facts = facts_of(extractor)
        self._file = CandidateFile(path)
        other = differences(self._file.facts, facts)
        if other:
            raise ArtifactError(
                f"{path}: its candidates were described otherwise than this model does ({told(other)}). "
                "Describe them again with 'hybridml candidates --model', or name the model that they were made for"
            )
        if given is None:
            own = self._file.rows()
            self.frame, self.problems = own.frame, own.problems
            self._number, self._group = own.number, own.group
        else:
            self.frame, faults = given
            own = self._file.rows(self.frame["image_link"])
            places = _places(self.frame, own.frame)
            there = places >= 0
            self._number = np.where(there, np.append(own.number, -1)[places], -1)
            self._group = np.append(own.group, -1)[places]
            of_row = {fault.index: f"{fault.column}: {fault.problem}" for fault in faults}
            self.problems = [
                of_row.get(index) or (own.problems[place] if place >= 0 else ABSENT)
                for index, place in zip(self.frame["index"].tolist(), places.tolist(), strict=True)
            ]
        self._all = given is None

    def answers(self) -> Iterator[Answered]:
        """Yield each row's answer once, in the order of the file, those that it lacks first."""
        entities = self.frame["entity_name"].to_numpy()
        order = np.argsort(self._number, kind="stable")
        number = self._number[order]
        first = int(np.searchsorted(number, 0))
        for row in order[:first].tolist():
            yield Answered(row, Answer(entities[row]), self.problems[row])
        groups = np.unique(self._group[order[first:]]).tolist()
        for described in self._file.described(groups, None if self._all else number[first:]):
            for at, answer in self._answers(described):
                begin, end = np.searchsorted(number, [at, at + 1])
                for row in order[begin:end].tolist():
                    yield Answered(row, answer, self.problems[row])

    def _answers(self, described: Described) -> Iterator[tuple[int, Answer]]:
        """Yield number in the file and answer of the rows among ``described``."""
        rows, table = described.rows, described.table
        bare = {i: at for i, at in enumerate(described.positions) if at is not None}
        if len(table):
            table = self._model.columns.add(
                table, rows.keys, rows.entities, described.projected, self._model.schema
            )
            for each in self._model.scored_rows(table, rows, set(bare)):
                best = each.where.start + each.order[0][0]
                text = described.texts[best] if each.answered else None
                candidates = table.candidates[each.where]
                yield (
                    bare.pop(each.row),
                    answer_of(rows.entities[each.row], candidates, each.order, text),
                )
        for i, at in bare.items():
            yield at, Answer(rows.entities[i])


def _places(frame: pd.DataFrame, own: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return where each row stands among a file's ``own``, -1 where it does not."""
    place: dict[tuple[str, str], int] = {}
    for at, asked in enumerate(zip(own["image_link"], own["entity_name"], strict=True)):
        place.setdefault(asked, at)
    wished = zip(frame["image_link"], frame["entity_name"], strict=True)
    return np.array([place.get(each, -1) for each in wished], dtype=np.int64)
