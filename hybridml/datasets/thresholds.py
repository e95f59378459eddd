"""Tables of thresholds: the confidence from which answers of each entity are published."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from hybridml.entities import EntitySchema, default_entities
from hybridml.errors import RowsError

from .csv_file import check_faults, read_csv, write_csv
from .rows import entity_problem

THRESHOLD_COLUMNS = ("entity_name", "min_confidence")

REST = "all"
"""Entity name of the line that holds for every entity without one of its own."""

NEVER = "never"
"""Confidence of an entity whose answers are never published."""


def read_thresholds(path: str | Path, schema: EntitySchema | None = None) -> dict[str, float]:
    """Return entity (or "all") to the confidence from which its answers are published.

    Parameters
    ----------
    path : path
        CSV with ``entity_name,min_confidence``: a number from 0 to 1, or ``never``, which becomes infinity. The line
        ``all`` holds for every entity without one of its own.
    schema : EntitySchema, optional
        The entities; the packaged ones by default.

    Raises
    ------
    RowsError
        With each fault and its line.
    """
    schema = schema or default_entities()
    file = read_csv(path)
    thresholds: dict[str, float] = {}
    faults = []
    for line, (entity, text) in file.fields(THRESHOLD_COLUMNS):
        threshold = _threshold(text)
        problem = "" if entity == REST else entity_problem(entity, schema)
        if not problem and math.isnan(threshold):
            problem = f"{text!r} for {entity}; expected a number from 0 to 1, or {NEVER}"
        if not problem and entity in thresholds:
            problem = f"{entity} has a line above already; expected each entity once"
        if problem:
            faults.append(f"{file.source}, line {line}: {problem}")
        else:
            thresholds[entity] = threshold
    check_faults(file.source, "the thresholds cannot be used", faults)
    if not thresholds:
        raise RowsError(f"{file.source}: has no line below the header; expected at least one entity")
    return thresholds


def _threshold(text: str) -> float:
    """Return a threshold, NaN where the text is none."""
    if text == NEVER:
        return math.inf
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if 0 <= value <= 1 else math.nan


def threshold_of(thresholds: Mapping[str, float], entity: str) -> float:
    """Return the confidence from which answers of an entity are published, 0 if no line holds for it.

    Examples
    --------
    >>> chosen = {"width": 0.9, "all": 0.5}
    >>> threshold_of(chosen, "width"), threshold_of(chosen, "depth"), threshold_of({"width": 0.9}, "depth")
    (0.9, 0.5, 0.0)
    """
    return thresholds.get(entity, thresholds.get(REST, 0.0))


def write_thresholds(path: str | Path, thresholds: Mapping[str, float]) -> None:
    """Write thresholds for :func:`read_thresholds`; those above 1 become ``never``."""
    # with all digits: the answer whose confidence is the threshold must pass
    lines = ((entity, repr(float(t)) if t <= 1 else NEVER) for entity, t in thresholds.items())
    write_csv(path, THRESHOLD_COLUMNS, lines)
