"""The faults file: the rows that could not be used and the reason for each, as a CSV beside a command's result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from .csv_file import write_csv
from .groups import photo_names
from .rows import RowFault

COLUMNS = ("index", "image_link", "entity_name", "problem")

FaultyRow = Mapping[str, object]
"""One line of the file, by :data:`COLUMNS`."""


def faulty_rows(frame: pd.DataFrame, problems: Iterable[str]) -> list[FaultyRow]:
    """Return those checked rows that have a problem; ``problems`` has one text per row, blank where there is none.

    Examples
    --------
    >>> frame = pd.DataFrame({"index": [1, 2], "image_link": ["a.jpg", "b.jpg"], "entity_name": "width"})
    >>> faulty_rows(frame, ["", "no such photo"])
    [{'index': 2, 'image_link': 'b.jpg', 'entity_name': 'width', 'problem': 'no such photo'}]
    """
    lines = zip(frame["index"], frame["image_link"], frame["entity_name"], problems, strict=True)
    return [dict(zip(COLUMNS, line, strict=True)) for line in lines if line[-1]]


def with_row_faults(path: str | Path, frame: pd.DataFrame, faults: Sequence[RowFault]) -> list[FaultyRow]:
    """Return a line for each fault of a single row of the file ``path``, whose rows are ``frame``."""
    if not faults:
        return []
    by_index = frame.set_index("index")
    return [
        {
            "index": fault.index,
            "image_link": by_index["image_link"].get(fault.index, ""),
            "entity_name": by_index["entity_name"].get(fault.index, ""),
            "problem": f"{path}, line {fault.line}, {fault.column}: {fault.problem}",
        }
        for fault in faults
    ]


def with_failed_photos(frame: pd.DataFrame, failed: Mapping[str, str]) -> list[FaultyRow]:
    """Return the rows whose photo is among the ``failed`` ones, which are given by name with the cause."""
    return faulty_rows(frame, [failed.get(name, "") for name in photo_names(frame)]) if failed else []


def write_faulty_rows(path: Path, faulty: Sequence[FaultyRow]) -> None:
    """Write the file; without faulty rows remove the one of an earlier run."""
    if faulty:
        write_csv(path, COLUMNS, ([row[name] for name in COLUMNS] for row in faulty))
    else:
        path.unlink(missing_ok=True)
