"""The card of an explained row in a notebook, and its candidates as a table."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hybridml
from hybridml.candidates.find import find_candidates
from hybridml.prediction.explain import explanation as card
from hybridml.prediction.explain.explanation import Considered, Explanation, Reason
from hybridml.ranking.answer import Answer
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.text_line import OCRResult
from tests.helpers.lines import line, ocr_result

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
VOID = {"br"}


class Page(HTMLParser):
    """The elements of a piece of HTML, and its text; fails where they are not nested rightly."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def explanation(found: OCRResult | None = None, **changes: object) -> Explanation:
    """Return a row whose answer is 500 gram, right by its label."""
    found = found or ocr_result([line("NET WT 500 g", 50, 100), line("sugar 20 g", 50, 700)], 800, 1000)
    first, second = find_candidates(found)
    reasons = (
        Reason("keywords.own_before", 1.0, 1.25, "the text beside it says 'net wt'"),
        Reason("layout.font", 0.1, -0.5, "small print"),
    )
    answer = Answer("item_weight", 500.0, "gram", 0.87, found.lines[0].text, first.box)
    considered = (Considered(first, 0.87, reasons), Considered(second, 0.06))
    made = Explanation(
        7, "photo.jpg", "item_weight", answer, considered, PhotoFeatures(found), False, truth="500.0 gram"
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_the_card_shows_the_answer_and_why() -> None:
    page = Page(explanation()._repr_html_())
    for text in (
        *("item_weight", "photo.jpg, row 7", "500 gram", "87 % sure", "NET WT 500 g", "500.0 gram: right"),
        *("the text beside it says 'net wt' +1.25", "small print -0.50", "20 gram", "6 %", "sugar 20 g"),
    ):
        assert text in page.text
    assert len(page.all("polygon")) == 2
    (svg,) = page.all("svg")
    assert svg["viewbox"] == "0 0 800 1000"


def test_a_unit_that_only_the_model_knows_is_compared_too() -> None:
    unit = "milliampere hour"
    given = explanation()
    first = given.considered[0]
    own = replace(first, candidate=replace(first.candidate, value=500.0, unit=unit))
    for truth, verdict in ((f"500 {unit}", ": right"), (f"600 {unit}", ": wrong"), (f"many {unit}", "")):
        page = Page(
            explanation(
                considered=(own, given.considered[1]), answer=replace(given.answer, unit=unit), truth=truth
            )._repr_html_()
        )
        assert f"truth: {truth}{verdict}" in page.text
        assert (": right" in page.text or ": wrong" in page.text) == bool(verdict)
        assert ("(the label)" in page.text) == (verdict == ": right")


def test_the_answer_is_solid_and_what_was_not_chosen_dashed() -> None:
    boxes = {box["x"]: box for box in Page(card.card_html(explanation())).all("rect")}
    first, second = (each.candidate.box for each in explanation().considered)
    assert set(boxes) == {f"{first[0]:.1f}", f"{second[0]:.1f}"}
    assert "stroke-dasharray" not in boxes[f"{first[0]:.1f}"]
    assert "stroke-dasharray" in boxes[f"{second[0]:.1f}"]
    left_blank = explanation(answer=Answer("item_weight"))
    assert all("stroke-dasharray" in box for box in Page(card.card_html(left_blank)).all("rect"))


@pytest.mark.parametrize(
    ("answer", "truth", "text"),
    [
        ("500", "500 gram", "500 gram: right"),
        ("500", "0.5 kilogram", "0.5 kilogram: wrong"),
        ("500", "", "nothing to find: wrong"),
        ("", "", "nothing to find: rightly left blank"),
        ("", "500 gram", "500 gram: left blank"),
        ("500", "half a stone", "half a stone"),
    ],
)
def test_the_label_is_compared_as_in_the_metric(answer: str, truth: str, text: str) -> None:
    made = Answer("item_weight", 500.0, "gram", 0.9) if answer else Answer("item_weight")
    page = Page(card.card_html(explanation(answer=made, truth=truth)))
    lines = re.split(r"answer: |truth: ", page.text)
    assert lines[2].startswith(text)
    if text == truth:
        assert not lines[2].startswith(f"{text}:")


def test_an_unlabelled_row_has_no_label() -> None:
    assert "truth" not in Page(card.card_html(explanation(truth=None))).text


def test_text_from_photos_and_tables_stays_text() -> None:
    found = ocr_result([line(f"NET WT 500 g {HOSTILE}", 50, 100), line(f"{HOSTILE} 20 g", 50, 700)])
    made = explanation(found)
    reasons = (Reason("x", 1.0, 1.0, HOSTILE),)
    hostile = replace(
        made,
        index=HOSTILE,
        photo=HOSTILE,
        entity=HOSTILE,
        truth=HOSTILE,
        problem=HOSTILE,
        path=f"/no/{HOSTILE}",
        answer=replace(made.answer, unit=HOSTILE, text=HOSTILE),
        considered=tuple(replace(each, reasons=reasons) for each in made.considered),
    )
    html = card.card_html(hostile)
    page = Page(html)
    assert page.text.count(HOSTILE) >= 8
    assert {tag for tag, _ in page.elements} <= {
        *("div", "svg", "g", "title", "rect", "text", "polygon", "image"),
        *("p", "b", "q", "span", "table", "tr", "th", "td", "br"),
    }
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert next(svg for svg in page.all("svg"))["aria-label"] == HOSTILE


def test_the_photo_is_inside_the_card(tmp_path: Path) -> None:
    file = tmp_path / "photo.png"
    Image.fromarray(np.full((1000, 800, 3), 90, dtype=np.uint8)).save(file)
    html = card.card_html(explanation(path=str(file)))
    (image,) = Page(html).all("image")
    kind, data = str(image["href"]).split(",", 1)
    assert kind == "data:image/jpeg;base64"
    shown = Image.open(io.BytesIO(base64.b64decode(data)))
    assert (shown.format, shown.size) == ("JPEG", (512, 640))
    assert (image["width"], image["height"]) == ("800", "1000")
    assert str(tmp_path) not in html
    assert not re.search(r"https?:(?!//www\.w3\.org/2000/svg)", html)


def test_a_photo_that_cannot_be_shown_is_named(tmp_path: Path) -> None:
    page = Page(card.card_html(explanation(path=str(tmp_path / "gone.jpg"))))
    assert "photo not shown" in page.text
    assert "gone.jpg" in page.text
    assert not page.all("image")
    assert len(page.all("polygon")) == 2


def test_a_photo_that_could_not_be_read_says_why() -> None:
    page = Page(
        card.card_html(
            explanation(
                photo_features=None, considered=(), answer=Answer("item_weight"), problem="image: is empty"
            )
        )
    )
    assert "The photo could not be read" in page.text
    assert "image: is empty" in page.text
    assert "No quantity" in page.text


def test_many_quantities_are_counted_not_listed() -> None:
    found = ocr_result([line(f"{n} g", 10, 20 * n) for n in range(1, 21)])
    considered = tuple(Considered(c, 1 / (n + 2)) for n, c in enumerate(find_candidates(found)))
    page = Page(card.card_html(explanation(photo_features=PhotoFeatures(found), considered=considered)))
    assert len(page.all("rect")) == card.CARD_QUANTITIES
    assert "and 12 more" in page.text


def test_the_second_pass_is_drawn_where_it_answered() -> None:
    second = ocr_result([line("NET WT 501 g", 20, 30)])
    (candidate,) = find_candidates(second)
    page = Page(
        card.card_html(
            explanation(
                photo_features=PhotoFeatures(ocr_result([]), second_pass=second),
                second_pass=True,
                considered=(Considered(candidate, 0.5),),
            )
        )
    )
    assert len(page.all("polygon")) == 1
    assert "NET WT 501 g" in page.text


def test_candidates_as_a_table() -> None:
    made = explanation()
    table = made.candidates_frame()
    assert list(table["prediction"]) == ["500 gram", "20 gram"]
    assert list(table["text"]) == ["NET WT 500 g", "sugar 20 g"]
    first = table.iloc[0]
    assert (first["value"], first["unit"], first["form"], first["confidence"]) == (
        500.0,
        "gram",
        "plain",
        0.87,
    )
    assert first["box"] == made.considered[0].candidate.box
    assert first["reasons"] == "the text beside it says 'net wt' (+1.25); small print (-0.50)"
    assert table.iloc[1]["reasons"] == ""


def test_candidates_of_several_rows() -> None:
    blank = explanation(index=8, photo_features=None, considered=())
    table = hybridml.candidates_frame(iter([explanation(), blank, explanation(index=9)]))
    assert list(table["index"]) == [7, 7, 9, 9]
    assert set(table["entity_name"]) == {"item_weight"}
    assert list(hybridml.candidates_frame(blank).columns) == list(table.columns)
