"""Number words, in the five languages of the packaged spellings."""

from __future__ import annotations

import re

_ONES = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19, "zwei": 2, "drei": 3, "vier": 4, "funf": 5, "sechs": 6, "sieben": 7, "acht": 8,
    "neun": 9, "zehn": 10, "zwolf": 12, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "sept": 7, "huit": 8,
    "neuf": 9, "dix": 10, "douze": 12, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7,
    "ocho": 8, "nueve": 9, "diez": 10, "doce": 12, "due": 2, "tre": 3, "quattro": 4, "cinque": 5, "sei": 6,
    "sette": 7, "otto": 8, "nove": 9, "dieci": 10, "dodici": 12,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "zwanzig": 20, "vingt": 20, "veinte": 20, "venti": 20,
}  # fmt: skip
_ARTICLES = frozenset(["a", "an", "un", "une", "una", "uno", "ein", "eine", "einen", "einem", "einer"])
_SCALES = {
    "hundred": 100, "thousand": 1000, "million": 1e6, "hundert": 100, "tausend": 1000, "cent": 100, "cien": 100,
    "cento": 100, "mille": 1000, "mil": 1000,
}  # fmt: skip
_FRACTIONS = {
    "half": 1 / 2, "halves": 1 / 2, "third": 1 / 3, "thirds": 1 / 3, "quarter": 1 / 4, "quarters": 1 / 4,
    "fourth": 1 / 4, "fourths": 1 / 4, "fifth": 1 / 5, "fifths": 1 / 5, "sixth": 1 / 6, "eighth": 1 / 8,
    "eighths": 1 / 8, "tenth": 1 / 10, "tenths": 1 / 10, "halbe": 1 / 2, "halber": 1 / 2, "halbes": 1 / 2,
    "halben": 1 / 2, "viertel": 1 / 4, "demi": 1 / 2, "demie": 1 / 2, "quart": 1 / 4, "medio": 1 / 2,
    "media": 1 / 2, "mezzo": 1 / 2, "mezza": 1 / 2, "cuarto": 1 / 4, "quarto": 1 / 4, "anderthalb": 3 / 2,
    "eineinhalb": 3 / 2, "zweieinhalb": 5 / 2,
}  # fmt: skip
_AND = frozenset({"and", "&", "und", "et", "y", "e"})
_ALL = sorted({*_ONES, *_TENS, *_ARTICLES, *_SCALES, *_FRACTIONS}, key=len, reverse=True)
WORD_SET = frozenset(_ALL)
WORDS = rf"(?:{'|'.join(_ALL)})"
_TOKEN = re.compile(r"[ -]?(?:([a-z]+|&)(?![a-z]))")
_OF_A = re.compile(r" (?:of )?an?(?= [a-z])")
MAX_WORDS = 10


def is_article(text: str) -> bool:
    """Return whether a word is an article, which means one only if a unit follows."""
    return text in _ARTICLES


def word_value(text: str, at: int) -> tuple[float | None, int]:
    """Return the number written in words at ``at`` of a folded text, and where it ends.

    Examples
    --------
    >>> word_value("two and a half pounds", 0), word_value("one hundred and two", 0)
    ((2.5, 14), (102.0, 19))
    """
    total, current, end, count = 0.0, None, at, 0
    joined = False
    position = at
    while count < MAX_WORDS and (m := _TOKEN.match(text, position)):
        if count == 0 and m.start(1) != at:
            break
        word = m[1]
        position, count = m.end(), count + 1
        if word in _ARTICLES:
            if current is not None and not joined:
                break
            if joined and not _fraction_follows(text, position):
                break
            if joined:
                continue
            current = 1.0
        elif word in _FRACTIONS:
            value = _FRACTIONS[word]
            current = value if current is None else current + value if joined else current * value
            of = _OF_A.match(text, position)
            end = of.end() if of else position
            break
        elif word in _ONES and (
            current is None or joined or (current >= 20 and current % 10 == 0 < _ONES[word] < 10)
        ):
            current = (current or 0.0) + _ONES[word]
        elif word in _TENS and (current is None or joined):
            current = (current or 0.0) + _TENS[word]
        elif word in _SCALES:
            current = (1.0 if current is None else current) * _SCALES[word]
            if current >= 1000:
                total, current = total + current, 0.0
        elif word in {"point", "komma"} and current is not None:
            return _decimals(text, position, total + current)
        elif word in _AND and current is not None:
            joined = True
            continue
        else:
            break
        joined, end = False, position
    return (None if current is None else total + current), end


def _fraction_follows(text: str, at: int) -> bool:
    m = _TOKEN.match(text, at)
    return bool(m and m[1] in _FRACTIONS)


def _decimals(text: str, at: int, whole: float) -> tuple[float | None, int]:
    digits = ""
    while (m := _TOKEN.match(text, at)) and len(digits) < MAX_WORDS and _ONES.get(m[1], 10) < 10:
        digits, at = digits + str(_ONES[m[1]]), m.end()
    return (float(f"{whole:.0f}.{digits}") if digits else whole), at
