"""The second pass: OCR of an enlarged photo, where the first pass finds no candidate for a requested entity.

The first OCR result has a size that suits most photos at a low cost. What it misses is small print above all, so
the second one enlarges the photo, may turn it or cut it into tiles, and costs more: it is meant for the few
photos that :func:`hybridml.candidates.find.needs_second_pass` picks. Its lines are merged with those of the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hybridml.utils.registry import SettingsError, in_range, settings_of
from hybridml.vision.text_line import OCRResult, Point, TextLine

from . import OCREngine, create
from .orientation import before_turn
from .reading_order import overlap, reading_order

NAME = "second_pass"
# Of this module: counts up with every change that changes an answer.
VERSION = 1

SAME_PLACE = 0.5
"""Two lines of which one covers this part of the other stand at one place."""

FIRST_SURER_BY = 0.1
"""A line of the first pass stays only where it is surer than that of the second, larger one by this much."""

CUT = 2.0
"""A line that ends this close to where a tile was cut, in pixels of the tile, was cut itself."""


@dataclass(frozen=True)
class SecondPassSettings:
    """Settings of :class:`SecondPass`.

    Parameters
    ----------
    engine : str
        The OCR engine, as :func:`hybridml.vision.ocr.create` knows it.
    longest_side : int
        Each view is scaled so that its longest side has this many pixels, and is both searched and read so.
        RapidOCR itself shrinks what is larger than 2000.
    max_enlarge : float
        But never enlarged by more than this.
    turns : tuple of int
        Quarter turns counter-clockwise; the photo is read once in each.
    tiles : int
        The photo is also read in ``tiles`` x ``tiles`` overlapping tiles; 1 for none.
    tile_overlap : float
        The part of a tile that it shares with the next.
    clahe : float
        Clip limit of contrast equalisation; 0 for off.
    text_score : float
        Lines read with less confidence are dropped.
    sure : float
        Text that the first OCR result is this sure of is not read again; 0 reads all. Only RapidOCR can.
    options : mapping
        Further settings of the engine.
    """

    engine: str = "rapidocr"
    longest_side: int = 1280
    max_enlarge: float = 3.0
    turns: tuple[int, ...] = (0, 1)
    tiles: int = 1
    tile_overlap: float = 0.2
    clahe: float = 0.0
    text_score: float = 0.5
    sure: float = 0.0
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        in_range("longest_side", self.longest_side, 32, 20_000, whole=True)
        in_range("max_enlarge", self.max_enlarge, 1, 10)
        in_range("tiles", self.tiles, 1, 8, whole=True)
        in_range("tile_overlap", self.tile_overlap, 0, 0.9)
        in_range("clahe", self.clahe, 0, 40)
        in_range("sure", self.sure, 0, 1)
        if self.sure and self.engine != "rapidocr":
            raise SettingsError(f"sure={self.sure} needs engine='rapidocr', got {self.engine!r}: use sure=0")
        in_range("text_score", self.text_score, 0, 1)
        object.__setattr__(self, "turns", tuple(self.turns))
        for turn in self.turns or (-1,):
            in_range("each of turns", turn, 0, 3, whole=True)


@dataclass(frozen=True)
class PhotoPart:
    """One picture that a second pass reads: a part of the photo, scaled, then turned.

    Parameters
    ----------
    left, top, right, bottom : int
        The part, in pixels of the photo.
    scale : float
        How much it is enlarged.
    turn : int
        Quarter turns counter-clockwise.
    """

    left: int
    top: int
    right: int
    bottom: int
    scale: float
    turn: int

    def picture(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the view's pixels."""
        import cv2

        part = image[self.top : self.bottom, self.left : self.right]
        if self.scale != 1.0:
            how = cv2.INTER_AREA if self.scale < 1 else cv2.INTER_CUBIC
            part = np.asarray(cv2.resize(part, self.size, interpolation=how), dtype=np.uint8)
        return np.ascontiguousarray(np.rot90(part, self.turn))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels before the view is turned."""
        width, height = self.right - self.left, self.bottom - self.top
        return (max(1, round(width * self.scale)), max(1, round(height * self.scale)))

    def back(self, point: Point) -> Point:
        """Return where in the photo a point of the view lies.

        Examples
        --------
        >>> PhotoPart(10, 20, 110, 70, 2.0, 1).back((0, 0))  # the view's top left was the part's top right
        (110.0, 20.0)
        """
        width, height = self.size
        x, y = before_turn(point, self.turn, width, height)
        return (
            round(self.left + x * (self.right - self.left) / width, 2),
            round(self.top + y * (self.bottom - self.top) / height, 2),
        )

    def there(self, line: TextLine) -> TextLine:
        """Return where in the view a line of the photo lies; the inverse of :meth:`back`.

        Examples
        --------
        >>> line = TextLine("9 V", 1.0, ((110, 20), (110, 40), (100, 40), (100, 20)))
        >>> PhotoPart(10, 20, 110, 70, 2.0, 1).there(line).polygon[0]
        (0.0, 0.0)
        """
        width, height = self.size
        scale_x, scale_y = width / (self.right - self.left), height / (self.bottom - self.top)
        turned_size = (height, width) if self.turn % 2 else (width, height)

        def moved(point: Point) -> Point:
            x, y = (point[0] - self.left) * scale_x, (point[1] - self.top) * scale_y
            return before_turn((x, y), -self.turn, *turned_size)

        a, b, c, d = (moved(point) for point in line.polygon)
        return TextLine(line.text, line.confidence, (a, b, c, d))

    def lines(self, ocr_result: OCRResult, width: int, height: int) -> list[TextLine]:
        """Return the lines of an OCR result of the view where they lie in a photo of ``width`` x ``height``.

        Without those that touch a side at which the view was cut out of the photo.
        """
        close = CUT / self.scale
        found = []
        for line in ocr_result.lines:
            a, b, c, d = (self.back(point) for point in line.polygon)
            moved = TextLine(line.text, line.confidence, (a, b, c, d))
            left, top, right, bottom = moved.box
            if (
                (self.left == 0 or left > self.left + close)
                and (self.top == 0 or top > self.top + close)
                and (self.right == width or right < self.right - close)
                and (self.bottom == height or bottom < self.bottom - close)
            ):
                found.append(moved)
        return found


def views(width: int, height: int, settings: SecondPassSettings) -> Iterator[PhotoPart]:
    """Yield the views of a photo of ``width`` x ``height``: the whole of it, then its tiles, in every turn.

    Examples
    --------
    >>> [(v.scale, v.turn) for v in views(640, 480, SecondPassSettings(longest_side=1920, turns=(0, 1)))]
    [(3.0, 0), (3.0, 1)]
    """
    parts = [(0, 0, width, height)]
    if settings.tiles > 1:
        across, down = (_cuts(side, settings.tiles, settings.tile_overlap) for side in (width, height))
        parts += [(left, top, right, bottom) for top, bottom in down for left, right in across]
    for left, top, right, bottom in parts:
        scale = min(settings.longest_side / max(right - left, bottom - top), settings.max_enlarge)
        for turn in settings.turns:
            yield PhotoPart(left, top, right, bottom, scale, turn)


def _cuts(side: int, n: int, shared: float) -> list[tuple[int, int]]:
    """Return where ``n`` pieces of a side begin and end, each sharing a part with the next."""
    length = side / (n - (n - 1) * shared)
    starts = [i * length * (1 - shared) for i in range(n)]
    return [(round(start), min(side, round(start + length))) for start in starts]


class SecondPass:
    """Reads a photo again where the first OCR result shows too little.

    Parameters
    ----------
    ocr : OCREngine, optional
        What reads the views; by default the engine that the settings name.
    threads : int, optional
        Threads of a packaged engine; changes speed only.
    **settings
        See :class:`SecondPassSettings`.

    Raises
    ------
    SettingsError
        When a setting is not known or has no sensible value.
    MissingExtraError
        When the engine is not installed.
    """

    name = NAME

    def __init__(self, ocr: OCREngine | None = None, threads: int | None = None, **settings: Any) -> None:
        self.config = settings_of(SecondPassSettings, "the second pass", settings)
        self.ocr = ocr or self._created(threads)

    def _created(self, threads: int | None) -> OCREngine:
        c = self.config
        if ":" in c.engine:
            return create(c.engine)
        options: dict[str, Any] = {"longest_side": 0, "clahe": c.clahe, "text_score": c.text_score}
        if c.engine == "rapidocr":
            options["detector_side"] = c.longest_side
        if threads is not None:
            options["threads"] = threads
        return create(c.engine, **{**options, **c.options})

    def settings(self) -> dict[str, Any]:
        """Return everything that changes an answer, that of the OCR engine included."""
        merging = {"same": SAME_PLACE, "margin": FIRST_SURER_BY, "cut": CUT}
        own = {**asdict(self.config), "turns": list(self.config.turns), **merging}
        del own["options"]  # they are among the OCR engine's settings
        return {"name": NAME, "version": VERSION, **own, "ocr": self.ocr.settings()}

    def read(self, image: NDArray[np.uint8], first: OCRResult) -> OCRResult:
        """Read a photo again and return both OCR results as one, in pixels of the photo.

        Parameters
        ----------
        image : ndarray of uint8, shape (H, W, 3)
            The photo as :func:`hybridml.datasets.images.decode` returns it.
        first : OCRResult
            The OCR result of the first pass.
        """
        height, width = image.shape[:2]
        second = OCRResult((), width, height)
        for view in views(width, height, self.config):
            lines = view.lines(self._read(view, image, first), width, height)
            second = pool(second, OCRResult(tuple(lines), width, height))
        return merge(first, second)

    def _read(self, view: PhotoPart, image: NDArray[np.uint8], first: OCRResult) -> OCRResult:
        if not self.config.sure:
            return self.ocr.read(view.picture(image))
        known = [view.there(line) for line in first.lines if line.confidence >= self.config.sure]
        return self.ocr.read(view.picture(image), known)  # type: ignore[call-arg]


def merge(first: OCRResult, second: OCRResult) -> OCRResult:
    """Return two OCR results of one photo as one.

    Lines that cover one place are compared together: one line of one result may be two lines of the other. Those of
    the second stay, unless the first is surer of its own by more than :data:`FIRST_SURER_BY`. A text that both have
    stays once, as the surer one has it. Lines that only one of them has all stay.

    Examples
    --------
    >>> def line(text, x, confidence):
    ...     return TextLine(text, confidence, ((x, 0), (x + 50, 0), (x + 50, 10), (x, 10)))
    >>> first = OCRResult((line("l2 oz", 0, 0.7), line("Tea", 100, 0.99)), 200, 10)
    >>> second = OCRResult((line("12 oz", 2, 0.9), line("Tca", 100, 0.6)), 200, 10)
    >>> [each.text for each in merge(first, second).lines]
    ['12 oz', 'Tea']
    """
    kept: list[TextLine] = []
    for ours, theirs in _places(first.lines, second.lines):
        if not ours or not theirs:
            kept += ours or theirs
        elif _text(ours) == _text(theirs):
            kept += ours if _sureness(ours) >= _sureness(theirs) else theirs
        else:
            kept += ours if _sureness(ours) > _sureness(theirs) + FIRST_SURER_BY else theirs
    return OCRResult(reading_order(kept), first.width, first.height)


def pool(one: OCRResult, other: OCRResult) -> OCRResult:
    """Return the lines of two views of one photo, without those of ``other`` that ``one`` has with the same text.

    Where two views disagree, the lines of both stay: the ranker decides which one is right.
    """
    fresh = [
        line
        for line in other.lines
        if not any(_text([line]) == _text([own]) and overlap(line, own) > SAME_PLACE for own in one.lines)
    ]
    return OCRResult(reading_order([*one.lines, *fresh]), one.width, one.height)


def _places(
    first: Iterable[TextLine], second: Iterable[TextLine]
) -> list[tuple[list[TextLine], list[TextLine]]]:
    """Group the lines of two OCR results by the place they cover, through any number of overlaps."""
    ours, theirs = list(first), list(second)
    group = list(range(len(ours) + len(theirs)))

    def root(i: int) -> int:
        while group[i] != i:
            i = group[i]
        return i

    for i, line in enumerate(ours):
        for j, other in enumerate(theirs, len(ours)):
            if overlap(line, other) > SAME_PLACE:
                group[root(j)] = root(i)
    places: dict[int, tuple[list[TextLine], list[TextLine]]] = {}
    for i in range(len(group)):
        place = places.setdefault(root(i), ([], []))
        if i < len(ours):
            place[0].append(ours[i])
        else:
            place[1].append(theirs[i - len(ours)])
    return list(places.values())


def _text(lines: list[TextLine]) -> str:
    return "".join("".join(line.text.split()) for line in reading_order(lines))


def _sureness(lines: list[TextLine]) -> float:
    """Return the mean confidence, each line counting for its length."""
    weights = [max(len(line.text), 1) for line in lines]
    return sum(line.confidence * n for line, n in zip(lines, weights, strict=True)) / sum(weights)
