"""The table of rows with their labels parsed, which every other table of an exploration is made from."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from hybridml.datasets.csv_file import read_csv
from hybridml.datasets.groups import group_names, photo_names
from hybridml.datasets.labels import Label, parse_label, read_labels
from hybridml.datasets.photos import Images, checked
from hybridml.datasets.rows import REQUIRED, VALUE, RowFault
from hybridml.entities import EntitySchema
from hybridml.errors import RowsError

_WRITTEN = re.compile(r"[^\W\d_]+(?:[ .][^\W\d_]+)*\.?\s*$")


def read_table(
    path: str | Path, schema: EntitySchema, images: Images | None = None
) -> tuple[pd.DataFrame, list[RowFault]]:
    """Return the rows of a file and the faults of single rows.

    Beside tables of rows, it takes labels without photos: compressed, or without ``image_link`` or ``group_id``.
    """
    if Path(path).suffix == ".csv" and {"index", *REQUIRED} <= set(read_csv(path).header):
        return checked(path, schema=schema, images=images)
    frame = read_labels(path)
    if not len(frame):
        raise RowsError(f"{path}: has no rows below the header; expected at least one")
    if "index" not in frame:
        frame.insert(0, "index", np.arange(len(frame)))
    return frame, []


def row_table(frame: pd.DataFrame, schema: EntitySchema) -> pd.DataFrame:
    """Return one line per row with its parsed label.

    Parameters
    ----------
    frame : data frame
        With ``entity_name`` and, if known, ``index, image_link, group_id, entity_value``.
    schema : EntitySchema
        Entities and units.

    Returns
    -------
    data frame
        ``index, entity, group, photo, text, kind, written, unit, value, base, fits``: ``kind`` of a
        :class:`hybridml.datasets.labels.Label`, or "unlabelled"; ``base``, the value in the base unit of its family;
        ``fits``, whether the entity allows the unit. ``group`` and ``photo`` are blank if unknown.
    """
    count = len(frame)
    blank = [""] * count
    texts = list(frame[VALUE].fillna("").astype(str)) if VALUE in frame else blank
    distinct = list(dict.fromkeys(texts))
    parsed = pd.DataFrame([_columns(text, parse_label(text, schema), schema) for text in distinct], distinct)
    table = parsed.loc[texts].reset_index(drop=True)
    names = [str(name) for name in frame["entity_name"]]
    table.insert(0, "index", list(frame["index"]) if "index" in frame else range(count))
    table.insert(1, "entity", names)
    table.insert(2, "group", group_names(frame) if "group_id" in frame else blank)
    table.insert(3, "photo", photo_names(frame) if "image_link" in frame else blank)
    table.insert(4, "text", texts)
    if VALUE not in frame:
        table["kind"] = "unlabelled"
    allowed = {(name, unit) for name, entity in schema.entities.items() for unit in entity.units}
    table["fits"] = [pair in allowed for pair in zip(names, table["unit"], strict=True)]
    return table


def _columns(text: str, label: Label, schema: EntitySchema) -> dict[str, object]:
    found = _WRITTEN.search(text)
    known = label.unit in schema.units
    value = np.nan if label.value is None else label.value
    return {
        "kind": label.kind,
        "written": found[0].strip() if found else "",
        "unit": label.unit or "",
        "value": value,
        "base": schema.to_base(value, str(label.unit)) if known else np.nan,
    }


def base_units(schema: EntitySchema) -> dict[str, str]:
    """Return entity to the base unit of its family.

    Examples
    --------
    >>> from hybridml.entities import default_entities
    >>> base_units(default_entities())["voltage"]
    'volt'
    """
    units: dict[str, str] = {}
    for name, entity in schema.entities.items():
        base = (u.name for u in schema.units.values() if u.family == entity.family and u.factor == 1.0)
        units[name] = next(base, f"base unit of {entity.family}")
    return units
