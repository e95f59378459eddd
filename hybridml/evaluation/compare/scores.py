"""Scores of the compared systems: as plain data, and as tables for people."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from hybridml.entities import EntitySchema
from hybridml.evaluation import metrics
from hybridml.evaluation.evaluate import evaluate

from .run import Folds, Outcome

SystemScores = Mapping[str, Any]
Line = tuple[str, ...]

HEAD = (
    "system",
    "ocr",
    "F1",
    "mean ± sd of folds",
    "F1 any unit",
    "SMAPE % (rows)",
    "train s/photo",
    "predict s/photo",
    "read s/photo",
    "size",
)
"""Columns of the table of the systems."""

PER_ENTITY = "F1 per entity, ± standard deviation of folds"
"""Title of the table per entity."""

CSV_COLUMNS = (
    "system",
    "ocr",
    "entity",
    "rows",
    "f1",
    "f1_mean",
    "f1_sd",
    "f1_any_unit",
    "precision",
    "recall",
    "accuracy",
    "smape",
    "smape_rows",
    "train_seconds_a_photo",
    "predict_seconds_a_photo",
    "read_seconds_a_photo",
    "bytes",
    "error",
)


def score(
    outcome: Outcome, frame: pd.DataFrame, fold: Folds, schema: EntitySchema | None = None
) -> dict[str, Any]:
    """Return the scores of one system's outcome on labelled rows, given each row's fold, as plain data.

    Returns
    -------
    dict
        ``system, ocr, parameters, error``; of a system that did not fail also its cost, and ``all`` and ``per_entity``
        (by name) as :func:`hybridml.evaluation.evaluate.evaluate` returns them, each with ``fold_f1`` and the mean and
        standard deviation of these.
    """
    result: dict[str, Any] = {
        "system": outcome.system,
        "ocr": outcome.ocr,
        "parameters": {name: _plain(value) for name, value in outcome.parameters.items()},
        "error": outcome.error,
    }
    if outcome.error:
        return result
    truth, entities = list(frame["entity_value"]), np.array(list(frame["entity_name"]), dtype=object)
    found = evaluate(truth, outcome.predictions, list(entities), schema=schema)
    for name, line in (("", found["all"]), *found["per_entity"].items()):
        here = (entities == name) if name else np.ones(len(truth), dtype=bool)
        f1 = [_f1(truth, outcome.predictions, here & (fold == k), schema) for k in np.unique(fold[here])]
        line["fold_f1"] = f1
        line["f1_mean"] = float(np.mean(f1)) if f1 else None
        line["f1_sd"] = float(np.std(f1, ddof=1)) if len(f1) > 1 else None
    return {
        **result,
        "train_seconds_a_photo": outcome.train_seconds_a_photo,
        "predict_seconds_a_photo": outcome.predict_seconds_a_photo,
        "read_seconds_a_photo": outcome.vision_seconds,
        "bytes": outcome.size,
        **found,
    }


def _f1(truth: Sequence[str], predictions: Sequence[str], where: Any, schema: EntitySchema | None) -> float:
    at = np.flatnonzero(where).tolist()
    return metrics.score([truth[i] for i in at], [predictions[i] for i in at], schema=schema).f1


def _plain(value: Any) -> Any:
    """Return a parameter as a value that JSON has."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(v) for v in value]
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)


def csv_lines(results: Sequence[SystemScores]) -> Iterator[list[Any]]:
    """Yield a line of :data:`CSV_COLUMNS` for each system and entity, "all" first; one for a system that failed."""
    for result in results:
        parts = {"all": result["all"], **result["per_entity"]} if not result["error"] else {"all": {}}
        for entity, part in parts.items():
            line = {**result, **part, "entity": entity}
            yield ["" if line.get(name) is None else _cell(line[name]) for name in CSV_COLUMNS]


def _cell(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value


def table(results: Sequence[SystemScores]) -> str:
    """Return a table of the systems, a table of their F1 per entity, and the systems that failed."""
    parts = []
    if any(not result["error"] for result in results):
        parts = [markdown(*overall(results)), f"{PER_ENTITY}\n\n{markdown(*per_entity(results))}"]
    return "\n\n".join([*parts, *failures(results)])


def overall(results: Sequence[SystemScores]) -> tuple[Line, list[Line]]:
    """Return head and lines of the table of the systems that did not fail."""
    return HEAD, [_line(result) for result in results if not result["error"]]


def per_entity(results: Sequence[SystemScores]) -> tuple[Line, list[Line]]:
    """Return head and lines of the table of their F1 per entity."""
    good = [result for result in results if not result["error"]]
    entities = sorted({name for result in good for name in result["per_entity"]})
    lines = [
        (*_name_and_ocr(result), *(_spread(result["per_entity"].get(name), "f1") for name in entities))
        for result in good
    ]
    return (*HEAD[:2], *entities), lines


def failures(results: Sequence[SystemScores]) -> list[str]:
    """Return a sentence for each system that failed: which, and why."""
    return [f"failed: {named(result)}: {result['error']}" for result in results if result["error"]]


def named(result: SystemScores) -> str:
    """Return a system's name, with its OCR engine where it has one."""
    return f"{result['system']} ({result['ocr']})" if result["ocr"] else str(result["system"])


def _name_and_ocr(result: SystemScores) -> tuple[str, str]:
    return result["system"], result["ocr"] or "-"


def _line(result: SystemScores) -> Line:
    every = result["all"]
    smape = "-" if every["smape"] is None else f"{every['smape']:.1f} ({every['smape_rows']})"
    return (
        *_name_and_ocr(result),
        f"{every['f1']:.3f}",
        _spread(every, "f1_mean"),
        f"{every['f1_any_unit']:.3f}",
        smape,
        *(seconds_text(result[f"{what}_seconds_a_photo"]) for what in ("train", "predict", "read")),
        size_text(result["bytes"]),
    )


def _spread(line: Mapping[str, Any] | None, of: str) -> str:
    if line is None:
        return "-"
    return f"{line[of]:.3f}" + ("" if line["f1_sd"] is None else f" ± {line['f1_sd']:.3f}")


def seconds_text(seconds: float) -> str:
    """Return seconds, rounded for people.

    Examples
    --------
    >>> seconds_text(2e-9), seconds_text(0.0112), seconds_text(1.2701)
    ('0', '0.0112', '1.27')
    """
    return f"{seconds:.3g}" if seconds >= 0.0001 else "0"


def size_text(size: int) -> str:
    """Return a number of bytes, rounded for people.

    Examples
    --------
    >>> size_text(0), size_text(1234), size_text(48_100_000)
    ('0', '1.2 kB', '48 MB')
    """
    power = min(int(math.log10(max(size, 1))) // 3, 3)
    number, unit = size / 1000**power, ("", " kB", " MB", " GB")[power]
    return f"{number:.1f}{unit}" if power and number < 10 else f"{number:.0f}{unit}"


def markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table with aligned columns: texts to the left, numbers to the right.

    Examples
    --------
    >>> print(markdown(["system", "ocr", "F1"], [["first", "rapidocr", "0.664"]]))
    | system | ocr      |    F1 |
    |--------|----------|------:|
    | first  | rapidocr | 0.664 |
    """
    widths = [max(len(line[i]) for line in (head, *lines)) for i in range(len(head))]

    def row(cells: Sequence[str]) -> str:
        padded = [*map(str.ljust, cells[:2], widths[:2]), *map(str.rjust, cells[2:], widths[2:])]
        return f"| {' | '.join(padded)} |"

    rule = "|".join("-" * (width + 2) if i < 2 else "-" * (width + 1) + ":" for i, width in enumerate(widths))
    return "\n".join([row(head), f"|{rule}|", *map(row, lines)])
