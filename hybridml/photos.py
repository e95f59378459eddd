"""Which photo each row is about, and where it lies."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from . import rows
from .errors import RowsError
from .parts import photo_names


def as_frame(X: pd.DataFrame | str | Path, truth: bool | None = None) -> pd.DataFrame:
    """Return rows as a checked data frame with a fresh index, read from a CSV where a path is given."""
    if isinstance(X, str | Path):
        frame, _ = rows.read_rows(X, truth=truth, on_row_fault="collect")
    elif isinstance(X, pd.DataFrame):
        frame, _ = rows.validate(X, truth=truth, on_row_fault="collect")
    else:
        raise RowsError(f"expected a data frame or the path of a CSV, got {type(X).__name__}")
    return frame.reset_index(drop=True)


def photo_paths(frame: pd.DataFrame, images: str | Path) -> dict[str, Path | None]:
    """Return photo name to its file below the folder ``images``, None where there is no such file."""
    folder = Path(images)
    names = dict.fromkeys(name for name in photo_names(frame) if name)
    return {name: path if (path := folder / name).is_file() else None for name in names}
