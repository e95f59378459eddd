"""Folds of cross-validation that share neither a group nor a photo, and the file they are kept in."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.errors import RowsError

from .csv_file import faults_error, read_csv, write_csv
from .groups import as_text, deal, group_names, parts_of, photo_names

LARGEST = 1.5
"""How many times its fair share the largest part may fill of a fold before that is worth a warning."""


def assign_folds(frame: pd.DataFrame, n_folds: int = 5, seed: int = 0) -> pd.Series:
    """Deal rows out to folds so that no two folds share a group or a photo, even through other rows.

    Folds are balanced by rows and roughly by entity. Rows that hang together stay together, so a table in
    which most rows do has uneven folds: a warning says so.

    Parameters
    ----------
    frame : data frame
        Rows with ``group_id``, ``image_link`` and ``entity_name``.
    n_folds : int
        How many; fewer are made, with a warning, of rows that form fewer parts.
    seed : int
        Of the draw; the same rows in the same order get the same folds.

    Returns
    -------
    series of int, named "fold"
        On the frame's index, from 0. Its ``attrs`` have ``parts`` (how many parts the rows form) and
        ``largest_share`` (of the rows, that of the largest part).

    Raises
    ------
    RowsError
        When all rows hang together, so that there can be no two folds.
    """
    if n_folds < 2:
        raise RowsError(f"n_folds must be at least 2, got {n_folds}")
    parts = parts_of(frame)
    sizes = np.bincount(parts)
    if len(sizes) < 2:
        raise RowsError(
            f"cannot part {len(frame)} rows into folds: all of them share a group or a photo, directly or "
            "through others. Give rows of at least two groups"
        )
    if len(sizes) < n_folds:
        warnings.warn(
            f"made {len(sizes)} folds instead of {n_folds}: the rows form only {len(sizes)} parts that share "
            "neither a group nor a photo",
            stacklevel=2,
        )
        n_folds = len(sizes)
    largest = float(sizes.max() / len(frame))
    if largest > LARGEST / n_folds:
        warnings.warn(
            f"folds are uneven: {largest:.0%} of the rows hang together by group or photo and lie in one of "
            f"{n_folds} folds",
            stacklevel=2,
        )
    fold = deal(parts, list(frame["entity_name"]), [1 / n_folds] * n_folds, seed)
    series = pd.Series(fold, index=frame.index, name="fold")
    series.attrs = {"parts": len(sizes), "largest_share": largest}
    return series


def save_folds(path: str | Path, frame: pd.DataFrame, folds: pd.Series) -> None:
    """Write each row's fold as ``index,fold``; ``folds`` is in the order of ``frame``."""
    if len(frame) != len(folds):
        raise RowsError(f"{len(folds)} folds were given for {len(frame)} rows; expected one per row")
    write_csv(path, ("index", "fold"), zip(frame["index"], np.asarray(folds), strict=True))


def load_folds(path: str | Path, frame: pd.DataFrame) -> pd.Series:
    """Read folds back onto the rows they were made for.

    Parameters
    ----------
    path : path
        CSV ``index,fold``.
    frame : data frame
        The same rows, in any order.

    Returns
    -------
    series of int, named "fold"
        On the frame's index.

    Raises
    ------
    RowsError
        When the file has other rows than the frame, or parts rows that share a group or a photo.
    """
    file = read_csv(path)
    for name in ("index", "fold"):
        if name not in file.header:
            raise RowsError(
                f"{path}, line 1: no column {name!r}; expected index,fold as save_folds writes them"
            )
    columns = file.columns()
    wrong = [
        f"{path}, line {line}, column fold: {fold!r}; expected a whole number from 0"
        for fold, line in zip(columns["fold"], file.lines, strict=True)
        if not (fold.isascii() and fold.isdigit())
    ]
    if wrong:
        raise faults_error(str(path), "the folds cannot be used", wrong)
    fold_of = dict(zip(columns["index"], map(int, columns["fold"]), strict=True))
    asked = [as_text(index) for index in frame["index"]]
    missing = [index for index in asked if index not in fold_of]
    extra = sorted(set(fold_of) - set(asked))
    if missing or extra or len(fold_of) != len(file.records):
        raise RowsError(
            f"{path}: made for other rows: {len(fold_of)} indexes in {len(file.records)} lines, expected "
            f"those of {len(frame)} rows; {_count(missing, 'rows have no fold')}, "
            f"{_count(extra, 'folds have no row')}. Make folds for these rows, or give those the file is for"
        )
    fold = np.array([fold_of[index] for index in asked], dtype=np.int64)
    _check_parted(str(path), frame, fold)
    return pd.Series(fold, index=frame.index, name="fold")


def _count(indexes: list[str], what: str) -> str:
    return f"{len(indexes)} {what}" + (f" (first: {indexes[0]})" if indexes else "")


def _check_parted(path: str, frame: pd.DataFrame, fold: npt.NDArray[np.int64]) -> None:
    for what, names in (("group", group_names(frame)), ("photo", photo_names(frame))):
        first: dict[str, int] = {}
        for name, k in zip(names, fold.tolist(), strict=True):
            if name and first.setdefault(name, k) != k:
                raise RowsError(
                    f"{path}: {what} {name} is in folds {first[name]} and {k}, so what is learned in one is "
                    "known in the other. The folds are of other rows with the same indexes: make them anew"
                )


def rows_sharing(frame: pd.DataFrame, held_out: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which rows of a table share a group or a photo with held-out rows, and must not be learned from.

    Parameters
    ----------
    frame : data frame
        Any table with ``group_id``, ``image_link`` (or ``image``, a photo's base name), or both.
    held_out : data frame
        Rows with both.

    Returns
    -------
    bool array (n_rows,)

    Raises
    ------
    RowsError
        When ``frame`` has none of these columns.

    Examples
    --------
    >>> held_out = pd.DataFrame({"group_id": ["1"], "image_link": ["https://example.org/a.jpg"]})
    >>> table = pd.DataFrame({"group_id": [1, 2, 2], "image": ["b.jpg", "a.jpg", "c.jpg"]})
    >>> rows_sharing(table, held_out).tolist()
    [True, True, False]
    """
    if not {"group_id", "image_link", "image"} & set(frame.columns):
        raise RowsError(
            "cannot tell which rows share a group or photo with held-out rows: expected a column group_id, "
            f"image_link or image, found: {', '.join(map(str, frame.columns))}"
        )
    sharing = np.zeros(len(frame), dtype=bool)
    for names in (group_names, photo_names):
        held = set(names(held_out)) - {""}
        sharing |= np.fromiter((name in held for name in names(frame)), dtype=bool, count=len(frame))
    return sharing
