"""Features of the surrounding words: which stand near the number, how near and on which side."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from hybridml.candidates.find import Candidate
from hybridml.entities import Entity

from .column import Column, PhraseContext, spaced
from .photo_context import PhotoContext, WordMatches, rivals_of, word_pattern

VERSION = 1

FAR_AWAY = 99.0
"""Distance to a word that is not there, in font sizes or characters."""

_MEASURES = {
    "before": ("distance to {} before it in its text line", "beside it", "the text beside it says {word!r}"),
    "after": ("distance to {} after it in its text line", "beside it", "the text after it says {word!r}"),
    "near": ("distance to {}", "on the photo", "{word!r} stands {value:.1f} letter heights away"),
    "dx": ("side on which {} stands", "on the photo", "{word!r} stands {side} of it"),
    "dy": ("whether {} stands above or below", "on the photo", "{word!r} stands {above} it"),
    "count": (
        "number of occurrences of {}",
        "on the photo",
        "words {sort} occur on the photo {value:.0f} times",
    ),
    "on_line": ("distance to {} in its text line", "beside it", "the text beside it says {word!r}"),
}
"""For each measure of a word: its noun phrase, the place where no word is, and the clause for a word found."""

_WORDS = {"own": "a word for the requested entity", "rival": "a word for another entity"}


def _column(kind: str, measure: str) -> Column:
    """Return the column of one measure of the words for the requested entity, its rivals or a context."""
    noun, where, clause = _MEASURES[measure]

    def say(value: float, context: PhraseContext) -> str:
        word = _nearest_word(kind, context) if value < FAR_AWAY else ""
        sorts = {"own": f"for {context.requested}", "rival": "for another entity"}
        sort = sorts.get(kind, f"such as {spaced(kind)!r}")
        if not word:
            return f"no word {sort} stands {where}"
        side, above = ("right", "below") if value > 0 else ("left", "above")
        return clause.format(word=word, value=value, sort=sort, side=side, above=above)

    word = _WORDS.get(kind, f"a word such as {spaced(kind)!r}")
    return Column(f"keywords.{kind}_{measure}", noun.format(word), say)


def _nearer(nearer: bool, context: PhraseContext, than: str) -> str:
    return f"a word for {context.requested} is {'nearer' if nearer else 'not nearer'} {than}"


def _nearest_word(kind: str, context: PhraseContext) -> str:
    """Return the nearest word of a kind to the candidate; blank where there is none on the photo."""
    lines, candidate = context.ocr_result.lines, context.candidate
    if kind == "own":
        words = context.entity.keywords
    elif kind == "rival":
        words = tuple(word for e in rivals_of(context.entity, context.schema) for word in e.keywords)
    else:
        words = context.schema.contexts.get(kind, ())
    pattern = word_pattern(words)
    nearest_first = sorted(lines, key=lambda line: math.dist(line.center, candidate.center))
    matches = (pattern.search(line.text.lower()) for line in (lines[candidate.line], *nearest_first))
    return next((match[0] for match in matches if match), "")


COLUMNS = (
    *(
        _column(kind, measure)
        for kind in ("own", "rival")
        for measure in ("before", "after", "near", "dx", "dy", "count")
    ),
    Column(
        "keywords.own_minus_rival",
        "distance to a word for the requested entity less that to one for another entity",
        lambda value, context: _nearer(value < 0, context, "than one for another entity"),
    ),
    Column(
        "keywords.own_nearest_here",
        "distance to a word for the requested entity less the other candidates'",
        lambda value, context: _nearer(value <= 0, context, "than to any other candidate"),
    ),
)


def context_column(name: str) -> Column | None:
    """Return the column called ``name`` of an entity file's context words, ``keywords.net_near``; None for another."""
    found = re.fullmatch(r"keywords\.(\w+)_(on_line|near)", name)
    return _column(found[1], found[2]) if found else None


class _Positions:
    """The candidates' positions, to measure distances to words from."""

    def __init__(self, photo: PhotoContext, candidates: Sequence[Candidate]) -> None:
        self.line = np.array([c.line for c in candidates], dtype=int)
        self.start = np.array([c.start for c in candidates], dtype=int)
        self.end = np.array([c.end for c in candidates], dtype=int)
        self.center = np.array([c.center for c in candidates], dtype=float).reshape(-1, 2)
        self.font = np.maximum(photo.font[self.line], 1.0)

    def before(self, words: WordMatches) -> np.ndarray:
        """Return the characters between each candidate and the nearest word before it on its line."""
        return self._nearest(words, self.start[:, None] - words.end[None, :])

    def after(self, words: WordMatches) -> np.ndarray:
        """Return the characters between each candidate and the nearest word after it on its line."""
        return self._nearest(words, words.start[None, :] - self.end[:, None])

    def _nearest(self, words: WordMatches, gap: np.ndarray) -> np.ndarray:
        gap = np.where((self.line[:, None] == words.line) & (gap >= 0), gap, FAR_AWAY)
        return np.minimum(gap.min(axis=1, initial=FAR_AWAY), FAR_AWAY)

    def near(self, words: WordMatches) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the distance to the nearest word in font sizes, and its direction (dx, dy)."""
        n = len(self.line)
        if not len(words):
            return np.full(n, FAR_AWAY), np.zeros(n), np.zeros(n)
        delta = (words.center[None] - self.center[:, None]) / self.font[:, None, None]
        # a word beside a number belongs to it more often than one above or below
        distance = np.hypot(delta[..., 0], delta[..., 1] * 1.5)
        nearest = distance.argmin(axis=1)
        rows = np.arange(n)
        return (
            np.minimum(distance[rows, nearest], FAR_AWAY),
            np.clip(delta[rows, nearest, 0], -FAR_AWAY, FAR_AWAY),
            np.clip(delta[rows, nearest, 1], -FAR_AWAY, FAR_AWAY),
        )


def block(photo: PhotoContext, entity: Entity, candidates: Sequence[Candidate]) -> dict[str, np.ndarray]:
    """Return the keyword and context features of each candidate."""
    positions = photo.shared("positions", entity, lambda: _Positions(photo, candidates))
    own = photo.words[f"entity:{entity.name}"]
    rivals = [photo.words[f"entity:{e.name}"] for e in rivals_of(entity, photo.schema)]
    columns: dict[str, np.ndarray] = {}
    for kind, words in (("own", own), ("rival", WordMatches.joined(rivals))):
        distance, dx, dy = positions.near(words)
        columns[f"keywords.{kind}_before"] = positions.before(words)
        columns[f"keywords.{kind}_after"] = positions.after(words)
        columns[f"keywords.{kind}_near"] = distance
        columns[f"keywords.{kind}_dx"] = dx
        columns[f"keywords.{kind}_dy"] = dy
        columns[f"keywords.{kind}_count"] = np.full(len(candidates), float(len(words)))
    near = columns["keywords.own_near"]
    columns["keywords.own_minus_rival"] = near - columns["keywords.rival_near"]
    columns["keywords.own_nearest_here"] = near - near.min(initial=FAR_AWAY)
    return columns | photo.shared("contexts", entity, lambda: _context_columns(photo, positions))


def _context_columns(photo: PhotoContext, positions: _Positions) -> dict[str, np.ndarray]:
    columns = {}
    nowhere = np.full(len(positions.line), FAR_AWAY)
    for name in photo.schema.contexts:
        words = photo.words[f"context:{name}"]
        found = bool(len(words))
        on_line = np.minimum(positions.before(words), positions.after(words)) if found else nowhere
        columns[f"keywords.{name}_on_line"] = on_line
        columns[f"keywords.{name}_near"] = positions.near(words)[0] if found else nowhere
    return columns
