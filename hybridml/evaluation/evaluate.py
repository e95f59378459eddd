"""Evaluation of answers against labels, as plain data and as a table for people."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.datasets import rows
from hybridml.datasets.corrections import apply, read_corrections
from hybridml.datasets.groups import as_text
from hybridml.datasets.predictions import read_predictions, sidecar_of
from hybridml.entities import EntitySchema
from hybridml.errors import RowsError

from . import metrics

log = logging.getLogger(__name__)

COLUMNS = (
    ("rows", "rows", "{:d}"),
    ("F1", "f1", "{:.3f}"),
    ("precision", "precision", "{:.3f}"),
    ("recall", "recall", "{:.3f}"),
    ("accuracy", "accuracy", "{:.3f}"),
    ("F1 any unit", "f1_any_unit", "{:.3f}"),
    ("oracle F1", "oracle_f1", "{:.3f}"),
    ("SMAPE %", "smape", "{:.1f}"),
)

NOTES = {
    "range_labels": "labels are ranges, scored as their upper end",
    "foreign_labels": "labels have a unit that the entity does not allow and cannot be matched",
    "unreadable_labels": "labels are not understood and cannot be matched",
    "malformed": "answers have no legal form and count as wrong",
}


def evaluate(
    truth: Sequence[str],
    predictions: Sequence[str],
    entities: Sequence[str],
    candidates: Sequence[Sequence[str]] | None = None,
    schema: EntitySchema | None = None,
) -> dict[str, Any]:
    """Score answers, over all and per entity.

    Parameters
    ----------
    truth, predictions, entities : sequences of str, one per row
    candidates : sequence of sequences of str, optional
        Every candidate of each row, for the oracle's F1.
    schema : EntitySchema, optional
        Entities and units.

    Returns
    -------
    dict
        ``all`` and ``per_entity`` (by name): the scores as plain numbers, None where not defined.
    """
    reachable = metrics.reachable(truth, candidates, schema) if candidates is not None else None
    scores = {
        str(name): {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in found.to_dict().items()
        }
        for name, found in metrics.per_entity(truth, predictions, entities, reachable, schema).items()
    }
    return {"all": scores.pop(metrics.ALL), "per_entity": scores}


def text_of(result: Mapping[str, Any]) -> str:
    """Return the result of :func:`evaluate` as an aligned table."""
    lines = [["", *(title for title, _, _ in COLUMNS)]]
    for name, scores in [*result["per_entity"].items(), ("all", result["all"])]:
        cells = [
            "-" if scores.get(key) is None else pattern.format(scores[key]) for _, key, pattern in COLUMNS
        ]
        lines.append([name, *cells])
    first, *others = (max(map(len, column)) for column in zip(*lines, strict=True))
    table = ["  ".join([line[0].ljust(first), *map(str.rjust, line[1:], others)]) for line in lines]
    counts = result["all"]
    notes = [f"note: {counts[key]} {note}" for key, note in NOTES.items() if counts.get(key)]
    return "\n".join([*table, *notes])


def _aligned(truth: pd.DataFrame, table: pd.DataFrame, what: str) -> pd.DataFrame:
    """Return the lines of ``table`` for the rows of ``truth``, in their order."""
    position = {as_text(index): i for i, index in enumerate(table["index"])}
    wanted = [as_text(index) for index in truth["index"]]
    missing = [index for index in wanted if index not in position]
    if missing:
        raise RowsError(
            f"{what} has no line for {len(missing)} of {len(truth)} rows, the first of index {missing[0]}; "
            "every row needs one, be it blank"
        )
    return table.iloc[[position[index] for index in wanted]]


def _texts(column: pd.Series) -> list[str]:
    return [as_text(value) for value in column]


def _read_truth(
    path: str | Path, schema: EntitySchema | None, corrections: str | Path | None = None
) -> pd.DataFrame:
    labelled, faults = rows.read_rows(path, truth=True, schema=schema)
    if corrections is not None:
        corrected = apply(labelled, read_corrections(corrections, schema))
        log.log(logging.WARNING if corrected.unknown else logging.INFO, "%s: %s", path, corrected)
        labelled, faults = corrected.frame, corrected.standing(faults)
    if faults:
        log.warning(
            "%s: %d faults in single rows, which are scored as they are; the first: %s",
            path,
            len(faults),
            faults[0],
        )
    return labelled


def evaluate_files(
    truth: str | Path,
    predictions: str | Path,
    details: str | Path | None = None,
    schema: EntitySchema | None = None,
    corrections: str | Path | None = None,
) -> dict[str, Any]:
    """Score a file of answers against a file of labels.

    Parameters
    ----------
    truth : path
        Rows with ``entity_value``.
    predictions : path
        ``index,prediction``; lines of rows that ``truth`` lacks are left out.
    details : path, optional
        The sidecar that ``predict`` wrote, for the oracle's F1; by default the one beside ``predictions``, if it
        belongs to these answers.
    schema : EntitySchema, optional
        Entities and units.
    corrections : path, optional
        Labels that a person corrected; see :func:`hybridml.datasets.corrections.read_corrections`.

    Raises
    ------
    RowsError
        When a file is malformed, or rows have no line.
    """
    labelled = _read_truth(truth, schema, corrections)
    answers = _texts(_aligned(labelled, read_predictions(predictions), str(predictions))["prediction"])
    sidecar = Path(details) if details else sidecar_of(predictions)
    candidates = None
    if sidecar.is_file():
        candidates = _candidates(sidecar, labelled, answers)
        if candidates is None and details:
            raise RowsError(
                f"{sidecar} is not the sidecar of the answers in {predictions}; name the one that 'hybridml predict' "
                "wrote beside them"
            )
        if candidates is None:
            log.warning("%s is not the sidecar of these answers: no oracle", sidecar)
    elif details:
        raise RowsError(
            f"no sidecar at {details}; name the one that 'hybridml predict' wrote beside its answers"
        )
    return evaluate(
        _texts(labelled["entity_value"]), answers, _texts(labelled["entity_name"]), candidates, schema
    )


def _candidates(sidecar: Path, labelled: pd.DataFrame, answers: Sequence[str]) -> list[list[str]] | None:
    """Return each row's candidates, None when the sidecar lacks a row or has another answer for it."""
    found: dict[str, tuple[str, list[str]]] = {}
    with open(sidecar, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                record = json.loads(line)
                found[as_text(record["index"])] = (record["prediction"], list(record["candidates"]))
            except (ValueError, KeyError, TypeError) as error:
                raise RowsError(
                    f"{sidecar}, line {number}: not a line of a sidecar ({type(error).__name__}: {error}); expected "
                    "what 'hybridml predict' writes beside its answers"
                ) from None
    indexes = _texts(labelled["index"])
    if any(found.get(i, (None,))[0] != answer for i, answer in zip(indexes, answers, strict=True)):
        return None
    return [found[i][1] for i in indexes]


def evaluate_by_training(
    truth: str | Path,
    answers: pd.DataFrame,
    trained_on: npt.NDArray[np.bool_],
    what: str = "",
    schema: EntitySchema | None = None,
) -> list[tuple[str, dict[str, Any]]]:
    """Score answers separately for rows whose group or photo was trained on and for the others, each with a title.

    Parameters
    ----------
    truth, schema
        As for :func:`evaluate_files`.
    answers : data frame
        As :meth:`hybridml.EntityExtractor.predict` returns it.
    trained_on : bool array, one per answer
        Whether the model was trained on the row's group or photo.
    what : str
        Kind of the labels, for the titles.
    """
    labelled = _read_truth(truth, schema)
    chosen = _aligned(labelled, answers.assign(trained_on=trained_on), "the table of answers")
    trained_on = chosen["trained_on"].to_numpy(dtype=bool)
    results = []
    for keep, title in (
        (~trained_on, "score on rows whose groups and photos were not trained on"),
        (trained_on, "score on rows WHOSE GROUP OR PHOTO WAS TRAINED ON: no measure of quality"),
    ):
        if keep.any():
            rows_kept, kept = labelled[keep], chosen[keep]
            result = evaluate(
                _texts(rows_kept["entity_value"]),
                _texts(kept["prediction"]),
                _texts(rows_kept["entity_name"]),
                list(kept["candidates"]),
                schema,
            )
            results.append((f"{title}{f' ({what})' if what else ''}", result))
    return results
