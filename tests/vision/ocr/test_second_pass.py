"""The second OCR pass: when it is wanted, where its lines lie, and how two OCR results become one."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest

from benchmarks import second_pass as benchmark
from hybridml.candidates.find import needs_second_pass
from hybridml.entities import default_entities
from hybridml.utils.hashing import fingerprint
from hybridml.utils.registry import SettingsError
from hybridml.vision.ocr import OCRResult, TextLine, available, create
from hybridml.vision.ocr.second_pass import PhotoPart, SecondPass, SecondPassSettings, merge, pool, views
from tests.helpers.lines import line, ocr_result

SCHEMA = default_entities()

MARKS = ("one", "two", "three")
"""What :class:`MarkReader` reads where it finds red, green and blue."""


class MarkReader:
    """Reads each rectangle of one plain colour as a line that runs to the right; remembers the sizes it saw."""

    name = "marks"

    def __init__(self, confidence: float = 0.9) -> None:
        self.confidence = confidence
        self.seen: list[tuple[int, int]] = []

    def settings(self) -> dict[str, Any]:
        return {"engine": self.name}

    def read(self, image: np.ndarray) -> OCRResult:
        height, width = image.shape[:2]
        self.seen.append((width, height))
        found = []
        for channel, text in enumerate(MARKS):
            ys, xs = np.nonzero(image[:, :, channel] > 127)
            if len(xs) > 20:
                left, right, top, bottom = xs.min(), xs.max() + 1, ys.min(), ys.max() + 1
                corners = ((left, top), (right, top), (right, bottom), (left, bottom))
                a, b, c, d = ((float(x), float(y)) for x, y in corners)
                found.append(TextLine(text, self.confidence, (a, b, c, d)))
        return OCRResult(tuple(found), width, height)


def marked(width: int, height: int, **boxes: tuple[int, int, int, int]) -> np.ndarray:
    """Return a black photo with a rectangle ``(left, top, right, bottom)`` for each text of :data:`MARKS`."""
    photo = np.zeros((height, width, 3), dtype=np.uint8)
    for text, (left, top, right, bottom) in boxes.items():
        photo[top:bottom, left:right, MARKS.index(text)] = 255
    return photo


def texts(found: OCRResult) -> list[str]:
    return [each.text for each in found.lines]


def test_a_place_read_twice_keeps_the_surer_text_and_the_second_in_doubt() -> None:
    for ours, theirs, kept in ((0.95, 0.8, "first"), (0.85, 0.8, "second"), (0.6, 0.9, "second")):
        a = ocr_result([line("first", 0, 0, confidence=ours)])
        b = ocr_result([line("second", 2, 1, confidence=theirs)])
        assert texts(merge(a, b)) == [kept]


def test_a_text_read_alike_stays_once_as_the_surer_one_read_it() -> None:
    a, b = line("12 oz", 0, 0, confidence=0.7), line("12oz", 1, 0, confidence=0.8)
    assert merge(ocr_result([a]), ocr_result([b])).lines == (b,)
    assert merge(ocr_result([b]), ocr_result([a])).lines == (b,)


def test_lines_that_only_one_result_has_stay() -> None:
    first = ocr_result([line("Tea", 0, 0), line("12 oz", 0, 100)])
    second = ocr_result([line("Tea", 0, 0), line("340 g", 0, 200)])
    merged = merge(first, second)
    assert texts(merged) == ["Tea", "12 oz", "340 g"]


def test_pieces_of_one_line_are_compared_with_it_together() -> None:
    whole = line("NET WT 12 OZ", 0, 0, confidence=0.9)
    pieces = [line("NET WT", 0, 0, confidence=0.99), line("120Z", 75, 0, confidence=0.6)]
    assert merge(ocr_result(pieces), ocr_result([whole])).lines == (whole,)
    assert texts(merge(ocr_result([whole]), ocr_result(pieces))) == ["NET WT", "120Z"]
    sure = line("NET WT 12 OZ", 0, 0, confidence=1.0)
    assert merge(ocr_result([sure]), ocr_result(pieces)).lines == (sure,)


def test_merging_nothing_changes_nothing_and_the_first_gives_the_size() -> None:
    first = ocr_result([line("b", 0, 90), line("a", 0, 0)], width=300, height=200)
    merged = merge(first, ocr_result([]))
    assert (texts(merged), merged.width, merged.height) == (["a", "b"], 300, 200)
    assert merge(ocr_result([]), first).lines == merged.lines


def test_views_that_disagree_both_stay() -> None:
    one = ocr_result([line("l2 oz", 0, 0, confidence=0.9), line("Tea", 0, 50)])
    other = ocr_result([line("12 oz", 0, 0, confidence=0.7), line("Tea", 1, 50)])
    assert sorted(texts(pool(one, other))) == ["12 oz", "Tea", "l2 oz"]


def test_a_line_comes_back_in_pixels_of_the_photo_from_every_turn() -> None:
    photo = marked(200, 100, one=(20, 30, 80, 40))
    for turn in range(4):
        look = SecondPass(MarkReader(), longest_side=400, turns=(turn,))
        (found,) = look.read(photo, OCRResult((), 200, 100)).lines
        assert found.box == pytest.approx((20, 30, 80, 40), abs=0.6)
        # The fake reads to the right of what it is given.
        assert found.angle == pytest.approx((0, 90, 180, -90)[turn], abs=0.1)


def test_turns_of_one_photo_are_pooled() -> None:
    ocr = MarkReader()
    look = SecondPass(ocr, longest_side=300, turns=(0, 1))
    assert len(look.read(marked(100, 50, one=(10, 10, 60, 30)), OCRResult((), 100, 50)).lines) == 1
    assert ocr.seen == [(300, 150), (150, 300)]


def test_tiles_overlap_and_leave_out_what_they_cut() -> None:
    photo = marked(400, 200, one=(10, 20, 60, 30), two=(170, 90, 230, 110), three=(340, 180, 390, 190))
    ocr = MarkReader()
    look = SecondPass(ocr, longest_side=500, tiles=2, tile_overlap=0.2, turns=(0,))
    found = look.read(photo, OCRResult((), 400, 200))
    assert len(ocr.seen) == 5
    assert sorted(texts(found)) == ["one", "three", "two"]
    for each, box in zip(
        sorted(found.lines, key=lambda each: each.box),
        ((10, 20, 60, 30), (170, 90, 230, 110), (340, 180, 390, 190)),
        strict=True,
    ):
        assert each.box == pytest.approx(box, abs=0.7)


def test_a_tile_keeps_what_ends_at_the_edge_of_the_photo() -> None:
    whole = line("12 oz", 0, 0)
    view = PhotoPart(0, 0, 60, 60, 1.0, 0)
    seen = OCRResult((whole, line("cut", 45, 30)), 60, 60)
    assert [each.text for each in view.lines(seen, 100, 100)] == ["12 oz"]


def test_views_cover_the_photo_and_enlarge_no_more_than_asked() -> None:
    settings = SecondPassSettings(longest_side=1920, max_enlarge=2.0, tiles=3, turns=(0,))
    made = list(views(900, 700, settings))
    assert len(made) == 10
    assert {view.scale for view in made} == {2.0}
    covered = np.zeros((700, 900), dtype=bool)
    for view in made[1:]:
        covered[view.top : view.bottom, view.left : view.right] = True
    assert covered.all()
    assert next(views(4000, 1000, settings)).size == (1920, 480)


def test_lines_of_the_first_pass_stay_where_the_second_finds_none() -> None:
    first = ocr_result([line("12 oz", 5, 5)], width=50, height=40)
    merged = SecondPass(MarkReader(), longest_side=100).read(marked(50, 40), first)
    assert merged == first


@pytest.mark.parametrize("turn", range(4))
def test_where_a_line_lies_in_a_view_is_the_inverse_of_where_it_lies_in_the_photo(turn: int) -> None:
    view = PhotoPart(30, 10, 130, 90, 2.0, turn)
    own = line("12 oz", 40, 20)
    back = [view.back(point) for point in view.there(own).polygon]
    assert np.allclose(back, own.polygon)


def test_what_the_first_reading_is_sure_of_is_not_read_again() -> None:
    if reason := available()["rapidocr"]:
        pytest.skip(reason)
    image, draw = pytest.importorskip("PIL.Image"), pytest.importorskip("PIL.ImageDraw")
    photo = image.new("RGB", (640, 400), "white")
    font = pytest.importorskip("PIL.ImageFont").load_default(40)
    for y, text in ((60, "GREEN TEA"), (260, "Net Wt 340 g")):
        draw.Draw(photo).text((80, y), text, fill="black", font=font)
    pixels = np.asarray(photo)
    ocr = create("rapidocr", threads=1)
    tea, weight = sorted(ocr.read(pixels).lines, key=lambda each: each.box[1])
    assert [each.text for each in ocr.read(pixels, [tea]).lines] == [weight.text]  # type: ignore[call-arg]

    sure = TextLine("GREEN TEA as read first", 0.99, tea.polygon)
    doubtful = TextLine("Not Wt", 0.6, weight.polygon)
    merged = SecondPass(threads=1, turns=(0,), sure=0.97).read(pixels, OCRResult((sure, doubtful), 640, 400))
    assert merged.lines[0] == sure
    assert "340" in merged.lines[1].text


def test_settings_are_plain_fingerprintable_and_name_the_reader() -> None:
    look = SecondPass(MarkReader())
    told = look.settings()
    assert told["ocr"] == {"engine": "marks"}
    other = SecondPass(MarkReader(), longest_side=1000).settings()
    assert fingerprint(told) != fingerprint(other)
    with pytest.raises(FrozenInstanceError):
        look.config.tiles = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    "wrong",
    [
        {"tiles": 0},
        {"turns": (4,)},
        {"turns": ()},
        {"longest_side": 3},
        {"tile_overlap": 1},
        {"sure": 2},
        {"sure": 0.9, "engine": "tesseract"},
        {"no": 1},
    ],
)
def test_senseless_settings_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        SecondPass(MarkReader(), **wrong)


def test_an_engine_of_ones_own_is_taken_by_name() -> None:
    assert SecondPass(engine="tests.vision.ocr.test_second_pass:MarkReader").ocr.name == "marks"


def test_tiny_text_that_the_first_look_doubts_is_read() -> None:
    if reason := available()["rapidocr"]:
        pytest.skip(reason)
    pil, draw = pytest.importorskip("PIL.Image"), pytest.importorskip("PIL.ImageDraw")
    font = pytest.importorskip("PIL.ImageFont").load_default
    image = pil.new("RGB", (1600, 1600), (240, 240, 235))
    pen = draw.Draw(image)
    pen.text((600, 960), "Net Wt 340 g", fill=(60, 60, 60), font=font(24))
    pen.text((240, 240), "GREEN TEA", fill=(20, 20, 20), font=font(120))
    pen.rectangle((160, 160, 1360, 1360), outline=(90, 20, 30), width=20)
    photo = np.asarray(image.resize((400, 400), pil.Resampling.BOX))
    first = create("rapidocr", threads=1).read(photo)
    merged = SecondPass(threads=1).read(photo, first)
    before, after = (
        max((each.confidence for each in r.lines if "340" in each.text), default=0.0) for r in (first, merged)
    )
    assert after > before + 0.05
    assert not needs_second_pass(merged, SCHEMA.entity("item_weight"), SCHEMA)
    found = [each for each in merged.lines if "340" in each.text]
    assert found
    for each in found:
        assert each.box == pytest.approx((150, 240, 187, 246), abs=6)


def test_the_benchmark_tells_gained_from_lost_and_wrong() -> None:
    first = {
        "a": ocr_result([]),
        "b": ocr_result([line("500 g", confidence=0.5)]),
        "c": ocr_result([]),
        "d": ocr_result([]),
    }
    second = {
        "a": ocr_result([line("500 g")]),
        "b": ocr_result([line("600 g")]),
        "c": ocr_result([line("600 g"), line("700 g", y=90)]),
        "d": ocr_result([line("12 cm")]),
    }
    truth = (500.0, "gram")
    rows = [benchmark.Row(name, "item_weight", truth, 0) for name in "abc"]
    rows.append(benchmark.Row("d", "height", (12.0, "centimetre"), 2))
    counted = benchmark.count(rows, first, second)
    assert (counted.rows, counted.gained, counted.lost, counted.only_wrong, counted.added) == (4, 2, 1, 1, 5)
    assert counted.by_kind == {"sizes": 1, "others": 1}
    heads = benchmark.header(["x"]).splitlines()[0].count("|")
    assert heads == benchmark.line("default", (1.0, 2.0), [counted]).count("|")
