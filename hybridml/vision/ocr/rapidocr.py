"""RapidOCR: PP-OCR models on ONNX Runtime, those of its wheel, without network."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import logging
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hybridml.datasets import images
from hybridml.errors import MissingExtraError
from hybridml.utils.optional import lacking
from hybridml.utils.registry import SettingsError, in_range, one_of, settings_of
from hybridml.vision.text_line import OCRResult, Polygon, TextLine

from . import quantize
from .crop import content_box, moved
from .onnx_models import CHARACTERS_VERSION, check, lighter
from .orientation import is_tall, turned_polygon
from .preprocess import PreprocessSettings, prepare
from .reading_order import reading_order

NAME = "rapidocr"
# Of this module: counts up with every change that changes an answer.
VERSION = 1

DIGIT = re.compile(r"\d")
# Which parts compute in 8 bits, and the height at which lines are read.
INT8_PARTS: dict[str, tuple[str, ...]] = {
    "float32": (),
    "mixed": ("detector",),
    "int8": ("detector", "recognizer"),
    "checked": ("detector", "recognizer"),
}
LINE_HEIGHT = 48
COVERED = 0.5
# The detector stops at sides below 32 px and sees nothing in very long strips.
SMALLEST_SIDE, LARGEST_ASPECT = 32, 8


@dataclass(frozen=True)
class RapidOCRSettings(PreprocessSettings):
    """Settings of :class:`RapidOCREngine`, besides those of :class:`PreprocessSettings`.

    Parameters
    ----------
    detector_side, detector_limit : int, str
        Text is looked for on the photo scaled so that its longest side is at most (``"max"``), or its
        shortest at least (``"min"``), ``detector_side``; it is read at the size that ``longest_side`` leaves.
    text_score : float
        Lines read with less confidence are dropped.
    box_score : float
        Regions detected with less confidence are not read.
    unclip_ratio : float
        How far detected regions are widened.
    turned : {"read", "classify"}
        How the direction of a line is decided. ``"classify"``: by RapidOCR's classifier, which knows upright
        and upside down. ``"read"``: tall regions, and those read with less confidence than ``sure_score``,
        are read both ways and the more confident reading stays.
    sure_score : float
        See ``turned``.
    detector, recognizer, classifier : str
        Model files, in RapidOCR's own folder unless they are absolute paths.
    precision : {"float32", "mixed", "int8", "checked"}
        The number format of the networks: all in 32-bit floats; the detector in 8-bit integers; the recognizer,
        too; or the same, with lines that have a digit and a confidence below ``check_score`` read again
        in floats. See :mod:`hybridml.vision.ocr.quantize`.
    check_score : float
        See ``precision``.
    check_width : int
        ``least_width`` of lines that are read again; 0 for the same.
    characters : {"all", "western"}
        What the recognizer distinguishes: all characters that it knows, or none of the East Asian ones, which are
        nine in ten.
    trim : bool
        Whether only the part of the photo that is not plain background is read; ``detector_side`` is then that of
        the part.
    batch : int
        Lines that are read together: all are padded to the longest.
    least_width : int
        Lines are padded to at least this width, at a height of 48 pixels. The recognizer was trained so;
        less is quicker and reads short lines worse.
    longest_line : float
        Lines longer than this many times their height, sentences, are not read; 0 reads all.
    """

    detector_side: int = 960
    detector_limit: str = "max"
    text_score: float = 0.5
    box_score: float = 0.3
    unclip_ratio: float = 1.6
    turned: str = "read"
    sure_score: float = 0.8
    detector: str = "PP-OCRv6_det_small.onnx"
    recognizer: str = "PP-OCRv6_rec_small.onnx"
    classifier: str = "ch_ppocr_mobile_v2.0_cls_mobile.onnx"
    precision: str = "float32"
    check_score: float = 0.97
    check_width: int = 0
    characters: str = "all"
    trim: bool = False
    batch: int = 6
    least_width: int = 320
    longest_line: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        in_range("detector_side", self.detector_side, 32, 20_000, whole=True)
        one_of("detector_limit", self.detector_limit, ("max", "min"))
        one_of("turned", self.turned, ("read", "classify"))
        in_range("text_score", self.text_score, 0, 1)
        in_range("sure_score", self.sure_score, 0, 1)
        in_range("check_score", self.check_score, 0, 1)
        in_range("check_width", self.check_width, 0, 2000, whole=True)
        in_range("box_score", self.box_score, 0, 1)
        in_range("unclip_ratio", self.unclip_ratio, 1, 10)
        one_of("precision", self.precision, tuple(INT8_PARTS))
        one_of("characters", self.characters, ("all", "western"))
        if not isinstance(self.trim, bool):
            raise SettingsError(f"trim must be True or False, got {self.trim!r}")
        in_range("batch", self.batch, 1, 64, whole=True)
        in_range("least_width", self.least_width, 16, 2000, whole=True)
        in_range("longest_line", self.longest_line, 0, 1000)


def missing() -> str | None:
    """Return what this engine lacks on this machine and what to type, or None."""
    return lacking(f"the OCR engine {NAME!r}", ("rapidocr", "onnxruntime", "cv2"))


@lru_cache(maxsize=8)
def _digest(path: Path) -> str:
    return images.fingerprint(path)[:16]


class RapidOCREngine:
    """The OCR engine RapidOCR.

    Parameters
    ----------
    threads : int, optional
        Threads of ONNX Runtime; by default one per core. Changes speed only, so it is no part of
        :meth:`settings`.
    **settings
        See :class:`RapidOCRSettings`.

    Raises
    ------
    MissingExtraError
        When RapidOCR or one of its models is not there.

    Attributes
    ----------
    models : dict of str to Path
        Files of the ``"detector"``, ``"recognizer"`` and ``"classifier"``.
    """

    name = NAME

    def __init__(self, threads: int | None = None, **settings: Any) -> None:
        if threads is not None:
            in_range("threads", threads, 1, 1024, whole=True)
        self.threads = threads
        self.config = settings_of(RapidOCRSettings, f"OCR engine {NAME!r}", settings)
        if reason := missing():
            raise MissingExtraError(reason)
        spec = importlib.util.find_spec("rapidocr")
        assert spec is not None
        assert spec.origin is not None
        folder = Path(spec.origin).parent / "models"
        self.models: dict[str, Path] = {}
        for part in ("detector", "recognizer", "classifier"):
            path = folder / getattr(self.config, part)
            if not path.is_file():
                raise MissingExtraError(
                    f"the OCR engine {NAME!r} lacks its {part} model {path}; "
                    f"install its wheel again: pip install --force-reinstall rapidocr"
                )
            self.models[part] = path
        check(self.models["detector"], self._eight("detector"))
        check(self.models["recognizer"], self._eight("recognizer"), self._western)
        self._engine: Any = None
        self._checker: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the engine behind: sessions do not travel between processes, settings do."""
        return {**self.__dict__, "_engine": None, "_checker": None}

    def settings(self) -> dict[str, Any]:
        """Return every setting, the versions of the engine, and the digests of the models."""
        return {
            "engine": NAME,
            "version": VERSION,
            "rapidocr": importlib.metadata.version("rapidocr"),
            "onnxruntime": importlib.metadata.version("onnxruntime"),
            **self.config.to_dict(),
            **{part: f"{path.name}:{_digest(path)}" for part, path in self.models.items()},
            **{
                f"{part}_int8": quantize.digest(self.models[part])
                for part in INT8_PARTS[self.config.precision]
            },
            **({"detector_input": "float32"} if self.config.precision != "float32" else {}),
            **({"characters_version": CHARACTERS_VERSION} if self.config.characters != "all" else {}),
        }

    def input_name(self, part: str) -> str:
        """Return what the detector or the recognizer calls its input."""
        engine = self._loaded()
        loaded = engine._load_det_model() if part == "detector" else engine._load_rec_model()
        return str(loaded.session.get_input_names()[0])

    def crops(self, image: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        """Return the regions of a photo that look like lines of text, cut out and turned level (BGR)."""
        prepared, _ = prepare(image, self.config)
        return self._regions(_padded(prepared)[:, :, ::-1], np.zeros((0, 4)))[0]

    def read(self, image: NDArray[np.uint8], known: Sequence[TextLine] = ()) -> OCRResult:
        """Read one RGB photo; lines come in reading order, polygons in pixels of ``image``.

        Text where ``known`` lines stand is found again but neither read nor returned.
        """
        height, width = image.shape[:2]
        boxes = np.array([line.box for line in known], dtype=float).reshape(-1, 4)
        if not self.config.trim:
            return self._read(image, boxes)
        left, top, right, bottom = content_box(image)
        part = np.ascontiguousarray(image[top:bottom, left:right])
        return moved(self._read(part, boxes - (left, top, left, top)), left, top, width, height)

    def _read(self, image: NDArray[np.uint8], known: NDArray[np.float64]) -> OCRResult:
        prepared, (scale_x, scale_y) = prepare(image, self.config)
        height, width = image.shape[:2]
        scale = np.array([scale_x, scale_y])
        lines = [
            TextLine(text.strip(), min(1.0, max(0.0, score)), _within(polygon, scale, width, height))
            for text, score, polygon in self._lines(_padded(prepared)[:, :, ::-1], known * (*scale, *scale))
            if text.strip() and score >= self.config.text_score
        ]
        return OCRResult(reading_order(lines), width, height)

    def _regions(
        self, bgr: NDArray[np.uint8], known: NDArray[np.float64]
    ) -> tuple[list[Any], NDArray[np.float32]]:
        """Return crops and boxes (regions, 4, 2) of what looks like text, may be read and is not known."""
        from rapidocr.main import RapidOCRError

        engine = self._loaded()
        try:
            crops, found = engine.detect_and_crop(np.ascontiguousarray(bgr), {})
        except RapidOCRError:  # how it says that there is no text
            return [], np.zeros((0, 4, 2), np.float32)
        boxes = np.asarray(found.boxes, dtype=np.float32)
        wanted = ~_covered(boxes, known)
        if self.config.longest_line:
            wanted &= [c.shape[1] <= self.config.longest_line * c.shape[0] for c in crops]
        return [c for c, w in zip(crops, wanted, strict=True) if w], boxes[wanted]

    def _lines(self, bgr: NDArray[np.uint8], known: NDArray[np.float64]) -> list[tuple[str, float, Polygon]]:
        crops, boxes = self._regions(bgr, known)
        if not crops:
            return []
        tall = [is_tall(box) for box in boxes]
        if self.config.turned == "classify":
            texts, flipped = self._classified(crops)
        else:
            texts, flipped = self._read_both_ways(crops, tall)
        if self.config.precision == "checked":
            self._check(crops, texts, flipped)
        return [
            (text, float(score), turned_polygon(box, *turns))
            for (text, score), box, *turns in zip(texts, boxes, tall, flipped, strict=True)
        ]

    def _classified(self, crops: list[Any]) -> tuple[list[tuple[str, float]], list[bool]]:
        turned, classes = self._engine.cls_and_rotate(crops)
        limit = self._engine.cfg.Cls.cls_thresh
        flipped = [label == "180" and score > limit for label, score in classes.cls_res]
        return self._recognized(turned), flipped

    def _read_both_ways(
        self, crops: list[Any], tall: list[bool]
    ) -> tuple[list[tuple[str, float]], list[bool]]:
        texts, flipped = self._recognized(crops), [False] * len(crops)
        again = [i for i, (_, score) in enumerate(texts) if tall[i] or score < self.config.sure_score]
        if again:
            others = self._recognized([np.ascontiguousarray(crops[i][::-1, ::-1]) for i in again])
            for i, other in zip(again, others, strict=True):
                if other[1] > texts[i][1]:
                    texts[i], flipped[i] = other, True
        return texts, flipped

    def _check(self, crops: list[Any], texts: list[tuple[str, float]], flipped: list[bool]) -> None:
        """Read numbers that 8 bits were unsure of again, in floats."""
        limit = self.config.check_score
        unsure = [i for i, (text, score) in enumerate(texts) if score < limit and DIGIT.search(text)]
        if not unsure:
            return
        if self._checker is None:
            floats = lighter(self.models["recognizer"], western=self._western)
            self._checker = self._create(str(floats), self.config.check_width)
        level = [np.ascontiguousarray(crops[i][::-1, ::-1]) if flipped[i] else crops[i] for i in unsure]
        for i, read in zip(unsure, self._recognized(level, self._checker), strict=True):
            texts[i] = read

    def _recognized(self, crops: list[Any], engine: Any = None) -> list[tuple[str, float]]:
        result = (engine or self._engine).recognize_txt(crops)
        return list(zip(result.txts, result.scores, strict=True))

    def _eight(self, part: str) -> bool:
        return part in INT8_PARTS[self.config.precision]

    @property
    def _western(self) -> bool:
        return self.config.characters == "western"

    def _loaded(self) -> Any:
        if self._engine is None:
            recognizer = lighter(self.models["recognizer"], self._eight("recognizer"), self._western)
            self._engine = self._create(str(recognizer))
        return self._engine

    def _create(self, recognizer: str, least_width: int = 0) -> Any:
        """Return an engine, which loads each network when it is first needed."""
        # Made before the import, RapidOCR's own logger would print the paths of its models.
        logging.getLogger("RapidOCR").setLevel(logging.ERROR)
        from rapidocr import RapidOCR

        c = self.config
        detector = lighter(self.models["detector"], self._eight("detector"))
        engine = RapidOCR(
            params={
                "Global.log_level": "error",
                "Global.use_vertical_padding": False,
                "EngineConfig.onnxruntime.intra_op_num_threads": self.threads or -1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Det.model_path": str(detector),
                "Rec.model_path": recognizer,
                "Rec.rec_batch_num": c.batch,
                "Rec.rec_img_shape": [3, LINE_HEIGHT, least_width or c.least_width],
                "Cls.model_path": str(self.models["classifier"]),
                "Det.limit_side_len": c.detector_side,
                "Det.limit_type": c.detector_limit,
                "Det.box_thresh": c.box_score,
                "Det.unclip_ratio": c.unclip_ratio,
            }
        )
        if c.precision != "float32":
            found = engine._load_det_model()
            found.mean, found.std = np.float32(found.mean), np.float32(found.std)
        return engine


def _padded(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Add rows or columns at the end, where they move no coordinate, until the detector can take it."""
    import cv2

    height, width = image.shape[:2]
    need_h = max(SMALLEST_SIDE, math.ceil(width / LARGEST_ASPECT)) - height
    need_w = max(SMALLEST_SIDE, math.ceil(height / LARGEST_ASPECT)) - width
    if need_h <= 0 and need_w <= 0:
        return image
    return cv2.copyMakeBorder(image, 0, max(0, need_h), 0, max(0, need_w), cv2.BORDER_REPLICATE)


def _covered(boxes: NDArray[np.float32], known: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which regions (n, 4, 2) and one of the known boxes (m, 4) cover each other by more than half."""
    low, high = boxes.min(axis=1)[:, None], boxes.max(axis=1)[:, None]
    shared = np.clip(np.minimum(high, known[:, 2:]) - np.maximum(low, known[:, :2]), 0, None).prod(axis=2)
    own, theirs = (high - low).prod(axis=2), (known[:, 2:] - known[:, :2]).prod(axis=1)
    covers = (shared > COVERED * own) & (shared > COVERED * theirs)
    return np.asarray(covers.any(axis=1), dtype=np.bool_)


def _within(polygon: Polygon, scale: NDArray[np.float64], width: int, height: int) -> Polygon:
    corners = np.clip(np.asarray(polygon) / scale, 0, (width, height)).round(2)
    a, b, c, d = ((float(x), float(y)) for x, y in corners)
    return (a, b, c, d)
