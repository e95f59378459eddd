"""The reading order of text lines, and their overlap: small pure functions on polygons."""

from __future__ import annotations

from collections.abc import Iterable

from hybridml.vision.text_line import TextLine

# A line joins a row when it shares this part of the smaller one's height.
ROW_OVERLAP = 0.5


def is_vertical(line: TextLine) -> bool:
    """Return whether a line runs up or down rather than across."""
    return 45.0 < abs(line.angle) < 135.0


def reading_order(lines: Iterable[TextLine]) -> tuple[TextLine, ...]:
    """Sort text lines as a person reads them: rows from the top, each from left to right.

    Lines that share at least half of the smaller one's height form a row. A line that runs up or down is a
    row of its own, where its middle is: it would otherwise join every row beside it.

    Examples
    --------
    >>> def line(text, x, y):
    ...     return TextLine(text, 1.0, ((x, y), (x + 50, y), (x + 50, y + 10), (x, y + 10)))
    >>> [l.text for l in reading_order([line("c", 0, 30), line("b", 60, 0), line("a", 0, 3)])]
    ['a', 'b', 'c']
    """
    rows: list[tuple[float, float, list[TextLine]]] = []
    for line in sorted(lines, key=lambda each: each.center[1]):
        _, top, _, bottom = line.box
        for row_top, row_bottom, row in reversed(rows):
            shared = min(bottom, row_bottom) - max(top, row_top)
            alike = shared > 0 and shared >= ROW_OVERLAP * min(bottom - top, row_bottom - row_top)
            if alike and not is_vertical(line) and not is_vertical(row[0]):
                row.append(line)
                break
        else:
            rows.append((top, bottom, [line]))
    rows.sort(key=lambda row: (row[0] + row[1]) / 2)
    return tuple(line for _, _, row in rows for line in sorted(row, key=lambda each: each.box[0]))


def overlap(a: TextLine, b: TextLine) -> float:
    """Return the part of the smaller line's upright box that the other one covers, 0 to 1."""
    left, top, right, bottom = a.box
    left2, top2, right2, bottom2 = b.box
    width = min(right, right2) - max(left, left2)
    height = min(bottom, bottom2) - max(top, top2)
    if width <= 0 or height <= 0:
        return 0.0
    smaller = min((right - left) * (bottom - top), (right2 - left2) * (bottom2 - top2))
    return width * height / smaller if smaller > 0 else 0.0
