"""Tokens of an OCR result: words, numbers and signs in reading order, each described by numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hybridml.candidates.find import Candidate, find_candidates, span_box
from hybridml.entities import EntitySchema
from hybridml.quantity import Number, numbers, parse_number
from hybridml.vision.text_line import OCRResult

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.uint8]

CHARACTERS = 12
"""Characters of a token that the network sees, from its start."""

ALPHABET = 129
"""Number of character codes: 0 where there is none, ASCII, and one for all others."""

MOST_TOKENS = 512
"""Most tokens of one photo, those of the largest text lines: a poster of small print stays cheap."""

TOKEN_GEOMETRY = ("x", "y", "width", "height", "cosine", "sine")
"""Position of a token: centre and size as shares of the photo's longer side, and the direction of reading."""

FEATURES = (*TOKEN_GEOMETRY, "font", "confidence", "begins", "order", "number", "logarithm")
"""Features of a token besides its characters and its unit."""

_THOUSAND = 3.0

_TOKEN = re.compile(r"\d[\d.,/]*|[^\W\d_]+|[^\w\s]")


@dataclass(frozen=True)
class Tokens:
    """The tokens of one OCR result, and the quantities that start in them.

    Parameters
    ----------
    characters : array (tokens, CHARACTERS)
        Codes of each token's characters.
    features : array (tokens, FEATURES)
        Features of each token.
    units : array (tokens,)
        Number of the unit of the quantity that starts in a token, from 1; 0 where there is none.
    candidates : list of (token, Candidate)
        Numbers with a unit, in reading order, each with the token that it starts in.
    numbers : list of (token, Number)
        All numbers, likewise.
    """

    characters: Codes
    features: Floats
    units: Ints
    candidates: list[tuple[int, Candidate]]
    numbers: list[tuple[int, Number]]

    @classmethod
    def of(cls, ocr_result: OCRResult, schema: EntitySchema) -> Tokens:
        """Return the tokens of an OCR result; units are numbered in the order of ``schema``."""
        spans = list(_spans(ocr_result))
        token_at = {(line, i): n for n, (line, start, end) in enumerate(spans) for i in range(start, end)}
        candidates = [
            (token_at[c.line, c.start], c)
            for c in find_candidates(ocr_result, schema)
            if (c.line, c.start) in token_at
        ]
        found = [
            (token_at[i, number.span[0]], number)
            for i in dict.fromkeys(line for line, _, _ in spans)
            for number in numbers(ocr_result.lines[i].text, schema)
            if (i, number.span[0]) in token_at
        ]
        names = list(schema.units)
        units = np.zeros(len(spans), dtype=np.int64)
        for n, c in reversed(candidates):
            if not (c.repaired and units[n]):
                units[n] = names.index(c.unit) + 1
        texts = [ocr_result.lines[line].text[start:end] for line, start, end in spans]
        characters = np.array([_codes(text) for text in texts], dtype=np.uint8).reshape(-1, CHARACTERS)
        return cls(characters, _features(ocr_result, spans, texts), units, candidates, found)

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self.units)


def _spans(ocr_result: OCRResult) -> Iterator[tuple[int, int, int]]:
    """Yield (line, start, end) of each token, in reading order."""
    found = [[match.span() for match in _TOKEN.finditer(line.text)] for line in ocr_result.lines]
    kept, total = set(), 0
    for i in sorted(range(len(found)), key=lambda i: -ocr_result.lines[i].height):
        if total + len(found[i]) <= MOST_TOKENS:
            total += len(found[i])
            kept.add(i)
    for i, spans in enumerate(found):
        if i in kept:
            yield from ((i, start, end) for start, end in spans)


def _codes(text: str) -> list[int]:
    codes = [ord(c) if c.isascii() else ALPHABET - 1 for c in text.lower()[:CHARACTERS]]
    return codes + [0] * (CHARACTERS - len(codes))


def logarithm(value: float) -> float:
    """Return the size of a number as a feature, in powers of a thousand.

    Examples
    --------
    >>> logarithm(1000.0), logarithm(0.0)
    (1.0, -2.0)
    """
    return math.log10(min(max(value, 1e-6), 1e9)) / _THOUSAND


def _features(ocr_result: OCRResult, spans: Sequence[tuple[int, int, int]], texts: Sequence[str]) -> Floats:
    longest = max(ocr_result.width, ocr_result.height, 1)
    middle = float(np.median([max(line.height, 1.0) for line in ocr_result.lines] or [1.0]))
    rows = []
    for n, ((i, start, end), text) in enumerate(zip(spans, texts, strict=True)):
        line = ocr_result.lines[i]
        left, top, right, bottom = span_box(line, start, end)
        turn = math.radians(line.angle)
        value = parse_number(text) if text[0].isdigit() else None
        rows.append(
            (
                ((left + right) - ocr_result.width) / 2 / longest,
                ((top + bottom) - ocr_result.height) / 2 / longest,
                (right - left) / longest,
                (bottom - top) / longest,
                math.cos(turn),
                math.sin(turn),
                math.log2(max(line.height, 1.0) / middle) / 2,
                line.confidence,
                float(n == 0 or spans[n - 1][0] != i),
                n / len(spans),
                float(value is not None),
                0.0 if value is None else logarithm(value),
            )
        )
    return np.array(rows, dtype=np.float32).reshape(-1, len(FEATURES))
