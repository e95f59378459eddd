"""Which rows belong together, and how to deal them out so that nothing about one part is known in another.

Rows of one group show one sort of product with labels that repeat, and one photo has several rows. Rows that
are linked by either, directly or through others, form a *part*.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.errors import RowsError

from .links import image_name

Ints = npt.NDArray[np.int64]

ENTITY_WEIGHT = 0.5
"""What an even share of each entity's rows counts for beside an even share of all rows."""


PHOTO = "photo_file"
"""Column with the name of a photo's file, where that is not the base name of the link."""


def photo_names(frame: pd.DataFrame) -> list[str]:
    """Return the name that each row's photo is told apart by, blank where it has none.

    That is the name of its file: where the row says one in ``photo_file`` (see :func:`hybridml.datasets.photos.named`),
    that; else the base name of ``image_link``, or of ``image`` in a table without links. So two links to one
    file are one photo, and two photos whose links end alike are two once it is known which file each became.
    Where it is not, they count as one photo: rows are then kept together that could be parted, never parted
    that belong together.

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
            links = frame[column].astype(object).where(frame[column].notna(), "")
            of_link = {link: _name(link) for link in links.unique()}
            names = [name or of_link[link] for name, link in zip(names, links, strict=True)]
    return names


def _name(link: object) -> str:
    try:
        return image_name(str(link))
    except RowsError:
        return ""


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


def parts_of(frame: pd.DataFrame) -> Ints:
    """Return the number of each row's part: rows linked by group or photo, directly or through others.

    Parameters
    ----------
    frame : data frame
        With ``group_id`` and ``image_link``. A row that lacks both is a part of its own.

    Returns
    -------
    int array (n_rows,)
        Numbered from 0 in order of first appearance.

    Examples
    --------
    >>> rows = pd.DataFrame({"group_id": ["a", "a", "b", "c"], "image_link": ["x", "y", "y", "z"]})
    >>> parts_of(rows).tolist()
    [0, 0, 0, 1]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(frame)
    if not n:
        return np.zeros(0, dtype=np.int64)
    rows, others = [], []
    first = n
    for names in (group_names(frame), photo_names(frame)):
        codes, known = pd.factorize(np.array([name or None for name in names], dtype=object))
        linked = np.flatnonzero(codes >= 0)
        rows.append(linked)
        others.append(first + codes[linked])
        first += len(known)
    row, other = np.concatenate(rows), np.concatenate(others)
    graph = coo_array((np.ones(len(row), dtype=np.int8), (row, other)), shape=(first, first))
    _, label = connected_components(graph, directed=False)
    return np.asarray(pd.factorize(label[:n])[0], dtype=np.int64)


def deal(parts: Ints, entities: Sequence[str], shares: Sequence[float], seed: int) -> Ints:
    """Deal whole parts out to bins so that each gets its share of the rows and, roughly, of each entity.

    The largest part goes first, each to the bin that it brings least above its share; parts of one size in
    random order.

    Parameters
    ----------
    parts : int array (n_rows,)
        As :func:`parts_of` numbers them.
    entities : sequence of str, one per row
        What each row asks.
    shares : sequence of float
        The bins' shares; they sum to one.
    seed : int
        Of the order of parts of one size.

    Returns
    -------
    int array (n_rows,)
        Each row's bin.
    """
    n_parts = int(parts.max()) + 1 if len(parts) else 0
    kinds, names = pd.factorize(np.asarray(entities, dtype=object))
    counts = np.zeros((n_parts, len(names) + 1))
    np.add.at(counts, (parts, kinds), 1.0)
    counts[:, -1] = counts[:, :-1].sum(axis=1)
    total = counts.sum(axis=0)
    scale = (
        np.append(np.full(len(names), ENTITY_WEIGHT / max(len(names), 1)), 1.0) / np.maximum(total, 1.0) ** 2
    )
    share = np.asarray(shares, dtype=float)
    filled = np.zeros((len(share), counts.shape[1]))
    jitter = np.random.default_rng(seed).random(n_parts)
    bin_of = np.zeros(n_parts, dtype=np.int64)
    for part in np.lexsort((jitter, -counts[:, -1])):
        # the growth of sum over bins of (filled / share)^2 * share, without what is the same for all bins
        growth = ((2.0 * filled + counts[part]) * (counts[part] * scale)).sum(axis=1) / share
        chosen = int(np.argmin(growth))
        bin_of[part] = chosen
        filled[chosen] += counts[part]
    return bin_of[parts]


def hold_out(frame: pd.DataFrame, share: float = 0.2, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part rows in two that share neither a group nor a photo, not even through other rows.

    Parameters
    ----------
    frame : data frame
        Rows.
    share : float
        Share of the rows to hold out, between 0 and 1; met as nearly as whole groups allow, for all rows and
        roughly for each entity.
    seed : int
        Of the draw.

    Returns
    -------
    train, test : data frames
        In the order of ``frame``.

    Raises
    ------
    RowsError
        When all rows hang together, or the share is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise RowsError(f"share must be between 0 and 1, got {share}")
    parts = parts_of(frame)
    n_parts = len(set(parts.tolist()))
    held = deal(parts, list(frame["entity_name"]), (1 - share, share), seed) == 1
    if held.all() or not held.any():
        raise RowsError(
            f"cannot hold out {share:.0%} of {len(frame)} rows: linked by groups and photos they form "
            f"{n_parts} part(s). Give rows of more groups, or a test table of your own"
        )
    return frame[~held].reset_index(drop=True), frame[held].reset_index(drop=True)


def name_hashes(kind: str, names: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Return a 64-bit hash of each name, the same on every machine."""
    named = np.asarray([f"{kind} {name}" for name in names], dtype=object)
    return np.asarray(pd.util.hash_array(named, categorize=True), dtype=np.uint64)
