"""Output of answers: as a data frame, or chunk by chunk with the details in a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from tqdm import tqdm

from hybridml.datasets.faults_file import FaultyRow
from hybridml.datasets.groups import PHOTO
from hybridml.datasets.rows import PRODUCT
from hybridml.ranking.model import Model
from hybridml.utils.files import atomic

from .blanking import Blanking
from .from_store import NOT_YET, AnsweredRow
from .products import combine
from .sidecar import SidecarWriter, sidecar_record
from .unit_conversion import convert_units


class AnswerRequest(Protocol):
    """Rows to answer, with all that it takes: from the feature store, or from a file of candidates."""

    @property
    def frame(self) -> pd.DataFrame:
        """The rows."""

    def answers(self) -> Iterator[AnsweredRow]:
        """Yield the answer to each row once, in any order."""

    def row_faults(self, path: str) -> list[FaultyRow]:
        """Return the faults of the rows themselves, which were read from the file ``path``."""

    def photo_faults(self) -> list[FaultyRow]:
        """Return the rows whose photo failed, once they are answered."""


@dataclass
class TableAnswers:
    """The answers to a table of rows, but for their details.

    Parameters
    ----------
    frame : data frame
        A line per row: ``index, prediction, confidence``, blanked and in the units asked for. For scoring also
        ``as_read`` (the prediction in the unit that was read), ``candidates`` and ``trained_on``.
    product_rows : data frame
        The rows that show a product.
    faulty : list of FaultyRow
        The rows that have a fault or whose photo failed, the former first.
    waiting : int
        Rows whose photo is not read yet.
    """

    frame: pd.DataFrame
    product_rows: pd.DataFrame
    faulty: list[FaultyRow]
    waiting: int

    def products(self, model: Model) -> pd.DataFrame:
        """Return one answer per product and entity; see :func:`hybridml.prediction.products.combine`."""
        return combine(self.frame.loc[self.product_rows.index], self.product_rows, model.schema)


def answers_frame(request: AnswerRequest) -> pd.DataFrame:
    """Return the answers as the table that :meth:`hybridml.EntityExtractor.predict` describes."""
    by_row = sorted(request.answers(), key=lambda each: each.row)
    answers = [each.answer for each in by_row]
    columns = ("prediction", "value", "unit", "confidence", "box", "text", "runner_ups", "candidates")
    return pd.DataFrame(
        {
            "index": list(request.frame["index"]),
            **{name: [getattr(answer, name) for answer in answers] for name in columns},
            "problem": [each.problem for each in by_row],
        },
        index=request.frame.index,
    )


def answer_table(
    requests: Iterable[AnswerRequest],
    model: Model,
    path: str = "",
    details: Path | None = None,
    blanking: Blanking | None = None,
    units: Mapping[str, str] | None = None,
    for_scoring: bool = False,
    total: int | None = None,
    progress: bool = False,
) -> TableAnswers:
    """Answer a table of rows chunk by chunk, and write the details of each answer to a file.

    Some forty bytes of a row stay in memory; more of rows that show a product or have a fault, and for scoring.

    Parameters
    ----------
    requests : iterable of AnswerRequest
        The chunks of the table, in its order.
    model : Model
        The model that answers.
    path : str
        The file that the rows were read from, which faults name.
    details : path, optional
        The sidecar to write or replace.
    blanking : Blanking, optional
        Which answers are left blank; by default none.
    units : mapping of entity to unit, optional
        Units to answer in; see :func:`hybridml.prediction.unit_conversion.wanted_units`.
    for_scoring : bool
        Keep what the F1 of the answers is computed from.
    total : int, optional
        How many rows there are, for the progress bar.
    progress : bool
        Show a progress bar.
    """
    frames: list[pd.DataFrame] = []
    product_rows: list[pd.DataFrame] = []
    row_faults: list[FaultyRow] = []
    photo_faults: list[FaultyRow] = []
    waiting = first = 0
    with ExitStack() as stack:
        sidecar = None
        if details:
            temporary = stack.enter_context(atomic(details))
            sidecar = SidecarWriter(stack.enter_context(open(temporary, "w", encoding="utf-8")))
        # delayed, as photos that the store lacks are read before the first answer and have a bar of their own
        bar = tqdm(desc="answers", total=total, unit="row", disable=not progress, delay=0.1)
        stack.enter_context(bar)
        answering = _Answering(model, blanking or Blanking(), units or {}, for_scoring, sidecar, bar.update)
        for request in requests:
            answers, late = answering.answer(request, first)
            row_faults += request.row_faults(path)
            photo_faults += request.photo_faults()
            frames.append(answers)
            product_rows.append(_product_rows(request.frame, first))
            waiting += late
            first += len(request.frame)
    together = pd.concat(frames, ignore_index=True)
    return TableAnswers(together, pd.concat(product_rows), row_faults + photo_faults, waiting)


@dataclass(frozen=True)
class _Answering:
    """How the chunks of a table are answered; ``answered`` is called once per row."""

    model: Model
    blanking: Blanking
    units: Mapping[str, str]
    for_scoring: bool
    sidecar: SidecarWriter | None
    answered: Callable[[], object]

    def answer(self, request: AnswerRequest, first: int) -> tuple[pd.DataFrame, int]:
        """Return the answers to a chunk whose rows count from ``first``, and how many of them wait for their photo."""
        frame, waiting = request.frame, 0
        indexes, links, entities = (frame[c].to_numpy() for c in ("index", "image_link", "entity_name"))
        predictions = np.full(len(frame), "", dtype=object)
        confidence = np.zeros(len(frame))
        as_read = predictions.copy()
        candidates: list[tuple[str, ...]] = [()] * len(frame)
        for each in request.answers():
            row, rule = each.row, self.blanking.rule_for(each.answer)
            shown = convert_units(each.answer, self.units, self.model.schema)
            if not rule:
                # interned, as a million answers are a few thousand distinct texts
                predictions[row] = sys.intern(shown.prediction)
                confidence[row] = shown.confidence
            if self.for_scoring:
                as_read[row] = "" if rule else sys.intern(each.answer.prediction)
                candidates[row] = tuple(map(sys.intern, each.answer.candidates))
            waiting += each.problem == NOT_YET
            if self.sidecar:
                asked = {"index": indexes[row], "image_link": links[row], "entity_name": entities[row]}
                more = {"problem": each.problem, "prediction": predictions[row], "blanked_by": rule}
                record = sidecar_record(asked, shown, each.answer if self.units else None, **more)
                self.sidecar.write(first + row, record)
            self.answered()
        columns: dict[str, Any] = {"index": indexes, "prediction": predictions, "confidence": confidence}
        if self.for_scoring:
            trained_on = self.model.trained_on(frame)
            columns |= {"as_read": as_read, "candidates": candidates, "trained_on": trained_on}
        return pd.DataFrame(columns), waiting


def _product_rows(frame: pd.DataFrame, first: int) -> pd.DataFrame:
    """Return the rows of a chunk that show a product, numbered from ``first``."""
    if PRODUCT not in frame.columns:
        return pd.DataFrame()
    needed = [c for c in ("index", "image_link", "entity_name", PHOTO, PRODUCT) if c in frame.columns]
    return frame[needed].set_axis(range(first, first + len(frame)))[frame[PRODUCT].to_numpy() != ""]
