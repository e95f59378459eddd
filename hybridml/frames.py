"""Candidates as data frames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .explained import Considered, Explanation
from .quantity import format_quantity

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("index", "photo", "entity_name", "prediction", "value", "unit"),
    *("text", "form", "confidence", "box", "reasons"),
)
"""Columns of :func:`candidates_frame`."""


def candidates_frame(explained: Explanation | Iterable[Explanation]) -> pd.DataFrame:
    """Return what was considered for a row, or for several, as a table.

    Parameters
    ----------
    explained : Explanation or iterable of Explanation
        As :meth:`hybridml.EntityExtractor.explain` returns them.

    Returns
    -------
    data frame
        One line per row and quantity, a row's most probable first: ``index, photo, entity_name`` of the row;
        ``prediction, value, unit`` of the quantity; the ``text`` line that holds it and the ``form`` in which it is
        written there; ``confidence``, the probability that it is right; its ``box`` in pixels of the photo; and
        ``reasons`` in words, strongest first, each with what it added to the score. Rows without a quantity have
        no line.
    """
    import pandas as pd

    several = [explained] if isinstance(explained, Explanation) else explained
    lines = [
        (each.index, each.photo, each.entity, *_line(each, considered))
        for each in several
        for considered in each.considered
    ]
    return pd.DataFrame(lines, columns=list(COLUMNS))


def _line(explained: Explanation, considered: Considered) -> tuple[object, ...]:
    candidate, reading = considered.candidate, explained.reading
    return (
        format_quantity(candidate.value, candidate.unit),
        candidate.value,
        candidate.unit,
        reading.lines[candidate.line].text if reading else "",
        candidate.form,
        considered.confidence,
        candidate.box,
        "; ".join(f"{reason.words} ({reason.contribution:+.2f})" for reason in considered.reasons),
    )
