"""A photo's text lines and candidates as arrays, computed once for all entities."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, TypeVar

import numpy as np

from hybridml.candidates.find import Candidate, find_candidates, for_entity, span_box
from hybridml.entities import Entity, EntitySchema
from hybridml.vision.text_line import OCRResult

T = TypeVar("T")


def word_pattern(words: Sequence[str]) -> re.Pattern[str]:
    """Return a pattern that finds any of ``words`` as whole words, the longest first.

    Single ASCII letters are left out: anywhere in a text they mean nothing, and the quantity parser already reports
    them as a number's label.

    Examples
    --------
    >>> bool(word_pattern(["net wt", "w"]).search("NET WT. 5 w".lower()))
    True
    >>> bool(word_pattern(["net"]).search("magnet"))
    False
    """
    usable = sorted((w.lower() for w in words if len(w) > 1 or not w.isascii()), key=len, reverse=True)
    if not usable:
        return re.compile(r"(?!)")
    body = "|".join(r"\s*".join(map(re.escape, w.split())) for w in usable)
    return re.compile(rf"(?<![^\W\d_])(?:{body})(?![^\W\d_])")


def rivals_of(entity: Entity, schema: EntitySchema) -> list[Entity]:
    """Return the other entities of the same family, which the same quantities could answer."""
    return [e for e in schema.entities.values() if e.family == entity.family and e.name != entity.name]


@lru_cache(maxsize=8)
def _patterns(key: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, re.Pattern[str]]:
    return {name: word_pattern(words) for name, words in key}


@dataclass(frozen=True)
class WordMatches:
    """The places on a photo where the words of one group stand: arrays with one element per occurrence."""

    line: np.ndarray
    start: np.ndarray
    end: np.ndarray
    center: np.ndarray

    def __len__(self) -> int:
        return len(self.line)

    @classmethod
    def joined(cls, several: Sequence[WordMatches]) -> WordMatches:
        """Return the matches of several groups as those of one."""
        several = several or [NO_MATCHES]
        return cls(
            np.concatenate([matches.line for matches in several]),
            np.concatenate([matches.start for matches in several]),
            np.concatenate([matches.end for matches in several]),
            np.concatenate([matches.center for matches in several]),
        )


NO_MATCHES = WordMatches(np.zeros(0, int), np.zeros(0, int), np.zeros(0, int), np.zeros((0, 2)))

_SEAM = "\0"
"""Separates text lines that are searched together: neither a letter nor a blank, so that no match spans two lines."""


class PhotoContext:
    """The text lines and candidates of one photo, as the feature blocks need them.

    Parameters
    ----------
    ocr_result : OCRResult
        The photo's text lines.
    schema : EntitySchema
        Entities and units.
    number_classes : array (text lines, classes), optional
        The number classifier's probabilities for each text line; None where it did not run.
    second_pass : bool
        Whether the OCR result is that of the second pass.
    """

    def __init__(
        self,
        ocr_result: OCRResult,
        schema: EntitySchema,
        number_classes: np.ndarray | None = None,
        second_pass: bool = False,
    ) -> None:
        self.ocr_result, self.schema = ocr_result, schema
        self.number_classes, self.second_pass = number_classes, second_pass
        self._shared: dict[tuple[Any, ...], Any] = {}
        self.candidates: list[Candidate] = find_candidates(ocr_result, schema)
        lines = ocr_result.lines
        self.texts = [line.text.lower() for line in lines]
        self.center = np.array([line.center for line in lines], dtype=float).reshape(len(lines), 2)
        self.font = np.array([line.height for line in lines], dtype=float)
        self.length = np.array([line.length for line in lines], dtype=float)
        self.angle = np.array([line.angle for line in lines], dtype=float)
        self.confidence = np.array([line.confidence for line in lines], dtype=float)
        self.size = np.array([max(ocr_result.width, 1), max(ocr_result.height, 1)], dtype=float)

    def shared(self, name: str, entity: Entity, make: Callable[[], T]) -> T:
        """Return what ``make`` returned for the first entity with the same units: these have the same candidates."""
        key = (name, entity.units, *entity.reads_as.items())
        if key not in self._shared:
            self._shared[key] = make()
        found: T = self._shared[key]
        return found

    def for_entity(self, entity: Entity) -> list[Candidate]:
        """Return the candidates that ``entity`` could be, in its own units."""
        return self.shared("candidates", entity, lambda: for_entity(self.candidates, entity))

    @cached_property
    def words(self) -> dict[str, WordMatches]:
        """Occurrences of each entity's keywords (``entity:NAME``) and of each context (``context:NAME``)."""
        key = tuple((f"entity:{e.name}", e.keywords) for e in self.schema.entities.values())
        key += tuple((f"context:{name}", words) for name, words in self.schema.contexts.items())
        text = _SEAM.join(self.texts)
        starts = np.cumsum([0, *(len(t) + len(_SEAM) for t in self.texts)])
        return {name: self._find(pattern, text, starts) for name, pattern in _patterns(key).items()}

    def _find(self, pattern: re.Pattern[str], text: str, starts: np.ndarray) -> WordMatches:
        """Return the matches in ``text``, all text lines joined, of which each begins at one of ``starts``."""
        at = np.array([m.span() for m in pattern.finditer(text)], dtype=int).reshape(-1, 2)
        if not len(at):
            return NO_MATCHES
        line = np.searchsorted(starts, at[:, 0], side="right") - 1
        spans = at - starts[line, None]
        found = zip(line.tolist(), *spans.T.tolist(), strict=True)
        boxes = np.array(
            [span_box(self.ocr_result.lines[i], s, e) for i, s, e in found], dtype=float
        ).reshape(-1, 4)
        return WordMatches(line, spans[:, 0], spans[:, 1], (boxes[:, :2] + boxes[:, 2:]) / 2)
