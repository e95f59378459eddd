"""Grouping: which of the quantities on a photo belong together, by the layout of its text.

Text lines close to each other, in font sizes, form a block. Blocks then join, nearest first, as long as they do not
contradict each other: a weight here and a height there describe one product, two weights far apart describe two.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.cluster.hierarchy import DisjointSet
from scipy.sparse.csgraph import connected_components

from hybridml.vision.outline import Outline
from hybridml.vision.text_line import TextLine

Ints = npt.NDArray[np.int64]
Box = tuple[float, float, float, float]

BELOW, ASIDE = 2.0, 1.0
"""How far apart text lines of one block may be, below and beside one another, in the smaller font size."""

TABLE_ROW = 8.0
"""The same for a quantity and words in its row of a table; two quantities that far apart may be of two products."""

FONT_RATIO = 1.6
"""How much larger one font of a table row may be than the other."""

OUTLINE_REACH = 5.0
"""How far from the outline of the product its dimensions may stand, in font sizes."""

PLAIN_BORDER, LARGEST_OUTLINE = 0.6, 0.85
"""Share of plain border that the outline of a product needs, and the share of the photo that it may fill."""


@dataclass(frozen=True)
class PlacedQuantity:
    """A quantity at a place on a photo.

    Parameters
    ----------
    line : int
        Its text line.
    entity : str
        The entity that it most probably answers.
    number : hashable
        The same for the same quantity in another unit.
    label : bool
        Whether it labels a line of a drawing: a length, with hardly another word beside it.
    """

    line: int
    entity: str
    number: Any
    label: bool = False


def group_quantities(
    lines: Sequence[TextLine], quantities: Sequence[PlacedQuantity], outline: Outline | None = None
) -> Ints:
    """Return the group of each quantity, numbered from 0 in order of first appearance.

    Parameters
    ----------
    lines : sequence of TextLine
        All text lines of the photo.
    quantities : sequence of PlacedQuantity
        The quantities in them.
    outline : Outline, optional
        The outline of the product, around which a drawing has its dimensions.

    Examples
    --------
    >>> def at(text, x, y):
    ...     return TextLine(text, 1.0, ((x, y), (x + 70, y), (x + 70, y + 20), (x, y + 20)))
    >>> jars = [at("NET WT 500 g", 0, 300), at("18 V", 0, 150), at("NET WT 200 g", 600, 300)]
    >>> found = [("item_weight", 500), ("voltage", 18), ("item_weight", 200)]
    >>> group_quantities(jars, [PlacedQuantity(i, *what) for i, what in enumerate(found)]).tolist()
    [0, 0, 1]
    """
    if not quantities:
        return np.zeros(0, dtype=np.int64)
    holds_quantity = np.zeros(len(lines), dtype=bool)
    holds_quantity[[quantity.line for quantity in quantities]] = True
    block = text_blocks(lines, holds_quantity)
    own_block = block[[quantity.line for quantity in quantities]]
    within: dict[int, list[PlacedQuantity]] = {}
    for quantity, b in zip(quantities, own_block.tolist(), strict=True):
        within.setdefault(b, []).append(quantity)
    joined = DisjointSet(within)
    for first, second in itertools.pairwise(_around(lines, quantities, block, outline)):
        joined.merge(first, second)
    for _, first, second in _nearest(np.hypot(*_gaps(lines)), block, sorted(within)):
        a, b = ([q for member in joined.subset(each) for q in within[member]] for each in (first, second))
        if not _contradict(a, b):
            joined.merge(first, second)
    return pd.factorize(np.array([joined[b] for b in own_block.tolist()]))[0]


def text_blocks(lines: Sequence[TextLine], holds_quantity: npt.NDArray[np.bool_]) -> Ints:
    """Return the block of each text line: lines that are linked, directly or through others, by being close.

    Examples
    --------
    >>> def at(text, x, y):
    ...     return TextLine(text, 1.0, ((x, y), (x + 70, y), (x + 70, y + 20), (x, y + 20)))
    >>> table = [at("Weight", 0, 0), at("500 g", 150, 0), at("Made in", 0, 400)]
    >>> text_blocks(table, np.array([False, True, False])).tolist()
    [0, 0, 1]
    """
    aside, below = _gaps(lines)
    font = np.array([max(line.height, 1.0) for line in lines])
    smaller, larger = np.minimum(font[:, None], font[None]), np.maximum(font[:, None], font[None])
    level = np.array([abs(line.angle) < 20 for line in lines])
    level = level[:, None] & level[None]
    close = np.hypot(aside / np.where(level, ASIDE, BELOW), below / BELOW) <= smaller
    box = np.array([line.box for line in lines]).reshape(-1, 4)
    overlap = np.minimum(box[:, None, 3], box[None, :, 3]) - np.maximum(box[:, None, 1], box[None, :, 1])
    row = level & (overlap > 0.5 * smaller) & (aside <= TABLE_ROW * smaller) & (larger < FONT_RATIO * smaller)
    row &= holds_quantity[:, None] != holds_quantity[None]
    return np.asarray(connected_components(close | row, directed=False)[1], dtype=np.int64)


def _gaps(lines: Sequence[TextLine]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the horizontal and the vertical gap between the boxes of each two lines, in pixels."""
    low = np.array([line.box[:2] for line in lines]).reshape(-1, 2)
    high = np.array([line.box[2:] for line in lines]).reshape(-1, 2)
    gaps = np.maximum(np.maximum(low[:, None], low[None]) - np.minimum(high[:, None], high[None]), 0.0)
    return gaps[..., 0], gaps[..., 1]


def _nearest(gaps: npt.NDArray[np.float64], block: Ints, some: Sequence[int]) -> list[tuple[float, int, int]]:
    """Return each two of ``some`` blocks with the distance between them, the nearest first."""
    members = {b: np.flatnonzero(block == b) for b in some}
    return sorted(
        (float(gaps[np.ix_(members[a], members[b])].min()), a, b) for a, b in itertools.combinations(some, 2)
    )


def _around(
    lines: Sequence[TextLine], quantities: Sequence[PlacedQuantity], block: Ints, outline: Outline | None
) -> list[int]:
    """Return the blocks of labels around the outline of the product; none where the outline is not clear."""
    if outline is None or outline.plain < PLAIN_BORDER:
        return []
    left, top, right, bottom = outline.box
    if (right - left) * (bottom - top) > LARGEST_OUTLINE * outline.width * outline.height:
        return []
    found = []
    for quantity in quantities:
        line = lines[quantity.line]
        x, y = line.center
        away = np.hypot(max(left - x, x - right, 0.0), max(top - y, y - bottom, 0.0))
        if quantity.label and away < OUTLINE_REACH * max(line.height, 1.0):
            found.append(int(block[quantity.line]))
    return list(dict.fromkeys(found))


def _contradict(a: Sequence[PlacedQuantity], b: Sequence[PlacedQuantity]) -> bool:
    """Return whether both have quantities of one entity, none of which the other has too."""
    repeated = {q.number for q in a} & {q.number for q in b}
    only_a, only_b = ({q.entity for q in s} - {q.entity for q in s if q.number in repeated} for s in (a, b))
    return not only_a.isdisjoint(only_b)
