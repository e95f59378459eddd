"""Areas: which of the quantities on a photo stand together, by how its text is laid out.

Text lines that stand close, in font sizes, form a block. Blocks then join, nearest first, as long as they do not
contradict each other: a weight here and a height there are one product's, two weights far apart are two.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hybridml.vision.outline import Outline
from hybridml.vision.text_line import TextLine

Ints = npt.NDArray[np.int64]
Box = tuple[float, float, float, float]

BELOW, ASIDE = 2.0, 1.0
"""How far apart text lines of one block may be, below and beside one another, in the smaller font size."""

ROW = 8.0
"""The same for a quantity and the words of its row, in a table; two quantities that far apart may be two products'."""

ALIKE = 1.6
"""How much larger one font of a row may be than the other."""

AROUND = 5.0
"""How far from the product's outline its dimensions may stand, in font sizes."""

PLAIN, WHOLE = 0.6, 0.85
"""Share of plain border from which an outline is the product's, and share of the photo up to which it is."""


@dataclass(frozen=True)
class Mark:
    """A quantity that stands somewhere on a photo.

    Parameters
    ----------
    line : int
        Its text line.
    entity : str
        What it most probably is.
    number : hashable
        The same for the same quantity in another unit.
    label : bool
        Whether it labels a line of a drawing: a length, with hardly another word beside it.
    """

    line: int
    entity: str
    number: Any
    label: bool = False


def areas(lines: Sequence[TextLine], marks: Sequence[Mark], outline: Outline | None = None) -> Ints:
    """Return the area of each mark, numbered from 0 in order of first appearance.

    Parameters
    ----------
    lines : sequence of TextLine
        All text of the photo.
    marks : sequence of Mark
        The quantities in it.
    outline : Outline, optional
        Its outline says which dimensions are drawn around one product.

    Examples
    --------
    >>> def at(text, x, y):
    ...     return TextLine(text, 1.0, ((x, y), (x + 70, y), (x + 70, y + 20), (x, y + 20)))
    >>> jars = [at("NET WT 500 g", 0, 300), at("18 V", 0, 150), at("NET WT 200 g", 600, 300)]
    >>> says = [Mark(0, "item_weight", 500), Mark(1, "voltage", 18), Mark(2, "item_weight", 200)]
    >>> areas(jars, says).tolist()
    [0, 0, 1]
    """
    if not marks:
        return np.zeros(0, dtype=np.int64)
    tells = np.zeros(len(lines), dtype=bool)
    tells[[mark.line for mark in marks]] = True
    block = text_blocks(lines, tells)
    of_mark = block[[mark.line for mark in marks]]
    joined = _Clusters(marks, of_mark.tolist())
    for first, second in itertools.pairwise(_around(lines, marks, block, outline)):
        joined.join(first, second)
    for _, first, second in _nearest(np.hypot(*_apart(lines)), block, sorted(set(of_mark.tolist()))):
        if not joined.contradict(first, second):
            joined.join(first, second)
    order: dict[int, int] = {}
    return np.array([order.setdefault(joined.root(b), len(order)) for b in of_mark.tolist()], dtype=np.int64)


def text_blocks(lines: Sequence[TextLine], tells: npt.NDArray[np.bool_]) -> Ints:
    """Return the block of each text line: those that hang together through lines that stand close.

    Parameters
    ----------
    lines : sequence of TextLine
        All text of the photo.
    tells : bool array, one per line
        Which of them hold a quantity.

    Examples
    --------
    >>> def at(text, x, y):
    ...     return TextLine(text, 1.0, ((x, y), (x + 70, y), (x + 70, y + 20), (x, y + 20)))
    >>> table = [at("Weight", 0, 0), at("500 g", 150, 0), at("Made in", 0, 400)]
    >>> text_blocks(table, np.array([False, True, False])).tolist()
    [0, 0, 1]
    """
    from scipy.sparse.csgraph import connected_components

    aside, below = _apart(lines)
    font = np.array([max(line.height, 1.0) for line in lines])
    smaller, larger = np.minimum(font[:, None], font[None]), np.maximum(font[:, None], font[None])
    level = np.array([abs(line.angle) < 20 for line in lines])
    level = level[:, None] & level[None]
    close = np.hypot(aside / np.where(level, ASIDE, BELOW), below / BELOW) <= smaller
    box = np.array([line.box for line in lines]).reshape(-1, 4)
    overlap = np.minimum(box[:, None, 3], box[None, :, 3]) - np.maximum(box[:, None, 1], box[None, :, 1])
    row = level & (overlap > 0.5 * smaller) & (aside <= ROW * smaller) & (larger < ALIKE * smaller)
    row &= tells[:, None] != tells[None]
    return np.asarray(connected_components(close | row, directed=False)[1], dtype=np.int64)


def _apart(lines: Sequence[TextLine]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the distance between the boxes of each two lines, across the photo and down, in pixels."""
    low = np.array([line.box[:2] for line in lines]).reshape(-1, 2)
    high = np.array([line.box[2:] for line in lines]).reshape(-1, 2)
    apart = np.maximum(np.maximum(low[:, None], low[None]) - np.minimum(high[:, None], high[None]), 0.0)
    return apart[..., 0], apart[..., 1]


def _nearest(
    gaps: npt.NDArray[np.float64], block: Ints, marked: Sequence[int]
) -> list[tuple[float, int, int]]:
    """Return each two of the blocks ``marked`` with their distance, the nearest first."""
    members = {b: np.flatnonzero(block == b) for b in marked}
    return sorted(
        (float(gaps[np.ix_(members[a], members[b])].min()), a, b)
        for a, b in itertools.combinations(marked, 2)
    )


def _around(
    lines: Sequence[TextLine], marks: Sequence[Mark], block: Ints, outline: Outline | None
) -> list[int]:
    """Return the blocks of labels that stand around the product's outline; none where it is not told apart."""
    if outline is None or outline.plain < PLAIN:
        return []
    left, top, right, bottom = outline.box
    if (right - left) * (bottom - top) > WHOLE * outline.width * outline.height:
        return []
    found = []
    for mark in marks:
        line = lines[mark.line]
        x, y = line.center
        away = np.hypot(max(left - x, x - right, 0.0), max(top - y, y - bottom, 0.0))
        if mark.label and away < AROUND * max(line.height, 1.0):
            found.append(int(block[mark.line]))
    return list(dict.fromkeys(found))


class _Clusters:
    """Blocks that were joined, and what the quantities in them say."""

    def __init__(self, marks: Sequence[Mark], blocks: Sequence[int]) -> None:
        self._parent = {block: block for block in blocks}
        self._says: dict[int, dict[str, set[Any]]] = {}
        for mark, block in zip(marks, blocks, strict=True):
            self._says.setdefault(block, {}).setdefault(mark.entity, set()).add(mark.number)

    def root(self, block: int) -> int:
        """Return the block that stands for all those joined with ``block``."""
        while self._parent[block] != block:
            block = self._parent[block]
        return block

    def join(self, first: int, second: int) -> None:
        """Make the clusters of two blocks one."""
        kept, gone = self.root(first), self.root(second)
        if kept == gone:
            return
        self._parent[gone] = kept
        for entity, numbers in self._says.pop(gone).items():
            self._says[kept].setdefault(entity, set()).update(numbers)

    def contradict(self, first: int, second: int) -> bool:
        """Return whether both say something of one entity, and neither says any of it as well."""
        a, b = self._says[self.root(first)], self._says[self.root(second)]
        all_a, all_b = set().union(*a.values()), set().union(*b.values())
        return any(not a[entity] & all_b and not b[entity] & all_a for entity in a.keys() & b.keys())
