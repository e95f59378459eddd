"""What a comparison leaves behind: scores as CSV and JSON, and the answers of each system."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ..csvfile import write_csv
from ..files import atomic
from .run import Outcome
from .scores import CSV_COLUMNS, Scores, csv_lines


def write_predictions(folder: str | Path, outcome: Outcome, frame: pd.DataFrame) -> Path | None:
    """Write a system's answers as ``index,prediction`` to ``NAME-READER.csv``; nothing of a system that failed.

    Parameters
    ----------
    folder : path
        Made when it is not there.
    outcome : Outcome
        With an answer per row.
    frame : data frame
        The rows.
    """
    if outcome.error:
        return None
    name = "-".join(part for part in (outcome.system, outcome.reader) if part)
    path = Path(folder) / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_csv(path, ("index", "prediction"), zip(frame["index"], outcome.predictions, strict=True))
    return path


def write_scores(
    results: Sequence[Scores], table: str | Path | None = None, everything: str | Path | None = None
) -> None:
    """Write what :func:`hybridml.comparison.score` returned of some systems, each file whole or not at all.

    Parameters
    ----------
    results : sequence of mapping
        Of the systems that are done.
    table : path, optional
        CSV with a line per system and entity.
    everything : path, optional
        JSON with all scores, those of each fold too.
    """
    if table is not None:
        write_csv(table, CSV_COLUMNS, csv_lines(results))
    if everything is not None:
        with atomic(everything) as temporary:
            temporary.write_text(json.dumps(list(results), indent=1) + "\n", encoding="utf-8")
