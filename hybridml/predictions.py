"""The table of predictions, ``index,prediction``: read and write."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from .csvfile import CsvFile, faults_error, read_csv, write_csv
from .errors import RowsError
from .parts import as_text
from .rows import Place, index_of


def sidecar_of(predictions: str | Path) -> Path:
    """Return where the details of answers lie unless they are named: beside the answers."""
    return Path(f"{predictions}.details.jsonl")


def write_predictions(path: str | Path, frame: pd.DataFrame) -> None:
    """Write ``index,prediction`` in the frame's order; an interrupted run leaves no half of a file.

    Parameters
    ----------
    path : path
        The CSV to write or replace.
    frame : data frame
        With ``index`` and ``prediction``; missing predictions are written blank.
    """
    missing = [name for name in ("index", "prediction") if name not in frame.columns]
    if missing:
        raise RowsError(
            f"the predictions have no column {missing[0]!r}; expected index and prediction, "
            f"found: {', '.join(map(str, frame.columns))}"
        )
    answers = [a if isinstance(a, str) else as_text(a) for a in frame["prediction"]]
    write_csv(path, ("index", "prediction"), zip(frame["index"], answers, strict=True))


def read_predictions(path: str | Path) -> pd.DataFrame:
    """Read ``index,prediction``: the index as :func:`read_rows` gives it, predictions as text.

    Raises
    ------
    RowsError
        When a column is missing or an index is blank or there twice.
    """
    file = read_csv(path)
    frame = predictions_frame(file)
    unusable: list[str] = []
    frame["index"] = index_of(frame["index"], Place(str(path), "line", file.lines), unusable)
    if unusable:
        raise faults_error(str(path), "the predictions cannot be used", unusable)
    return frame


def predictions_frame(file: CsvFile) -> pd.DataFrame:
    """Return the two columns of a file of predictions as text, unchecked.

    Raises
    ------
    RowsError
        When a column is missing.
    """
    file.require(("index", "prediction"))
    columns = file.columns()
    return pd.DataFrame({name: columns[name] for name in ("index", "prediction")}, dtype=object)
