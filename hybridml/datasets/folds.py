"""Folds of a cross-validation, no two of which share a group or a photo, and the file that keeps them."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.errors import RowsError

from .csv_file import check_faults, read_csv, write_csv
from .groups import as_text, group_names, linked_groups, photo_names, split_groups

LARGEST_GROUP = 1.5
"""Size of the largest linked group, in fair shares of a fold, above which :func:`assign_folds` warns."""


def assign_folds(frame: pd.DataFrame, n_folds: int = 5, seed: int = 0) -> pd.Series:
    """Assign rows to folds so that no two folds share a group or a photo, even through other rows.

    Folds have about the same number of rows, of each entity too. Linked rows stay together, so a table in which most
    rows are linked gets uneven folds, and a warning.

    Parameters
    ----------
    frame : data frame
        Rows with ``group_id``, ``image_link`` and ``entity_name``.
    n_folds : int
        How many; rows that form fewer linked groups get fewer folds, and a warning.
    seed : int
        Seed of the draw; the same rows in the same order get the same folds.

    Returns
    -------
    series of int, named "fold"
        On the frame's index, from 0. Its ``attrs`` have ``groups`` (how many linked groups the rows form) and
        ``largest_share`` (the share of the rows that is in the largest of them).

    Raises
    ------
    RowsError
        When all rows are linked, so that there can be no two folds.
    """
    if n_folds < 2:
        raise RowsError(f"n_folds must be at least 2, got {n_folds}")
    groups = linked_groups(frame)
    sizes = np.bincount(groups)
    if len(sizes) < 2:
        raise RowsError(
            f"cannot split {len(frame)} rows into folds: all of them share a group or a photo, directly or "
            "through others. Give rows of at least two groups"
        )
    if len(sizes) < n_folds:
        warnings.warn(
            f"made {len(sizes)} folds instead of {n_folds}: the rows form only {len(sizes)} groups that share no photo",
            stacklevel=2,
        )
        n_folds = len(sizes)
    largest = float(sizes.max() / len(frame))
    if largest > LARGEST_GROUP / n_folds:
        warnings.warn(
            f"folds are uneven: {largest:.0%} of the rows are linked by group or photo and lie in one of "
            f"{n_folds} folds",
            stacklevel=2,
        )
    fold = split_groups(groups, list(frame["entity_name"]), n_folds, seed)
    series = pd.Series(fold, index=frame.index, name="fold")
    series.attrs = {"groups": len(sizes), "largest_share": largest}
    return series


def save_folds(path: str | Path, frame: pd.DataFrame, folds: pd.Series) -> None:
    """Write each row's fold as ``index,fold``; ``folds`` is in the order of ``frame``."""
    if len(frame) != len(folds):
        raise RowsError(f"{len(folds)} folds were given for {len(frame)} rows; expected one per row")
    write_csv(path, ("index", "fold"), zip(frame["index"], np.asarray(folds), strict=True))


def load_folds(path: str | Path, frame: pd.DataFrame) -> pd.Series:
    """Read the fold of each row from a CSV ``index,fold`` that was made for the same rows, in any order.

    Raises
    ------
    RowsError
        When the file has other rows than the frame, or separates rows that share a group or a photo.
    """
    file = read_csv(path)
    file.require(("index", "fold"))
    columns = file.columns()
    wrong = [
        f"{path}, line {line}, column fold: {fold!r}; expected a whole number from 0"
        for fold, line in zip(columns["fold"], file.lines, strict=True)
        if not (fold.isascii() and fold.isdigit())
    ]
    check_faults(str(path), "the folds cannot be used", wrong)
    fold_of = dict(zip(columns["index"], map(int, columns["fold"]), strict=True))
    indexes = [as_text(index) for index in frame["index"]]
    missing = [index for index in indexes if index not in fold_of]
    extra = sorted(set(fold_of) - set(indexes))
    if missing or extra or len(fold_of) != len(file.records):
        raise RowsError(
            f"{path}: made for other rows: {len(fold_of)} indexes in {len(file.records)} lines, expected "
            f"those of {len(frame)} rows; {_count(missing, 'rows have no fold')}, "
            f"{_count(extra, 'folds have no row')}. Make folds for these rows, or give those the file is for"
        )
    fold = np.array([fold_of[index] for index in indexes], dtype=np.int64)
    _check_separate(str(path), frame, fold)
    return pd.Series(fold, index=frame.index, name="fold")


def _count(indexes: list[str], what: str) -> str:
    return f"{len(indexes)} {what}" + (f" (first: {indexes[0]})" if indexes else "")


def _check_separate(path: str, frame: pd.DataFrame, fold: npt.NDArray[np.int64]) -> None:
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
