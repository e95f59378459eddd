"""Labelled rows to learn from: with labels that are given apart, and with rows whose labels are weak."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from hybridml.entities import EntitySchema
from hybridml.errors import RowsError

from .groups import as_text
from .photos import Images, checked
from .rows import VALUE

Table = pd.DataFrame | str | Path


def labelled_rows(
    X: Table, y: Sequence[str] | None, weak_labels: Table | None, schema: EntitySchema, images: Images
) -> pd.DataFrame:
    """Return the rows ``X`` with labels, checked as by :func:`hybridml.datasets.photos.checked`.

    Where the labels ``y`` are given, they take the place of the column ``entity_value``. Where further rows with weak
    labels are given, they follow, and the column ``weak`` marks them.
    """
    frame, _ = checked(X, truth=y is None, schema=schema, images=images)
    if y is not None:
        if len(y) != len(frame):
            raise RowsError(f"y has {len(y)} labels for {len(frame)} rows; expected one for each row")
        frame = frame.assign(**{VALUE: [as_text(value) for value in y]})
    if weak_labels is not None:
        weak, _ = checked(weak_labels, truth=True, schema=schema, images=images)
        frame = pd.concat([frame.assign(weak=False), weak.assign(weak=True)], ignore_index=True)
        frame["index"] = range(len(frame))  # the two tables may use the same indexes
    return frame
