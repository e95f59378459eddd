"""Which photo each row is about, and where it lies."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from . import rows
from .errors import RowsError


def as_frame(X: pd.DataFrame | str | Path, truth: bool | None = None) -> pd.DataFrame:
    """Return rows as a checked data frame with a fresh index, read from a CSV where a path is given."""
    if isinstance(X, str | Path):
        frame, _ = rows.read_rows(X, truth=truth, on_row_fault="collect")
    elif isinstance(X, pd.DataFrame):
        frame, _ = rows.validate(X, truth=truth, on_row_fault="collect")
    else:
        raise RowsError(f"expected a data frame or the path of a CSV, got {type(X).__name__}")
    return frame.reset_index(drop=True)


def image_names(frame: pd.DataFrame) -> list[str]:
    """Return each row's photo by its base name; empty where the row names none."""
    unique = {link: _name(link) for link in frame["image_link"].unique()}
    return [unique[link] for link in frame["image_link"]]


def _name(link: object) -> str:
    try:
        return rows.image_name(str(link)) if link else ""
    except RowsError:
        return ""


def photo_paths(frame: pd.DataFrame, images: str | Path) -> dict[str, Path | None]:
    """Return photo name to its file below the folder ``images``, None where there is no such file."""
    folder = Path(images)
    names = dict.fromkeys(name for name in image_names(frame) if name)
    return {name: path if (path := folder / name).is_file() else None for name in names}
