"""The confidence from which answers are published, entity by entity: a table that a person chose."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from hybridml.entities import EntitySchema, default_entities
from hybridml.errors import EntityError, RowsError

from .csv_file import faults_error, read_csv, write_csv

COLUMNS = ("entity_name", "min_confidence")

REST = "all"
"""Entity name of the line for every entity that has none of its own."""

NEVER = "never"
"""Confidence of an entity of which nothing is published."""


def read_thresholds(path: str | Path, schema: EntitySchema | None = None) -> dict[str, float]:
    """Return entity (or "all") to the confidence from which its answers are published.

    Parameters
    ----------
    path : path
        CSV with ``entity_name,min_confidence``: a number from 0 to 1, or ``never`` for an entity of which nothing is
        published, which becomes infinity. The line of ``all`` is for every entity without one of its own.
    schema : EntitySchema, optional
        Entities that there are; the packaged ones by default.

    Raises
    ------
    RowsError
        With each fault and its line.
    """
    schema = schema or default_entities()
    file = read_csv(path)
    file.require(COLUMNS)
    columns = file.columns()
    thresholds: dict[str, float] = {}
    faults = []
    for line, name, text in zip(file.lines, columns[COLUMNS[0]], columns[COLUMNS[1]], strict=True):
        entity, threshold = name.strip(), _threshold(text.strip())
        where = f"{file.source}, line {line}"
        if problem := "" if entity == REST else _problem(entity, schema):
            faults.append(f"{where}: {problem}")
        elif threshold is None:
            faults.append(f"{where}: {text!r} for {entity}; expected a number from 0 to 1, or {NEVER}")
        elif entity in thresholds:
            faults.append(f"{where}: {entity} has a line above already; expected each entity once")
        else:
            thresholds[entity] = threshold
    if faults:
        raise faults_error(file.source, "the thresholds cannot be used", faults)
    if not thresholds:
        raise RowsError(f"{file.source}: has no line below the header; expected at least one entity")
    return thresholds


def _problem(entity: str, schema: EntitySchema) -> str:
    try:
        schema.entity(entity)
    except EntityError as error:
        return str(error)
    return ""


def _threshold(text: str) -> float | None:
    if text == NEVER:
        return math.inf
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None


def threshold_of(thresholds: Mapping[str, float], entity: str) -> float:
    """Return the confidence from which answers of an entity are published: 0 where no line is about it.

    Examples
    --------
    >>> chosen = {"width": 0.9, "all": 0.5}
    >>> threshold_of(chosen, "width"), threshold_of(chosen, "depth"), threshold_of({"width": 0.9}, "depth")
    (0.9, 0.5, 0.0)
    """
    return thresholds.get(entity, thresholds.get(REST, 0.0))


def write_thresholds(path: str | Path, thresholds: Mapping[str, float]) -> None:
    """Write thresholds as :func:`read_thresholds` reads them; infinity and what is above 1 as ``never``."""
    # as many digits as it takes to read back the same number: the answer that a threshold was found with must pass
    lines = ((entity, repr(float(t)) if t <= 1 else NEVER) for entity, t in thresholds.items())
    write_csv(path, COLUMNS, lines)
