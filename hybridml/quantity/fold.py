"""Folding: one form for characters that look alike, with every character in its place."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_ALIKE = {
    "'": "‘’‚‛′´`ʹʼ＇",
    '"': "“”„‟″˝〃❝❞＂ʺ",
    "-": "‐‑‒–—―−﹣－─ー",
    "~": "～∼〜˜≈",
    "x": "×✕✖╳⨯⨉хХ✗❌",
    "*": "∗＊⋆",
    "/": "⁄∕／",
    "<": "≤≦⩽＜",
    ">": "≥≧⩾＞",
    "ø": "Ø⌀∅Φφϕ",
    "µ": "μ",
    " ": "\t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
    "\u00ad\u200b\u200c\u200d\ufeff",
    ".": "·・。．",
    ",": "，、",
    ":": "：",
    "(": "（",
    ")": "）",
    "l": "ℓ",
}
_TABLE = {char: to for to, chars in _ALIKE.items() for char in chars}


@lru_cache(maxsize=4096)
def _fold(char: str) -> str:
    if (alike := _TABLE.get(char)) is not None:
        return alike
    if (digit := unicodedata.decimal(char, None)) is not None:
        return str(digit)
    if "\uff01" <= char <= "\uff5e":
        char = chr(ord(char) - 0xFEE0)
    base = unicodedata.normalize("NFD", char)[0]
    lower = base.lower()
    return lower if len(lower) == 1 else char


def fold(text: str) -> str:
    """Return ``text`` in lower case, without accents, with one form of each dash, quote and times sign.

    Positions in the result are those in ``text``.

    Examples
    --------
    >>> fold("11IN × 8½ “Höhe”")
    '11in x 8½ "hohe"'
    """
    plain = text.isascii() and "\t" not in text and "`" not in text
    return text.lower() if plain else "".join(map(_fold, text))


def any_of(words: str) -> str:
    """Return a pattern that matches any of the words in ``words``; ``_`` stands for a space within one.

    Examples
    --------
    >>> any_of("up_to max")
    '(?:up to|max)'
    """
    return f"(?:{'|'.join(re.escape(w).replace('_', ' ') for w in words.split())})"
