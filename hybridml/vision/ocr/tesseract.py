"""Tesseract, through pytesseract: sparse text, and passes on the turned photo for vertical text."""

from __future__ import annotations

import csv
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hybridml.errors import MissingExtraError
from hybridml.utils.optional import lacking
from hybridml.utils.registry import SettingsError, in_range, settings_of
from hybridml.vision.text_line import OCRResult, Polygon, TextLine

from .orientation import before_turn
from .preprocess import PreprocessSettings, prepare
from .reading_order import overlap, reading_order

NAME = "tesseract"
# Of this module: counts up with every change that changes an answer.
VERSION = 1
INSTALL_ENGINE = "apt-get install tesseract-ocr"

# Two lines that cover each other by more than this are one piece of text read twice.
SAME_PLACE = 0.5
# Turned text must be this much surer than the upright text that it replaces.
TURNED_SURER_BY = 0.1


@dataclass(frozen=True)
class TesseractSettings(PreprocessSettings):
    """Settings of :class:`TesseractEngine`, besides those of :class:`PreprocessSettings`.

    Parameters
    ----------
    psm : int
        Page segmentation mode; 11 is sparse text.
    language : str
        Trained models, as in ``tesseract -l``: ``"eng"``, ``"eng+deu"``.
    text_score : float
        Lines read upright with less confidence are dropped. Tesseract gives right numbers confidence 0 at
        times, so none are by default.
    turned : bool
        Whether the photo is read again turned by 90 degrees, once each way.
    turned_score : float
        Lines of the turned passes with less confidence are dropped: what is not text reads as noise there.
    word_gap : float
        Words further apart than this many times their height are separate lines.
    """

    psm: int = 11
    language: str = "eng"
    text_score: float = 0.0
    turned: bool = True
    turned_score: float = 0.3
    word_gap: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        in_range("psm", self.psm, 3, 13, whole=True)
        in_range("text_score", self.text_score, 0, 1)
        in_range("turned_score", self.turned_score, 0, 1)
        in_range("word_gap", self.word_gap, 0, 1000)
        if not re.fullmatch(r"[A-Za-z_]\w*(\+[A-Za-z_]\w*)*", str(self.language)):
            raise SettingsError(f"language must be like 'eng' or 'eng+deu', got {self.language!r}")


def missing() -> str | None:
    """Return what this engine lacks on this machine and what to type, or None."""
    if reason := lacking(f"the OCR engine {NAME!r}", ("pytesseract", "cv2")):
        return reason
    if shutil.which("tesseract") is None:
        return (
            f"the OCR engine {NAME!r} needs the program tesseract, which is not on the PATH: {INSTALL_ENGINE}"
        )
    return None


@lru_cache(maxsize=1)
def _version() -> str:
    import pytesseract

    return str(pytesseract.get_tesseract_version())


class TesseractEngine:
    """The OCR engine Tesseract.

    Parameters
    ----------
    threads : int, optional
        Accepted because every engine is given it. Tesseract always runs on one: more cost 2.6 times the
        processor time for the same text.
    **settings
        See :class:`TesseractSettings`.

    Raises
    ------
    MissingExtraError
        When Tesseract, pytesseract or a language is not there.
    """

    name = NAME

    def __init__(self, threads: int | None = None, **settings: Any) -> None:
        if threads is not None:
            in_range("threads", threads, 1, 1024, whole=True)
        self.config = settings_of(TesseractSettings, f"OCR engine {NAME!r}", settings)
        if reason := missing():
            raise MissingExtraError(reason)
        import pytesseract

        installed = set(pytesseract.get_languages())
        for language in self.config.language.split("+"):
            if language not in installed:
                package = f"tesseract-ocr-{language.replace('_', '-').lower()}"
                raise MissingExtraError(
                    f"the OCR engine {NAME!r} lacks the language {language!r}: apt-get install {package}"
                )

    def settings(self) -> dict[str, Any]:
        """Return every setting and the version of the engine."""
        return {"engine": NAME, "version": VERSION, "tesseract": _version(), **self.config.to_dict()}

    def read(self, image: NDArray[np.uint8]) -> OCRResult:
        """Read one RGB photo; lines come in reading order, polygons in pixels of ``image``."""
        prepared, (scale_x, scale_y) = prepare(image, self.config)
        c = self.config
        # The turns of numpy.rot90: 1 brings up what runs downwards, 3 what runs upwards.
        turns = (0, 1, 3) if c.turned else (0,)
        pages = self._words([np.rot90(prepared, turn) for turn in turns])
        height, width = prepared.shape[:2]
        upright: list[TextLine] = []
        turned: list[TextLine] = []
        for turn, words in zip(turns, pages, strict=True):
            for text, confidence, box in group_words(words, c.word_gap):
                polygon = turned_back(box, turn, width, height)
                scaled = tuple((round(x / scale_x, 2), round(y / scale_y, 2)) for x, y in polygon)
                line = TextLine(text, confidence, scaled)  # type: ignore[arg-type]
                if turn == 0 and confidence >= c.text_score:
                    upright.append(line)
                elif turn and confidence >= c.turned_score and _reads_along(line):
                    turned.append(line)
        return OCRResult(reading_order(merged(upright, turned)), image.shape[1], image.shape[0])

    def _words(self, photos: list[NDArray[np.uint8]]) -> list[list[dict[str, str]]]:
        """Read all photos in one process: starting one costs as much as reading half a photo."""
        import cv2
        import pytesseract

        os.environ.setdefault("OMP_THREAD_LIMIT", "1")
        config = f"--psm {self.config.psm} --dpi 70"
        with tempfile.TemporaryDirectory(prefix="hybridml-") as folder:
            names = [str(Path(folder, f"{i}.ppm")) for i in range(len(photos))]
            for name, photo in zip(names, photos, strict=True):
                cv2.imwrite(name, np.ascontiguousarray(photo[:, :, ::-1]))
            listing = Path(folder, "photos.txt")
            listing.write_text("\n".join(names) + "\n", encoding="utf-8")
            table = pytesseract.image_to_data(str(listing), lang=self.config.language, config=config)
        pages: list[list[dict[str, str]]] = [[] for _ in photos]
        for row in csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["level"] == "5" and (row["text"] or "").strip() and float(row["conf"]) >= 0:
                pages[int(row["page_num"]) - 1].append(row)
        return pages


Box = tuple[float, float, float, float]


def group_words(words: Iterable[dict[str, str]], gap: float) -> list[tuple[str, float, Box]]:
    """Join words, rows of level 5 of Tesseract's table, into text lines with confidence and box.

    A space wider than ``gap`` times the height of the words ends a line. Its confidence is the mean of the words',
    weighted by their length, 0 to 1.
    """
    lines: list[list[dict[str, str]]] = []
    key = None
    for word in words:
        place = tuple(word[k] for k in ("block_num", "par_num", "line_num"))
        if place == key:
            last = lines[-1][-1]
            space = float(word["left"]) - float(last["left"]) - float(last["width"])
            if space <= gap * max(float(word["height"]), float(last["height"])):
                lines[-1].append(word)
                continue
        key = place
        lines.append([word])
    return [_joined(line) for line in lines]


def _joined(line: list[dict[str, str]]) -> tuple[str, float, Box]:
    weights = [len(word["text"].strip()) for word in line]
    confidence = sum(float(w["conf"]) * n for w, n in zip(line, weights, strict=True)) / sum(weights) / 100
    box = (
        min(float(w["left"]) for w in line),
        min(float(w["top"]) for w in line),
        max(float(w["left"]) + float(w["width"]) for w in line),
        max(float(w["top"]) + float(w["height"]) for w in line),
    )
    return " ".join(w["text"].strip() for w in line), min(1.0, confidence), box


def turned_back(box: Box, turn: int, width: int, height: int) -> Polygon:
    """Return the corners, in reading order, of a box found on ``numpy.rot90(photo, turn)``.

    The photo is ``width`` x ``height`` before it is turned.

    Examples
    --------
    >>> turned_back((0, 5, 20, 10), 1, width=100, height=50)  # near the right edge, running downwards
    ((95, 0), (95, 20), (90, 20), (90, 0))
    """
    left, top, right, bottom = box
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    a, b, c, d = (before_turn(corner, turn, width, height) for corner in corners)
    return (a, b, c, d)


def _reads_along(line: TextLine) -> bool:
    return sum(ch.isalnum() for ch in line.text) >= 2 and line.length > line.height


def merged(upright: list[TextLine], turned: list[TextLine]) -> list[TextLine]:
    """Keep each piece of text once: of two OCR results of one place the surer, upright ones by preference."""
    ranked = [(line.confidence + TURNED_SURER_BY, True, line) for line in upright]
    ranked += [(line.confidence, False, line) for line in turned]
    kept: list[tuple[bool, TextLine]] = []
    for _, own, line in sorted(ranked, key=lambda each: -each[0]):
        # Upright lines are one pass: what overlaps among them is Tesseract's own layout.
        if all((own and other_own) or overlap(line, other) <= SAME_PLACE for other_own, other in kept):
            kept.append((own, line))
    return [line for _, line in kept]
