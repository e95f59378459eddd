"""Linked groups of rows, and splits of a table that keep each of them whole.

Rows of one ``group_id`` show similar products with labels that repeat, and one photo has several rows. Rows that share
either, directly or through other rows, form a linked group. No split separates them, so nothing that is learned on one
side is known on the other.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.errors import RowsError
from hybridml.utils.hashing import hashes

from .links import image_names

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MOST_FOLDS = 20
"""The most folds that rows are split into to hold out a share of them."""

PHOTO = "photo_file"
"""Column with the name of a photo's file, where that is not the base name of the link."""


def photo_names(frame: pd.DataFrame) -> list[str]:
    """Return the name that identifies each row's photo, blank where the row has none.

    The name is ``photo_file`` where the row has it (see :func:`hybridml.datasets.photos.named`), otherwise the base
    name of ``image_link``, or of ``image`` in a table without links. Two links to one file are therefore one photo. Two
    photos whose links have the same base name count as one until ``photo_file`` says which file each became: rows that
    could be separated may stay together, but rows that belong together are never separated.

    Examples
    --------
    >>> rows = pd.DataFrame({"image_link": ["https://x.org/a.jpg", "https://y.org/a.jpg", None]})
    >>> photo_names(rows)
    ['a.jpg', 'a.jpg', '']
    >>> photo_names(rows.assign(photo_file=["", "a-6e19081c.jpg", ""]))
    ['a.jpg', 'a-6e19081c.jpg', '']
    """
    names = [""] * len(frame)
    for column in (PHOTO, "image_link", "image"):
        if column in frame.columns and (column != "image" or "image_link" not in frame.columns):
            links = [as_text(link) for link in frame[column]]
            of_link, _ = image_names(links)
            names = [name or of_link.get(link, "") for name, link in zip(names, links, strict=True)]
    return names


def group_names(frame: pd.DataFrame) -> list[str]:
    """Return each row's group as text, blank where it has none."""
    if "group_id" not in frame.columns:
        return [""] * len(frame)
    return [as_text(value) for value in frame["group_id"]]


def as_text(value: object) -> str:
    """Return a cell as text: nothing for a missing one, whole numbers without a decimal point.

    Examples
    --------
    >>> as_text(748919.0), as_text(" a "), as_text(None)
    ('748919', 'a', '')
    """
    if isinstance(value, str):
        return value.strip()
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def linked_groups(frame: pd.DataFrame) -> Ints:
    """Return the number of each row's linked group: rows that share ``group_id`` or photo, also through other rows.

    Parameters
    ----------
    frame : data frame
        With ``group_id`` and ``image_link``. A row that lacks both is a group of its own.

    Returns
    -------
    int array (n_rows,)
        Numbered from 0 in order of first appearance.

    Examples
    --------
    >>> rows = pd.DataFrame({"group_id": ["a", "a", "b", "c"], "image_link": ["x", "y", "y", "z"]})
    >>> linked_groups(rows).tolist()
    [0, 0, 0, 1]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = nodes = len(frame)
    if not n:
        return np.zeros(0, dtype=np.int64)
    # a graph of rows, group_ids and photos, in which each row is joined to its own
    starts, ends = [], []
    for names in (group_names(frame), photo_names(frame)):
        codes, known = pd.factorize(np.array([name or None for name in names], dtype=object))
        named = np.flatnonzero(codes >= 0)
        starts.append(named)
        ends.append(nodes + codes[named])
        nodes += len(known)
    start, end = np.concatenate(starts), np.concatenate(ends)
    graph = coo_array((np.ones(len(start), dtype=np.int8), (start, end)), shape=(nodes, nodes))
    _, component = connected_components(graph, directed=False)
    return np.asarray(pd.factorize(component[:n])[0], dtype=np.int64)


def split_groups(groups: Ints, entities: Sequence[str], n_folds: int, seed: int) -> Ints:
    """Return a fold for each row: groups stay whole, and each fold has about the same share of each entity.

    There must be at least as many groups, numbered as by :func:`linked_groups`, as folds; no fold is empty. The seed
    draws the order in which groups of one size are assigned.
    """
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    codes, _ = pd.factorize(np.asarray(entities, dtype=object))
    counts = np.bincount(codes)
    if len(counts) > 1 and counts.max() >= n_folds:
        splits = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed).split(codes, codes, groups)
    else:
        # nothing to stratify by; numbering the groups anew draws the order of those of one size
        groups = np.random.default_rng(seed).permutation(int(groups.max()) + 1)[groups]
        splits = GroupKFold(n_folds).split(codes, groups=groups)
    fold = np.zeros(len(codes), dtype=np.int64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class in y has only")
        for k, (_, held) in enumerate(splits):
            fold[held] = k
    return fold


def held_out_rows(frame: pd.DataFrame, share: float, seed: int) -> Bools:
    """Return which rows to hold out: whole linked groups, about ``share`` of all rows and of each entity.

    Parameters
    ----------
    frame : data frame
        Rows with ``group_id``, ``image_link`` and ``entity_name``.
    share : float
        Share of the rows to hold out, between 0 and 1; rounded to a fraction of at most :data:`MOST_FOLDS` folds.
    seed : int
        Seed of the draw.

    Returns
    -------
    bool array (n_rows,)
        All False where the rows form a single group, which cannot be split.
    """
    groups = linked_groups(frame)
    n_groups = len(np.unique(groups))
    if n_groups < 2:
        return np.zeros(len(frame), dtype=bool)
    entities = list(frame["entity_name"])
    fraction = Fraction(min(max(share, 1 / MOST_FOLDS), 1 - 1 / MOST_FOLDS)).limit_denominator(MOST_FOLDS)
    n_folds = min(fraction.denominator, n_groups)
    n_held = min(max(round(fraction * n_folds), 1), n_folds - 1)
    fold = split_groups(groups, entities, n_folds, seed)
    codes, names = pd.factorize(np.asarray(entities, dtype=object))

    def distance(held: Bools) -> float:
        of_entity = np.bincount(codes, held, len(names)) / np.bincount(codes)
        return float(np.abs(held.mean() - share) + np.abs(of_entity - share).mean())

    choices = [np.isin(fold, (first + np.arange(n_held)) % n_folds) for first in range(n_folds)]
    return min(choices, key=distance)


def hold_out(frame: pd.DataFrame, share: float = 0.2, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split rows into two tables that share neither a group nor a photo, not even through other rows.

    Parameters
    ----------
    frame : data frame
        Rows.
    share : float
        Share of the rows to hold out, between 0 and 1; met for all rows and for each entity as nearly as whole groups
        allow.
    seed : int
        Seed of the draw.

    Returns
    -------
    train, test : data frames
        In the order of ``frame``.

    Raises
    ------
    RowsError
        When all rows are linked, or the share is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise RowsError(f"share must be between 0 and 1, got {share}")
    held = held_out_rows(frame, share, seed)
    if not held.any():
        raise RowsError(
            f"cannot hold out {share:.0%} of {len(frame)} rows: linked by group_id and photo, they form 1 part that "
            "must stay whole. Give rows of more groups, or a test table of your own"
        )
    return frame[~held].reset_index(drop=True), frame[held].reset_index(drop=True)


def name_hashes(kind: str, names: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Return a 64-bit hash of each name, the same on every machine."""
    return hashes([f"{kind} {name}" for name in names])
