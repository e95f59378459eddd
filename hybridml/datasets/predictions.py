"""Tables of predictions, ``index,prediction``: reading, writing and parsing."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from hybridml.entities import EntitySchema
from hybridml.errors import RowsError

from .csv_file import CsvFile, check_faults, read_csv, write_csv
from .groups import as_text
from .labels import repair_unit
from .rows import Source, parse_index


def sidecar_of(predictions: str | Path) -> Path:
    """Return the default path of the details of answers: beside the answers."""
    return Path(f"{predictions}.details.jsonl")


def write_predictions(path: str | Path, frame: pd.DataFrame) -> None:
    """Write ``index,prediction`` of a frame in its order, missing predictions as blanks.

    The file is at any time either as it was or complete.
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
    """Read ``index,prediction``: the index as in a table of rows, predictions as text.

    Raises
    ------
    RowsError
        When a column is missing or an index is blank or repeated.
    """
    file = read_csv(path)
    frame = predictions_frame(file)
    frame["index"], faults = parse_index(frame["index"], Source(str(path), "line", file.lines))
    check_faults(str(path), "the predictions cannot be used", faults)
    return frame


def predictions_frame(file: CsvFile) -> pd.DataFrame:
    """Return the two columns of a file of predictions as text; raise :class:`RowsError` when one is missing."""
    file.require(("index", "prediction"))
    columns = file.columns()
    return pd.DataFrame({name: columns[name] for name in ("index", "prediction")}, dtype=object)


OFFICIAL = re.compile(r"^-?\d+(\.\d+)?\s+[a-zA-Z\s]+$")
"""What the challenge accepts besides a blank, once stripped, before the unit is repaired."""


def parse_prediction(text: str, allowed: Collection[str]) -> tuple[float, str] | None:
    """Return number and unit of a prediction as the challenge reads it, None if it is blank or rejected.

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


def allowed_units(schema: EntitySchema) -> frozenset[str]:
    """Return the units that any entity allows."""
    return frozenset(unit for entity in schema.entities.values() for unit in entity.units)
