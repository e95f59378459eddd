"""Files of a comparison: scores as CSV and JSON, which can be read again, and the answers of each system."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from hybridml.datasets.csv_file import write_csv
from hybridml.errors import HybridmlError
from hybridml.utils.files import atomic
from hybridml.utils.paths import path_of

from .run import Outcome
from .scores import CSV_COLUMNS, SystemScores, csv_lines


def write_predictions(folder: str | Path, outcome: Outcome, frame: pd.DataFrame) -> Path | None:
    """Write a system's answers as ``index,prediction`` to ``NAME-ENGINE.csv``; nothing of a system that failed.

    The folder is created when it does not exist; ``frame`` has the rows.
    """
    if outcome.error:
        return None
    path = predictions_path(folder, outcome.system, outcome.ocr)
    write_csv(path, ("index", "prediction"), zip(frame["index"], outcome.predictions, strict=True))
    return path


def predictions_path(folder: str | Path, system: str, ocr: str) -> Path:
    """Return the file of a system's answers; ``ocr`` is blank for a system without OCR.

    Examples
    --------
    >>> predictions_path("answers", "mine:System", "rapidocr").name
    'mine-System-rapidocr.csv'
    """
    name = "-".join(part for part in (system, ocr) if part)
    return Path(folder) / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)}.csv"


def write_scores(
    results: Sequence[SystemScores], table: str | Path | None = None, everything: str | Path | None = None
) -> None:
    """Write the scores of some systems, each file whole or not at all.

    Parameters
    ----------
    results : sequence of mapping
        As :func:`hybridml.evaluation.compare.score` returns them.
    table : path, optional
        CSV with a line per system and entity.
    everything : path, optional
        JSON with all scores, those of each fold included.
    """
    if table is not None:
        write_csv(table, CSV_COLUMNS, csv_lines(results))
    if everything is not None:
        with atomic(everything) as temporary:
            temporary.write_text(json.dumps(list(results), indent=1) + "\n", encoding="utf-8")


_NUMBERS = ("train_seconds_a_photo", "predict_seconds_a_photo", "read_seconds_a_photo", "bytes")
_OF_ROWS = ("f1", "f1_mean", "f1_any_unit")


def read_scores(path: str | Path) -> list[dict[str, Any]]:
    """Read the scores that :func:`write_scores` wrote as JSON.

    Raises
    ------
    HybridmlError
        When there is no such file, or it holds something else.
    """
    cause = ""
    try:
        found = json.loads(path_of(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise HybridmlError(
            f"{path}: {error.strerror or error}; name the file that 'hybridml compare --json' wrote"
        ) from None
    except ValueError as error:
        cause = f"no JSON: {error}"
    else:
        cause = _fault(found)
    if cause:
        raise HybridmlError(f"{path}: {cause}; expected the file that 'hybridml compare --json' wrote")
    return list(found)


def _fault(found: Any) -> str:
    """Return why plain data are not scores; blank where they are."""
    if not isinstance(found, list) or not found:
        return "no list of systems"
    for number, result in enumerate(found, 1):
        where = f"system {number}"
        if not isinstance(result, dict) or not all(
            isinstance(result.get(name), str) for name in ("system", "ocr", "error")
        ):
            return f"{where} has no system, ocr and error, as texts"
        if result["error"]:
            continue
        where = f"{where} ({result['system']})"
        if lacking := _not_numbers(result, _NUMBERS):
            return f"{where} has no number for {lacking}"
        if not isinstance(result.get("per_entity"), dict):
            return f"{where} has no per_entity"
        for name, line in {"all": result.get("all"), **result["per_entity"]}.items():
            if not isinstance(line, dict) or not isinstance(line.get("fold_f1"), list):
                return f"{where} has no scores of {name}, or none of its folds"
            if lacking := _not_numbers(line, _OF_ROWS):
                return f"{where} has no number for {lacking} of {name}"
            if "f1_sd" not in line or "smape" not in line or "smape_rows" not in line:
                return f"{where} lacks f1_sd, smape or smape_rows of {name}"
    return ""


def _not_numbers(line: Mapping[str, Any], names: Sequence[str]) -> str:
    return ", ".join(
        name
        for name in names
        if isinstance(line.get(name), bool) or not isinstance(line.get(name), int | float)
    )
