"""Tying numbers to dimension lines, on text lines and strokes written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from hybridml.candidates.features import PhotoView, describe, lines
from hybridml.candidates.features.lines import strokes_of, ties_of
from hybridml.entities import default_entities
from hybridml.vision.lines import Drawing
from tests.lines import line, ocr_result

SCHEMA = default_entities()


def stroke(x0: float, y0: float, x1: float, y1: float, ridge: float = 0.5) -> list[float]:
    return [x0, y0, x1, y1, ridge, 2.0, 1.0, 1.0]


def drawing(
    *segments: list[float], outline: tuple[float, float, float, float] = (300, 200, 700, 800)
) -> Drawing:
    return Drawing(np.array(segments, np.float32).reshape(-1, 8), outline, 1.0, 0.9, 1000, 1000)


PHOTO = ocr_result([line("90 cm", 210, 490), line("30 cm", 480, 860), line("20 cm", 760, 850)])
DRAWN = drawing(
    stroke(280, 200, 280, 800),
    stroke(300, 840, 700, 840),
    stroke(710, 850, 800, 780),
    stroke(300, 200, 700, 200, 0),
)


def columns(entity: str, drawn: Drawing | None = DRAWN) -> dict[str, np.ndarray]:
    return describe(PhotoView(PHOTO, SCHEMA, drawn), SCHEMA.entity(entity), ["lines"])[1]


def test_each_number_is_tied_to_its_own_line() -> None:
    made = columns("height")
    assert made["lines.direction"].tolist() == [1, 0, 2]
    assert (made["lines.cost"] < lines.FIRM).all()
    np.testing.assert_allclose(made["lines.length"], [0.6, 0.4, 0.114], atol=0.001)
    assert made["lines.longer"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("entity", "fits"), [("height", [1, -1, -1]), ("width", [-1, 1, -1]), ("depth", [-1, -1, 1])]
)
def test_an_entity_fits_the_line_that_runs_as_it_is_measured(entity: str, fits: list[int]) -> None:
    made = columns(entity)
    assert made["lines.fits"].tolist() == fits
    assert int(made["lines.fits_best"].argmax()) == fits.index(1)


def test_an_entity_without_axis_has_no_fit() -> None:
    view = PhotoView(ocr_result([line("90 kg", 210, 490)]), SCHEMA, DRAWN)
    made = describe(view, SCHEMA.entity("item_weight"), ["lines"])[1]
    assert np.isnan(made["lines.fits"]).all()


def test_a_photo_that_was_not_looked_at_has_nan_and_one_without_lines_has_not() -> None:
    assert all(np.isnan(v).all() for v in columns("height", None).values())
    bare = columns("height", drawing())
    assert (bare["lines.cost"] == lines.NOWHERE).all()
    assert (bare["lines.fits"] == 0).all()


def test_the_same_columns_come_in_any_case() -> None:
    assert list(columns("height")) == list(columns("height", None)) == list(columns("height", drawing()))
    weight = describe(PhotoView(ocr_result([line("9 kg")]), SCHEMA), SCHEMA.entity("item_weight"), ["lines"])[
        1
    ]
    assert list(weight) == list(columns("height"))


def test_a_line_that_the_text_interrupts_counts_as_one() -> None:
    text = line("90 cm", 400, 490)  # 50 px long
    ties = ties_of(np.array([stroke(100, 500, 390, 500), stroke(460, 500, 800, 500)]), text)
    best = ties.strokes[ties.cost.argmin()]
    np.testing.assert_allclose(best, (100, 500, 800, 500))
    assert ties.middle.min() < 0.1


def test_strokes_of_letters_and_edges_are_no_dimension_lines() -> None:
    text = line("HELLO 90 cm", 400, 490, size=60)
    found = strokes_of(
        drawing(stroke(420, 500, 420, 540), stroke(100, 100, 900, 100), stroke(0, 50, 900, 50, 0)), [text]
    )
    np.testing.assert_allclose(found[:, :4], [(100, 100, 900, 100)])


def test_a_number_that_is_twice_another_on_a_tall_outline_reads_as_height() -> None:
    photo = ocr_result([line("80 cm", 10, 10), line("40 cm", 500, 10)])
    view = PhotoView(photo, SCHEMA, drawing(outline=(300, 100, 600, 700)))
    made = describe(view, SCHEMA.entity("height"), ["lines"])[1]
    assert made["lines.as_height"][0] == pytest.approx(0, abs=1e-5)
    assert made["lines.as_width"][1] == pytest.approx(0, abs=1e-5)
    assert made["lines.as_height"][1] > 1
