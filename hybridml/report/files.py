"""The files of a report's folder: the page with its styles and scripts, and the data that the page and others read.

Nothing here computes anything. The page loads the data files (``HYBRIDML.rows({...});``) with script tags, so that it
works from a folder without a server; its Content-Security-Policy lets nothing in from elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from hybridml.errors import HybridmlError
from hybridml.utils.files import atomic
from hybridml.utils.optional import require

if TYPE_CHECKING:
    from markupsafe import Markup

REPORT_PAGE = "index.html"
ASSETS = Path(__file__).parent / "assets"
SCRIPTS = (
    *("data.js", "dom.js", "state.js", "filter.js", "corrections.js", "facets.js"),
    *("grid.js", "photo.js", "correction_form.js", "card.js", "thresholds.js", "report.js"),
)
PAGE_STYLES = ("report.css", "card.css")

ROWS = Path("data", "rows.js")
ROWS_VERSION = 1
REPORT_COLUMNS = (
    *("id", "index", "photo", "image", "thumb", "group", "entity", "truth", "prediction", "confidence"),
    *("outcome", "cause", "loss", "trained", "suspect", "suspect_why", "text", "problem", "other", "change"),
)
"""Columns of the table of rows."""

CARDS_A_FILE = 100
"""Cards in a file, all of which the page loads when one of them is opened."""

NUMBERS = "report.json"
OWN_FILES = "files"
"""Key of the numbers that lists the report's tables and plots, so that a later report can tell them from others."""

_CARDS = re.compile(r"cards-\d{4,}\.js")
_TABLE_OR_PLOT = re.compile(r"(plots|tables)/[\w-]+\.(svg|csv)")

# What would end the script element or, in JavaScript of old, the string.
_UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def script(function: str, *arguments: object) -> str:
    """Return the text of a data file: a call of the page's ``rows`` or ``cards`` with arguments that JSON can hold.

    Raises
    ------
    ValueError
        For a number that is not finite: give None.

    Examples
    --------
    >>> print(script("cards", 0, [{"text": "</script>"}]), end="")
    HYBRIDML.cards(0,[{"text":"\\u003c/script\\u003e"}]);
    """
    texts = [json.dumps(a, ensure_ascii=False, allow_nan=False, separators=(",", ":")) for a in arguments]
    return f"HYBRIDML.{function}({','.join(texts).translate(_UNSAFE)});\n"


def make_folder(folder: Path) -> None:
    """Make the report's folder; raise HybridmlError when nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise HybridmlError(
            f"cannot write the report into {folder}: {error.strerror or error}; name a folder that can be written to"
        ) from None


def rendered(template: str, **values: Any) -> Markup:
    """Return the HTML of a template in ``assets/``; text among the values is escaped, and none may be missing."""
    require("the page of a report", ["jinja2"], "report")
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    assets = FileSystemLoader(ASSETS)
    environment = Environment(loader=assets, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return Markup(environment.get_template(template).render(values))


def write_page(folder: Path, title: str, overview: str, changes: str = "") -> Path:
    """Write ``index.html`` with its styles and scripts; return its path.

    The title is plain text, escaped here. ``overview`` and ``changes`` are the HTML of the tabs of these names,
    inserted as it is: escape what goes into it. Without ``changes`` that tab has rows only, and is shown only where the
    rows say what another run answered.
    """
    text = rendered(
        REPORT_PAGE, title=title, overview=overview, changes=changes, scripts=SCRIPTS, styles=PAGE_STYLES
    )
    make_folder(folder)
    for name in (*PAGE_STYLES, *SCRIPTS):
        with atomic(folder / name) as temporary:
            shutil.copyfile(ASSETS / name, temporary)
    _write(folder / REPORT_PAGE, text)
    return folder / REPORT_PAGE


def write_rows(folder: Path, rows: pd.DataFrame, head: Mapping[str, Any]) -> None:
    """Write ``data/rows.js``: the table with its :data:`REPORT_COLUMNS`, and what holds for all rows (title, ...)."""
    columns = {name: plain(rows[name].tolist()) for name in REPORT_COLUMNS}
    head = {"version": ROWS_VERSION, "report": _identity(rows), **head}
    _write(folder / ROWS, script("rows", {**head, "columns": columns}))


class CardFiles:
    """The cards of a report, taken in any order and kept on disk until all are there; a context manager."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._unsorted = self._data / "unsorted"

    def __enter__(self) -> CardFiles:
        shutil.rmtree(self._unsorted, ignore_errors=True)
        self._unsorted.mkdir(parents=True)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._unsorted, ignore_errors=True)

    def add(self, card: Mapping[str, Any]) -> None:
        """Take a card; its ``id`` is the position of its row."""
        path = self._unsorted / f"cards-{card['id'] // CARDS_A_FILE:04d}.js"
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{json.dumps(card)}\n")
        except OSError as error:
            raise HybridmlError(
                f"cannot write {path}: {error.strerror or error}; name a folder with room for the report"
            ) from None

    def write(self, complete: Callable[[dict[str, Any]], dict[str, Any]] = dict) -> None:
        """Write ``data/cards-0000.js`` and so on with completed cards, and remove what an earlier report left."""
        written = set()
        for path in self._unsorted.iterdir():
            cards = sorted(map(json.loads, path.open(encoding="utf-8")), key=lambda card: card["id"])
            number = cards[0]["id"] // CARDS_A_FILE
            _write(self._data / path.name, script("cards", number, [complete(card) for card in cards]))
            written.add(path.name)
        for earlier in self._data.glob("cards-*.js"):
            if _CARDS.fullmatch(earlier.name) and earlier.name not in written:
                earlier.unlink()


def write_numbers(folder: Path, numbers: Mapping[str, Any], files: Collection[str]) -> None:
    """Write ``report.json``, and remove the tables and plots of an earlier report that are not among ``files``."""
    for file in _earlier_files(folder) - set(files):
        (folder / file).unlink(missing_ok=True)
    numbers = {**numbers, OWN_FILES: sorted(files)}
    text = json.dumps(plain(numbers), indent=1, allow_nan=False, ensure_ascii=False)
    _write(folder / NUMBERS, f"{text}\n")


def _earlier_files(folder: Path) -> set[str]:
    """Return the tables and plots that the report written before names as its own."""
    try:
        files = json.loads((folder / NUMBERS).read_text(encoding="utf-8"))[OWN_FILES]
        return {file for file in files if _TABLE_OR_PLOT.fullmatch(file)}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def plain(value: Any) -> Any:
    """Return data as JSON can hold it: numbers that are not finite become None.

    Examples
    --------
    >>> plain({"a": (1.0, float("nan"))})
    {'a': [1.0, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _identity(rows: pd.DataFrame) -> str:
    """Return an id of the rows, the same in every report on them: corrections are kept under it."""
    text = json.dumps([rows[name].tolist() for name in ("index", "entity", "photo")])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _write(path: Path, text: str) -> None:
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
