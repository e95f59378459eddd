"""The sidecar of a table of answers: one JSON object per row with value, unit, confidence, box and runner-ups."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TextIO

from hybridml.ranking.answer import Answer


class SidecarWriter:
    """Writes the lines of a sidecar in the order of the rows, while the rows are answered in any order.

    A line waits in memory until those of all rows before it are there.

    Examples
    --------
    >>> import sys
    >>> writer = SidecarWriter(sys.stdout)
    >>> for row in (1, 0, 2):
    ...     writer.write(row, {"index": row})
    {"index": 0}
    {"index": 1}
    {"index": 2}
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._next = 0
        self._waiting: dict[int, str] = {}

    def write(self, row: int, record: Mapping[str, Any]) -> None:
        """Write the line of a row, or keep it until its turn comes."""
        self._waiting[row] = json.dumps(record, default=_plain, allow_nan=False)
        while self._next in self._waiting:
            self._file.write(f"{self._waiting.pop(self._next)}\n")
            self._next += 1


def sidecar_record(
    asked: Mapping[str, Any], answer: Answer, as_read: Answer | None, **more: str
) -> dict[str, Any]:
    """Return what the sidecar says of a row.

    Parameters
    ----------
    asked : mapping
        The row's ``index, image_link, entity_name``.
    answer : Answer
        The answer as it is given.
    as_read : Answer, optional
        The answer as it was read, where units are converted.
    **more
        Further entries; ``prediction`` replaces that of the answer.
    """
    runner_ups = [vars(other) for other in answer.runner_ups]
    record = {
        **asked,
        "prediction": answer.prediction,
        "value": answer.value,
        "unit": answer.unit,
        "confidence": answer.confidence,
        "box": answer.box,
        "text": answer.text,
        "runner_ups": runner_ups,
        "candidates": answer.candidates,
    }
    if as_read is not None:
        record |= {
            "read_value": as_read.value,
            "read_unit": as_read.unit,
            "runner_ups": [
                {**shown, "read_value": read.value, "read_unit": read.unit}
                for shown, read in zip(runner_ups, as_read.runner_ups, strict=True)
            ],
        }
    return record | more


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"cannot write {type(value).__name__} as JSON")
