"""The table of predictions, ``index,prediction``: read and write."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

import pandas as pd

from hybridml.entities import EntitySchema
from hybridml.errors import RowsError

from .csv_file import CsvFile, faults_error, read_csv, write_csv
from .groups import as_text
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


OFFICIAL = re.compile(r"^-?\d+(\.\d+)?\s+[a-zA-Z\s]+$")
"""What the challenge accepts beside a blank, once stripped; its unit is read by :func:`repair_unit`."""


def repair_unit(unit: str, allowed: Collection[str]) -> str:
    """Return the unit as the challenge reads it.

    As it is if allowed, else with ``tre`` for ``ter``, else with ``foot`` for ``feet``.

    Examples
    --------
    >>> allowed = {"centimetre", "foot"}
    >>> repair_unit("centimeter", allowed), repair_unit("feet", allowed), repair_unit("mile", allowed)
    ('centimetre', 'foot', 'mile')
    """
    for spelling in (unit, unit.replace("ter", "tre"), unit.replace("feet", "foot")):
        if spelling in allowed:
            return spelling
    return unit


def parse_prediction(text: str, allowed: Collection[str]) -> tuple[float, str] | None:
    """Return number and unit of a prediction as the challenge reads it; None if blank or rejected.

    Examples
    --------
    >>> parse_prediction("12.50 meter", {"metre"}), parse_prediction("1e3 metre", {"metre"})
    ((12.5, 'metre'), None)
    """
    text = text.strip()
    if not OFFICIAL.match(text):
        return None
    number, unit = text.split(maxsplit=1)
    unit = repair_unit(unit, allowed)
    return (float(number), unit) if unit in allowed else None


@lru_cache(maxsize=8)
def _allowed(units: tuple[tuple[str, ...], ...]) -> frozenset[str]:
    return frozenset(unit for some in units for unit in some)


def allowed_units(schema: EntitySchema) -> frozenset[str]:
    """Return the units that some entity of the book allows."""
    return _allowed(tuple(entity.units for entity in schema.entities.values()))
