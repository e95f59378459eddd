"""Sections of a report's overview: their tables, figures and sentences, the files they write, and their HTML."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pandas as pd

from hybridml.datasets.csv_file import write_csv
from hybridml.entities import EntitySchema

from .files import rendered

if TYPE_CHECKING:
    from markupsafe import Markup

NOT_KNOWN = "–"


@dataclass(frozen=True)
class Figure:
    """A file in ``plots/`` and its caption."""

    file: str
    caption: str


@dataclass(frozen=True)
class TextTable:
    """A table as the page shows it: caption, head, and lines as text."""

    caption: str
    head: Sequence[str]
    lines: Sequence[Sequence[str]]


@dataclass(frozen=True)
class LinkedSentence:
    """A sentence, and a link to the rows that it is about.

    The link leads to a state of the page, as in its address: ``tab``, ``cause``, ...
    """

    text: str
    link_text: str
    state: Mapping[str, str | Sequence[str]]

    @property
    def address(self) -> str:
        """Where the link leads, within the page."""
        return f"#{urlencode(self.state, doseq=True)}"


Sentence = str | LinkedSentence


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Parameters
    ----------
    name, title : str
        Its id in the page, and its heading.
    warning : str
        What must not be overlooked.
    notes, footnotes : tuple of str
        Paragraphs above and below everything else.
    sentences : tuple of str or LinkedSentence
        A list beside the figures.
    figures, tables
        What is shown.
    files : tuple of str
        Files in ``tables/`` to link to.
    mount : str
        Id of an empty element for the page's script, none by default.
    """

    name: str
    title: str
    warning: str = ""
    notes: tuple[str, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[TextTable, ...] = ()
    footnotes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    mount: str = ""


@dataclass
class OverviewWriter:
    """Writes the tables and plots of the sections to ``tables/`` and ``plots/`` of a report's folder.

    It collects their numbers, by name, and the files written, relative to the folder.
    """

    folder: Path
    schema: EntitySchema | None
    numbers: dict[str, Any] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)

    def path(self, file: str) -> Path:
        """Return the path of a file that is about to be written, and note it."""
        self.files.append(file)
        return self.folder / file

    def write_table(self, name: str, table: pd.DataFrame) -> str:
        """Write a table and add it to the numbers; return its file."""
        filled = table.astype(object).where(table.notna(), "")
        write_csv(self.path(f"tables/{name}.csv"), list(table.columns), filled.itertuples(index=False))
        self.numbers[name] = table.to_dict("records")
        return f"{name}.csv"

    def draw(self, name: str, caption: str, plot: Callable[..., None], *arguments: Any) -> Figure:
        """Draw a plot with ``plot(path, *arguments)``."""
        path = self.path(f"plots/{name}.svg")
        path.parent.mkdir(parents=True, exist_ok=True)
        plot(path, *arguments)
        return Figure(path.name, caption)


def text_table(caption: str, table: pd.DataFrame, titles: Mapping[str, str]) -> TextTable:
    """Return the columns of a table that have a title, as text.

    Examples
    --------
    >>> text_table("Rows", pd.DataFrame({"name": ["width"], "f1": [0.75]}), {"name": "entity", "f1": "F1"}).lines
    (('width', '0.750'),)
    """
    kept = [name for name in titles if name in table.columns]
    lines = zip(*(map(text_of, table[name]) for name in kept), strict=True) if kept else ()
    return TextTable(caption, tuple(titles[name] for name in kept), tuple(lines))


def text_of(value: object) -> str:
    """Return the text of a cell.

    Examples
    --------
    >>> text_of(1234), text_of(0.12345), text_of(17.25), text_of(float("nan")), text_of("a")
    ('1,234', '0.123', '17.2', '–', 'a')
    """
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        if math.isnan(value):
            return NOT_KNOWN
        return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def with_interval(value: float, low: float, high: float) -> str:
    """Return the text of a value with its interval.

    Examples
    --------
    >>> with_interval(0.5, 0.25, 0.75), with_interval(0.5, float("nan"), float("nan"))
    ('0.500 (0.250 to 0.750)', '0.500')
    """
    if math.isnan(value) or math.isnan(low):
        return text_of(value)
    return f"{text_of(value)} ({text_of(low)} to {text_of(high)})"


def render(sections: Sequence[Section]) -> Markup:
    """Return the sections as a fragment of HTML; whatever text they hold is escaped."""
    return rendered("overview.html", sections=sections)
