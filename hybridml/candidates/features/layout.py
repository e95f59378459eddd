"""Features of the text line: font size, position on the photo and direction of the text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hybridml.candidates.find import Candidate
from hybridml.entities import Entity

from .column import Column, Phrase, flag, number_of, percentage, share_of
from .photo_context import PhotoContext

VERSION = 1

_SIDES = ("left", "middle", "right")
_ROWS = ("upper", "middle", "lower")


def _third(names: tuple[str, str, str], of: str) -> Phrase:
    return lambda value, _: f"it stands in the {names[min(max(int(3 * value), 0), 2)]} third of {of}"


COLUMNS = (
    Column("layout.confidence", "OCR confidence of its text", percentage("OCR is {} sure of its text")),
    Column("layout.font", "height of its letters", percentage("its letters are {} of the photo's height")),
    Column(
        "layout.font_to_median",
        "height of its letters relative to the median",
        lambda value, _: f"its letters are {value:.2g} times as high as the median",
    ),
    share_of("layout.font_rank", "the text lines in larger letters"),
    Column(
        "layout.font_to_largest",
        "height of its letters relative to the largest",
        percentage("its letters are {} of the largest on the photo"),
    ),
    Column("layout.x", "horizontal position on the photo", _third(_SIDES, "the photo's width")),
    Column("layout.y", "vertical position on the photo", _third(_ROWS, "the photo's height")),
    Column(
        "layout.from_center_x",
        "horizontal distance from the centre",
        percentage("it stands {} of the photo's width beside the centre"),
    ),
    Column(
        "layout.from_center_y",
        "vertical distance from the centre",
        percentage("it stands {} of the photo's height above or below the centre"),
    ),
    Column("layout.x_in_text", "horizontal position within all text", _third(_SIDES, "the text's width")),
    Column("layout.y_in_text", "vertical position within all text", _third(_ROWS, "the text's height")),
    Column("layout.edge", "distance from the nearest edge", percentage("it stands {} from the nearest edge")),
    Column("layout.angle", "direction of its text", lambda value, _: f"its text runs at {value:.0f} degrees"),
    flag("layout.steep", "its text runs {}", "vertically", "horizontally", above=0.7),
    flag("layout.slant", "its text is {}", "slanted", "not slanted", above=0.2),
    Column("layout.line_length", "length of its line", percentage("its line is {} of the photo's width")),
    number_of("layout.characters", "character in its text line", "characters in its text line"),
    Column("layout.photo_aspect", "aspect ratio of the photo"),
    Column(
        "layout.photo_pixels", "size of the photo", lambda v, _: f"the photo has {10**v / 1e6:.2g} megapixels"
    ),
    number_of("layout.lines", "text line on the photo", "text lines on the photo"),
    flag("layout.second_pass", "it was found by the {} pass", "second", "first"),
    share_of("layout.lines_steep", "the photo's text that runs vertically"),
)


def block(photo: PhotoContext, entity: Entity, candidates: Sequence[Candidate]) -> dict[str, np.ndarray]:
    """Return the layout features of each candidate; lengths relative to the photo."""
    return photo.shared("layout", entity, lambda: _columns(photo, candidates))


def _columns(photo: PhotoContext, candidates: Sequence[Candidate]) -> dict[str, np.ndarray]:
    line = np.array([c.line for c in candidates], dtype=int)
    boxes = np.array([c.box for c in candidates], dtype=float).reshape(-1, 4)
    center = (boxes[:, :2] + boxes[:, 2:]) / 2 / photo.size
    font = photo.font[line]
    turn = (photo.angle[line] + 180.0) % 360.0 - 180.0
    text_low = photo.center.min(axis=0) / photo.size
    text_high = photo.center.max(axis=0) / photo.size
    inside = (center - text_low) / np.maximum(text_high - text_low, 1e-6)
    n = len(candidates)
    return {
        "layout.confidence": photo.confidence[line],
        "layout.font": font / photo.size[1],
        "layout.font_to_median": font / max(float(np.median(photo.font)), 1e-6),
        "layout.font_rank": 1.0 - np.searchsorted(np.sort(photo.font), font, side="right") / len(photo.font),
        "layout.font_to_largest": font / max(photo.font.max(), 1e-6),
        "layout.x": center[:, 0],
        "layout.y": center[:, 1],
        "layout.from_center_x": np.abs(center[:, 0] - 0.5),
        "layout.from_center_y": np.abs(center[:, 1] - 0.5),
        "layout.x_in_text": inside[:, 0],
        "layout.y_in_text": inside[:, 1],
        "layout.edge": np.minimum(center, 1 - center).min(axis=1),
        "layout.angle": turn,
        "layout.steep": np.abs(np.sin(np.radians(turn))),
        "layout.slant": np.abs(np.sin(np.radians(2 * turn))),
        "layout.line_length": photo.length[line] / photo.size[0],
        "layout.characters": np.array([len(photo.texts[i]) for i in line], dtype=float),
        "layout.photo_aspect": np.full(n, photo.size[0] / photo.size[1]),
        "layout.photo_pixels": np.full(n, np.log10(photo.size.prod())),
        "layout.lines": np.full(n, float(len(photo.font))),
        "layout.second_pass": np.full(n, float(photo.second_pass)),
        "layout.lines_steep": np.full(n, float(np.mean(np.abs(np.sin(np.radians(photo.angle))) > 0.7))),
    }
