"""Sections of a report's page: tables, pictures and sentences, and the HTML they become."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pandas as pd

from hybridml.utils.optional import require

if TYPE_CHECKING:
    from markupsafe import Markup

NOT_KNOWN = "–"


@dataclass(frozen=True)
class Picture:
    """A file in ``plots/``, and what it shows in words."""

    file: str
    words: str


@dataclass(frozen=True)
class Shown:
    """A table as the page shows it: what it is, its head, and its lines as text."""

    words: str
    head: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Linked:
    """A sentence, and a link to the rows that it is about.

    Parameters
    ----------
    text : str
        What is said.
    words : str
        What the link says.
    view : mapping of str to str or several
        What the page shows then, as its address says it: ``tab``, ``cause``, ...
    """

    text: str
    words: str
    view: Mapping[str, str | Sequence[str]]

    @property
    def address(self) -> str:
        """Where the link leads, within the page."""
        return f"#{urlencode(self.view, doseq=True)}"


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Parameters
    ----------
    name : str
        Its id in the page.
    title : str
        Its heading.
    warning : str
        What must not be overlooked.
    notes : tuple of str
        What is said first, as paragraphs.
    sentences : tuple of str or Linked
        What is said beside the pictures, as a list.
    pictures, tables
        What is shown.
    footnotes : tuple of str
        What is said below them.
    files : tuple of str
        Files in ``tables/`` to link to.
    mount : str
        Id of an empty element for the page's script, none by default.
    """

    name: str
    title: str
    warning: str = ""
    notes: tuple[str, ...] = ()
    sentences: tuple[str | Linked, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Shown, ...] = ()
    footnotes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    mount: str = ""


def shown(words: str, table: pd.DataFrame, titles: Mapping[str, str]) -> Shown:
    """Return the columns of a table that have a title, as text.

    Examples
    --------
    >>> shown("Rows", pd.DataFrame({"name": ["width"], "f1": [0.75]}), {"name": "entity", "f1": "F1"}).lines
    (('width', '0.750'),)
    """
    kept = [name for name in titles if name in table.columns]
    lines = zip(*(map(text_of, table[name]) for name in kept), strict=True) if kept else ()
    return Shown(words, tuple(titles[name] for name in kept), tuple(lines))


def text_of(value: object) -> str:
    """Return a cell as a person reads it.

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
    """Return a value with its interval.

    Examples
    --------
    >>> with_interval(0.5, 0.25, 0.75), with_interval(0.5, float("nan"), float("nan"))
    ('0.500 (0.250 to 0.750)', '0.500')
    """
    if math.isnan(value) or math.isnan(low):
        return text_of(value)
    return f"{text_of(value)} ({text_of(low)} to {text_of(high)})"


def rendered(sections: Sequence[Section]) -> Markup:
    """Return the sections as a fragment of HTML; whatever text they hold is escaped."""
    require("the page of a report", ["jinja2"], "report")
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    assets = PackageLoader("hybridml.report", "assets")
    environment = Environment(loader=assets, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return Markup(environment.get_template("overview.html").render(sections=sections))
