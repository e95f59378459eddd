"""Answers from a candidates file, without photos, feature store or vision stages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from tqdm import tqdm

from hybridml.candidates.features import VERSION as FEATURES_VERSION
from hybridml.candidates.parquet import CandidateFile, writing
from hybridml.candidates.table import CandidateTable, DescribedRows, Rows
from hybridml.datasets.faults_file import FaultyRow, faulty_rows
from hybridml.datasets.photos import Checked
from hybridml.errors import ArtifactError
from hybridml.ranking.answer import Answer
from hybridml.ranking.model import Model
from hybridml.utils.plain_data import checksum
from hybridml.vision.stages import LIBRARIES, Stage, VisionStages

from .from_store import DAMAGED_SHARD, AnsweredRow, PredictionRequest

LISTED_DIFFERENCES = 6
"""Differences that an error lists before it only counts."""

NO_CANDIDATES_OF_ROW = (
    "the candidates file has no row with this image_link and entity_name; add it with 'hybridml candidates'"
)


def write_candidates(path: str | Path, request: PredictionRequest, progress: bool = False) -> int:
    """Write the candidates of rows to a Parquet file, some photos at a time, and return how many rows have any."""
    frame = request.frame
    done = np.zeros(len(frame), dtype=bool)
    found = 0
    with (
        writing(path, frame, facts_of(request.model, request.stages)) as file,
        tqdm(total=len(frame), desc="candidates", unit="row", disable=not progress) as bar,
    ):
        for described in request.described():
            asked = [position for position in described.positions if position is not None]
            file.add(described, request.problem)
            done[asked] = True
            found += len(np.unique(described.table.row[described.table.row < len(asked)]))
            bar.update(len(asked))
        left = np.flatnonzero(~done).tolist()
        request.report.failed |= {
            request.names[row]: DAMAGED_SHARD for row in left if request.keys[row] is not None
        }
        if left:
            nothing = CandidateTable((), np.zeros((0, 0), np.float32), np.zeros(0, np.int64), [])
            rows = Rows([None] * len(left), [request.entities[row] for row in left])
            file.add(DescribedRows(left, rows, nothing, {}, []), request.problem)
            bar.update(len(left))
    return found


class CandidateFileRequest:
    """Rows to answer from a candidates file, by a model that describes candidates as the file does.

    Parameters
    ----------
    path : path
        The file that :meth:`hybridml.EntityExtractor.write_candidates` wrote.
    model : Model
        The model that answers.
    stages : VisionStages
        Its vision stages.
    given : (data frame, faults), optional
        Checked rows to answer, found in the file by ``image_link`` and ``entity_name``; by default the file's own.

    Attributes
    ----------
    frame : data frame
        The rows to answer.
    problems : list of str
        Why each row cannot be answered, blank where it can.

    Raises
    ------
    StoreError
        When the file cannot be read.
    ArtifactError
        When its candidates are described differently; the message says what differs.
    """

    def __init__(
        self, path: str | Path, model: Model, stages: VisionStages, given: Checked | None = None
    ) -> None:
        self._model = model
        facts = facts_of(model, stages)
        self._file = CandidateFile(path)
        other = differences(self._file.facts, facts)
        if other:
            raise ArtifactError(
                f"{path}: its candidates are not described as this model does it ({_summary(other)}). "
                "Describe them again with 'hybridml candidates --model', or name the model that they were made for"
            )
        if given is None:
            own = self._file.rows()
            self.frame, self.problems = own.frame, own.problems
            self._number, self._group = own.number, own.group
        else:
            self.frame, faults = given
            own = self._file.rows(self.frame["image_link"])
            positions = _positions(self.frame, own.frame)
            self._number = np.where(positions >= 0, np.append(own.number, -1)[positions], -1)
            self._group = np.append(own.group, -1)[positions]
            of_row = {fault.index: f"{fault.column}: {fault.problem}" for fault in faults}
            self.problems = [
                of_row.get(index) or (own.problems[at] if at >= 0 else NO_CANDIDATES_OF_ROW)
                for index, at in zip(self.frame["index"].tolist(), positions.tolist(), strict=True)
            ]
        self._all = given is None

    def answers(self) -> Iterator[AnsweredRow]:
        """Yield the answer to each row once, in the order of the file; rows that it lacks come first."""
        entities = self.frame["entity_name"].to_numpy()
        order = np.argsort(self._number, kind="stable")
        number = self._number[order]
        first = int(np.searchsorted(number, 0))
        for row in order[:first].tolist():
            yield AnsweredRow(row, Answer(entities[row]), self.problems[row])
        groups = np.unique(self._group[order[first:]]).tolist()
        for described in self._file.described(groups, None if self._all else number[first:]):
            for at, ranked in self._model.rank(described):
                begin, end = np.searchsorted(number, [at, at + 1])
                for row in order[begin:end].tolist():
                    yield AnsweredRow(row, ranked.answer, self.problems[row])

    def row_faults(self, path: str) -> list[FaultyRow]:
        """Return the rows that cannot be answered, for the faults file; the file knows their reasons, not ``path``."""
        return faulty_rows(self.frame, self.problems)

    def photo_faults(self) -> list[FaultyRow]:
        """Return nothing: no photo is opened, and those that failed earlier are among :meth:`row_faults`."""
        return []


def _positions(frame: pd.DataFrame, own: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return the position of each row among a file's ``own`` rows, -1 where it is not one of them."""
    position: dict[tuple[str, str], int] = {}
    for at, asked in enumerate(zip(own["image_link"], own["entity_name"], strict=True)):
        position.setdefault(asked, at)
    wanted = zip(frame["image_link"], frame["entity_name"], strict=True)
    return np.array([position.get(each, -1) for each in wanted], dtype=np.int64)


def facts_of(model: Model, stages: VisionStages) -> dict[str, Any]:
    """Return everything that determines the candidates of a photo and their description, as plain JSON values.

    What is learned from labels is left out: a model that is trained again describes candidates as before.
    """
    image = model.embedding_pca
    facts = {
        "features": {
            "version": FEATURES_VERSION,
            "blocks": list(model.settings.blocks),
            "columns": list(model.ranker.columns_)[: -len(model.learned.names) or None],
        },
        "joint": model.settings.joint,
        "stages": {stage.kind: _stage(stage) for stage in stages if stage.kind != "embedding"},
        "image": {
            "embedding": _stage(stages.embedding) if stages.embedding else None,
            "columns": image.columns,
            "reduction": checksum(image.to_dict()),
        }
        if image
        else None,
        "entities": asdict(model.schema),
    }
    plain: dict[str, Any] = json.loads(json.dumps(facts))  # as they come back from a file
    return plain


def _stage(stage: Stage) -> dict[str, Any]:
    return {"name": stage.name, "settings": dict(stage.settings)}


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return a phrase for each fact that differs, apart from the versions of libraries.

    Examples
    --------
    >>> then, now = {"side": 736, "torch": "2.6"}, {"side": 960, "torch": "2.7"}
    >>> differences({"ocr": {"settings": then}}, {"ocr": {"settings": now}})
    ['ocr.settings.side: 736 there, 960 in the model']
    """
    old, new = dict(_flat(then)), dict(_flat(now))
    return [
        f"{path}: {_brief(old, path)} there, {_brief(new, path)} in the model"
        for path in dict.fromkeys([*old, *new])
        if path not in old or path not in new or old[path] != new[path]
    ]


def _summary(found: list[str]) -> str:
    """Return differences as part of a sentence: the first few, then how many more."""
    more = len(found) - LISTED_DIFFERENCES
    return "; ".join(found[:LISTED_DIFFERENCES]) + (f"; and {more} more" if more > 0 else "")


def _flat(facts: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield dotted path and value of everything in nested mappings, without the versions of libraries."""
    if isinstance(facts, Mapping) and facts:
        for name, value in facts.items():
            # "after" is a fingerprint of the OCR stage's settings, which are compared themselves
            if not ("settings" in path.split(".") and name in (*LIBRARIES, "after")):
                yield from _flat(value, f"{path}.{name}" if path else str(name))
    else:
        yield path, facts


def _brief(of: Mapping[str, object], path: str) -> str:
    if path not in of:
        return "nothing"
    text = repr(of[path])
    return text if len(text) <= 60 else f"{text[:50]}... ({len(text)} characters)"
