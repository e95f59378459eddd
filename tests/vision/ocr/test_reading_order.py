"""Reading order and overlap, on lines written by hand."""

from __future__ import annotations

import itertools

import pytest

from hybridml.vision.ocr import TextLine
from hybridml.vision.ocr.reading_order import is_vertical, overlap, reading_order


def across(text: str, x: float, y: float, width: float = 50, height: float = 10) -> TextLine:
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    return TextLine(text, 1.0, corners)


def down(text: str, x: float, y: float, width: float = 10, height: float = 50) -> TextLine:
    corners = ((x + width, y), (x + width, y + height), (x, y + height), (x, y))
    return TextLine(text, 1.0, corners)


CASES = {
    "rows from the top": [across("a", 0, 0), across("b", 0, 20), across("c", 0, 40)],
    "left to right": [across("a", 0, 0), across("b", 60, 0), across("c", 120, 0)],
    "a row that is not quite level": [across("a", 0, 4), across("b", 60, 2), across("c", 120, 0)],
    "a small unit beside a large number": [across("500", 0, 0, 90, 40), across("g", 95, 28, 10, 12)],
    "table of two columns": [
        across("Width", 0, 0),
        across("12 cm", 100, 1),
        across("Height", 0, 15),
        across("8 cm", 100, 14),
    ],
    "a vertical label joins no row": [across("a", 20, 0), down("label", 0, 0, 10, 64), across("b", 20, 60)],
}


@pytest.mark.parametrize("name", CASES)
def test_order_whatever_the_input_order(name: str) -> None:
    expected = tuple(CASES[name])
    for shuffled in itertools.permutations(expected):
        assert reading_order(shuffled) == expected


def test_nothing_in_nothing_out() -> None:
    assert reading_order([]) == ()


def test_vertical() -> None:
    assert is_vertical(down("x", 0, 0))
    assert not is_vertical(across("x", 0, 0))


@pytest.mark.parametrize(
    ("a", "b", "share"),
    [
        (across("a", 0, 0), across("b", 0, 0), 1.0),
        (across("a", 0, 0), across("b", 25, 0), 0.5),
        (across("a", 0, 0), across("b", 50, 0), 0.0),
        (across("a", 0, 0, 100, 100), across("b", 10, 10, 10, 10), 1.0),
        (across("a", 0, 0, 0, 0), across("b", 0, 0), 0.0),
    ],
)
def test_overlap(a: TextLine, b: TextLine, share: float) -> None:
    assert overlap(a, b) == overlap(b, a) == pytest.approx(share)
