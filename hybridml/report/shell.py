"""The report's page: ``index.html``, what it looks like and does, and the form of its data files.

Nothing of this computes anything. The page reads the data files (``HYBRIDML.rows({...});``) by script tags, so that it
works from a folder without a server; its Content-Security-Policy lets nothing in from elsewhere.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from hybridml.errors import HybridmlError
from hybridml.utils.files import atomic
from hybridml.utils.optional import require

PAGE = "index.html"
ASSETS = Path(__file__).parent / "assets"
SCRIPTS = (
    "data.js",
    "dom.js",
    "state.js",
    "filter.js",
    "corrections.js",
    "facets.js",
    "grid.js",
    "photo.js",
    "judge.js",
    "card.js",
    "thresholds.js",
    "report.js",
)
STYLES = ("report.css", "card.css")

# What would end the script element or, in JavaScript of old, the string.
_UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def script(function: str, *arguments: object) -> str:
    """Return the text of a data file: a call that hands ``arguments`` to the page.

    Parameters
    ----------
    function : str
        ``"rows"`` or ``"cards"``.
    arguments : object
        Anything that JSON can say.

    Raises
    ------
    ValueError
        For a number that is not finite: give None.

    Examples
    --------
    >>> print(script("cards", 0, [{"text": "</script>"}]), end="")
    HYBRIDML.cards(0,[{"text":"\\u003c/script\\u003e"}]);
    """
    said = ",".join(
        json.dumps(a, ensure_ascii=False, allow_nan=False, separators=(",", ":")) for a in arguments
    )
    return f"HYBRIDML.{function}({said.translate(_UNSAFE)});\n"


def page(title: str, overview: str, changes: str = "") -> str:
    """Return ``index.html``.

    Parameters
    ----------
    title : str
        Plain text, escaped here.
    overview, changes : str
        HTML of the tabs of these names, inserted as it is: escape what goes into it. Without ``changes`` the tab
        shows rows only, and only when the rows tell of another run.
    """
    require("the report", ["jinja2"], "report")
    from jinja2 import Environment, FileSystemLoader

    template = Environment(loader=FileSystemLoader(ASSETS), autoescape=True).get_template("index.html")
    return template.render(title=title, overview=overview, changes=changes, scripts=SCRIPTS, styles=STYLES)


def make_folder(folder: Path) -> None:
    """Make the report's folder.

    Raises
    ------
    HybridmlError
        When nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise HybridmlError(
            f"cannot write the report into {folder}: {error.strerror or error}; name a folder that can be written to"
        ) from None


def write_shell(folder: Path, title: str, overview: str, changes: str = "") -> Path:
    """Write ``index.html`` and the styles and scripts it names; return its path.

    Parameters
    ----------
    folder : Path
        The report's folder; made when it is not there.
    title, overview, changes : str
        As for :func:`page`.
    """
    text = page(title, overview, changes)
    make_folder(folder)
    for name in (*STYLES, *SCRIPTS):
        with atomic(folder / name) as temporary:
            shutil.copyfile(ASSETS / name, temporary)
    with atomic(folder / PAGE) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return folder / PAGE
