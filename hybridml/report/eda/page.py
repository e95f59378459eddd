"""The HTML page of an exploration: its tables and plots, without scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import pandas as pd

PAGE_LINES = 50

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; font-size: 13px } .wide { overflow-x: auto }
th, td { border-bottom: 1px solid #ddd; padding: .2rem .6rem; text-align: left; overflow-wrap: anywhere }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
img { max-width: 100% } p.note { color: #555 }
"""


def html_page(source: str, tables: Mapping[str, pd.DataFrame], pictures: Sequence[str]) -> str:
    """Return the page as HTML: the pictures beside it, and the first lines of each table with a link to its CSV."""
    title = f"hybridml explore: {escape(source)}"
    plots = "\n".join(f'<p><img src="{escape(name)}" alt="{escape(name)}"></p>' for name in pictures)
    sections = "\n".join(_section(name, table) for name, table in tables.items())
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head>\n<body><h1>{title}</h1>\n{plots}\n{sections}\n</body></html>\n"
    )


def _section(name: str, table: pd.DataFrame) -> str:
    numeric = [
        pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind) for kind in table.dtypes
    ]
    head = "".join(_cell("th", str(c), n) for c, n in zip(table.columns, numeric, strict=True))
    body = "\n".join(
        "<tr>" + "".join(_cell("td", text_of(v), n) for v, n in zip(line, numeric, strict=True)) + "</tr>"
        for line in table.head(PAGE_LINES).itertuples(index=False)
    )
    heading = escape(name.replace("_", " "))
    more = f"{len(table):,} lines, {PAGE_LINES} shown; all in " if len(table) > PAGE_LINES else ""
    return (
        f'<h2>{heading}</h2><p class="note">{more}<a href="{escape(name)}.csv">'
        f'{escape(name)}.csv</a></p><div class="wide"><table><tr>{head}</tr>\n{body}</table></div>'
    )


def _cell(tag: str, text: str, numeric: bool) -> str:
    kind = ' class="n"' if numeric else ""
    return f"<{tag}{kind}>{escape(text)}</{tag}>"


def text_of(value: object) -> str:
    """Return a cell as readable text.

    Examples
    --------
    >>> text_of(1234567), text_of(0.123456), text_of(float("nan")), text_of(True)
    ('1,234,567', '0.1235', '', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if value != value:
            return ""
        return f"{value:,.0f}" if 10_000 <= abs(value) < 1e9 else f"{value:,.4g}"
    if isinstance(value, int):
        return f"{value:,}"
    # a label must not send control characters to the terminal
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(value))
