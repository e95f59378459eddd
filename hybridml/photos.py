"""Which photo each row is about, and where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from . import rows
from .entities import EntityBook
from .errors import RowsError
from .parts import photo_names
from .rows import RowFault

Images = str | Path | Sequence[str | Path]
"""A folder with photos, or several."""


def checked(
    X: pd.DataFrame | str | Path, truth: bool | None = None, book: EntityBook | None = None
) -> tuple[pd.DataFrame, list[RowFault]]:
    """Return rows as a checked data frame with a fresh index, and the faults of single rows.

    Parameters
    ----------
    X : data frame or path of a CSV
        The rows.
    truth : bool, optional
        Whether labels must be there; see :func:`hybridml.rows.read_rows`.
    book : EntityBook, optional
        Entities that may be asked for.
    """
    if isinstance(X, str | Path):
        frame, faults = rows.read_rows(X, truth=truth, book=book, on_row_fault="collect")
    elif isinstance(X, pd.DataFrame):
        frame, faults = rows.validate(X, truth=truth, book=book, on_row_fault="collect")
    else:
        raise RowsError(f"expected a data frame or the path of a CSV, got {type(X).__name__}")
    return frame.reset_index(drop=True), faults


def photo_paths(frame: pd.DataFrame, images: Images) -> dict[str, Path | None]:
    """Return photo name to its file below the folder ``images``, None where there is no such file.

    Of several folders the first that has the file counts.
    """
    names = dict.fromkeys(name for name in photo_names(frame) if name)
    return {
        name: next((path for folder in folders(images) if (path := folder / name).is_file()), None)
        for name in names
    }


def folders(images: Images) -> list[Path]:
    """Return one folder or several as a list."""
    return [Path(images)] if isinstance(images, str | Path) else [Path(folder) for folder in images]
