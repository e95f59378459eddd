"""The report's page in headless Chromium: lists, cards, keys; that it keeps to its folder and text stays text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hybridml.errors import HybridmlError
from hybridml.report import files
from tests.helpers import report_folder
from tests.helpers.report_browser import ROWS, Open, count, in_order, shown
from tests.helpers.report_folder import EVIL, row
from tests.report.conftest import HOSTILE


def test_filters_narrow_the_list_and_stand_in_the_address(opened: Open) -> None:
    page = opened("#tab=gallery")
    assert count(page) == ROWS
    page.click("[data-facet=outcome] label:has-text('wrong')")
    page.click("[data-facet=outcome] label:has-text('blank')")
    assert count(page) == 30
    page.click("[data-facet=entity] label:has-text('voltage')")
    expected = [i + 100 for i in range(ROWS) if i % 4 in (1, 2) and i % 5 == 4]
    assert shown(page) == expected
    assert page.inner_text("[data-facet=entity] label:has-text('item weight') .count") == str(
        30 - len(expected)
    )
    page.fill("#facet-min", "0.5")
    assert shown(page) == [i for i in expected if i % 4 == 1 and ((i - 100) * 37 % 100) / 100 >= 0.5]
    page.wait_for_url("**/index.html#*min=0.5*")
    again = opened("#" + page.url.partition("#")[2])
    assert shown(again) == shown(page)
    assert again.is_checked("[data-facet=entity] [data-value=voltage]")
    assert again.input_value("#facet-min") == "0.5"
    again.click("#facets button")
    assert count(again) == ROWS


def test_each_filter(opened: Open) -> None:
    page = opened("#tab=gallery")
    for hash_, expected in {
        "group=group+3": range(24, 32),
        "group=group+0&trained=no": [0, 2, 4, 6],
        "group=group+1&cause=other+quantity": [9, 13],
        "max=0.25&outcome=right": [0, 52],
        "q=NET+59+gr": [58, 59],
        "q=113&outcome=wrong": [13],
        "group=group+2&change=worse": [19, 23],
    }.items():
        page.evaluate("hash => { location.hash = hash }", f"#tab=gallery&{hash_}")
        page.wait_for_function("hash => HYBRIDML.state.link({}) === hash", arg=f"#tab=gallery&{hash_}")
        assert shown(page) == [i + 100 for i in expected], hash_


def test_a_search_that_finds_nothing_says_so_and_can_be_left(opened: Open) -> None:
    page = opened("#tab=gallery")
    page.fill("#search", "no such thing")
    assert count(page) == 0
    page.click("#reset")
    assert count(page) == ROWS
    assert page.input_value("#search") == ""


def test_a_link_of_the_overview_opens_its_rows_from_the_top(opened: Open) -> None:
    page = opened()
    page.evaluate("document.body.style.paddingTop = '3000px'; window.scrollTo(0, 2000)")
    page.click("#wrong-rows")
    page.wait_for_selector("#gallery:not([hidden])")
    assert count(page) == ROWS // 4
    assert set(in_order(page, ".verdict")) == {"✗ wrong"}
    assert page.evaluate("window.scrollY") == 0
    page.go_back()
    page.wait_for_selector("#overview:not([hidden])")


def test_sorting_both_ways_with_rows_without_a_value_last(opened: Open) -> None:
    page = opened("#tab=gallery&group=group+1")  # rows 8 to 15, of which 9 has no loss
    page.select_option("#sort", "confidence")
    assert in_order(page, ".sure") == sorted(in_order(page, ".sure"), reverse=True)
    page.click("#direction")
    assert in_order(page, ".sure") == sorted(in_order(page, ".sure"))
    losses = {i + 100: i * 13 % 50 for i in range(8, 16) if i != 9}
    for direction in (-1, 1):
        page.select_option("#sort", "index")
        page.select_option("#sort", "loss")
        if direction == 1:
            page.click("#direction")
        assert shown(page) == [*sorted(losses, key=lambda i: direction * losses[i]), 109]


def test_suspects_come_most_suspect_first_with_the_reason(opened: Open) -> None:
    page = opened()
    page.click("#tab-suspects")
    expected = [i + 100 for i in range(ROWS) if i % 6 == 1][::-1]
    assert shown(page) == expected
    assert page.inner_text("#tab-suspects .count") == str(len(expected))
    assert set(in_order(page, ".why")) == {"the same photo has another value"}


def test_changes_are_counted_and_listed_only_where_there_is_another_run(opened: Open, tmp_path: Path) -> None:
    page = opened("#tab=changes")
    assert "15 rows better, 15 worse, 15 flipped" in page.inner_text("#changes-counts")
    assert count(page) == 45
    page.click("[data-facet=change] label:has-text('worse')")
    assert count(page) == 15
    page.click("#tab-gallery")
    assert count(page) == ROWS
    alone = report_folder.write(tmp_path, [row(i, other="", change="") for i in range(4)])
    assert opened("#tab=gallery", alone).is_hidden("#tab-changes")


def test_a_card_shows_photo_answer_reasons_and_what_else_was_read(opened: Open) -> None:
    page = opened("#tab=gallery")
    page.click("[data-id='1']")
    page.wait_for_selector(".drawing image")
    side = page.inner_text("#card .side")
    for text in (
        "1 gram",
        "wrong",
        "other quantity",
        "2 gram",
        "0.37",
        "net weight",
        "+1.25",
        "−0.50",
        "Group 1",
    ):
        assert text in side, text
    assert page.get_attribute(".drawing image", "href") == "photos/0.jpg"
    assert "2 text lines and 2 candidates" in (page.get_attribute(".drawing", "aria-label") or "")
    assert page.locator(".drawing .text-line").count() == 2
    assert page.locator(".candidate.chosen, .candidate.right").count() == 2
    assert page.locator(".tag").all_text_contents() == ["right ✓ 2 gram", "answer 1 gram"]
    page.uncheck("[data-layer=candidates]")
    assert page.locator(".candidate").count() == 0
    page.check("[data-layer=quantities]")
    assert page.locator(".group-box").count() == 1
    page.hover(".group-list li")
    assert page.locator(".pointed").count() == 1
    page.go_back()
    page.wait_for_selector("#card", state="hidden")


def test_zooming_by_wheel_and_button_stays_on_the_photo(opened: Open) -> None:
    page = opened("#card=0")
    page.wait_for_selector(".drawing image")
    whole = page.get_attribute(".drawing", "viewBox")
    page.hover(".drawing")
    page.mouse.wheel(0, -100)
    left, top, width, height = map(float, (page.get_attribute(".drawing", "viewBox") or "").split())
    assert width == pytest.approx(400 / 1.25)
    assert left >= 0
    assert top >= 0
    assert left + width <= 400
    assert top + height <= 300
    page.click("text=Whole")
    assert page.get_attribute(".drawing", "viewBox") == whole


def test_a_link_to_a_card_keeps_filters_and_the_next_row_is_the_next_shown(opened: Open) -> None:
    page = opened("#tab=gallery&outcome=wrong&sort=index&card=5")
    assert "105" in page.inner_text("#card-title")
    assert "2 of 15" in page.inner_text("#card header")
    page.keyboard.press("j")
    assert "109" in page.inner_text("#card-title")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("k")
    page.keyboard.press("k")  # the first stays
    assert "101" in page.inner_text("#card-title")
    page.wait_for_url("**card=1*")
    assert "no row 999" in opened("#card=999").inner_text("#toast")


def test_the_keyboard_alone_goes_through_the_gallery(opened: Open) -> None:
    page = opened("#tab=gallery")
    current = "document.activeElement.dataset.id"
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(current) == "2"
    page.keyboard.press("k")
    page.keyboard.press("ArrowDown")
    below = int(page.evaluate(current))
    assert below > 3
    page.keyboard.press("1")
    assert "marked" in page.inner_text(f"[data-id='{below}']")
    assert page.evaluate(current) == str(below)
    page.keyboard.press("u")
    assert "marked" not in page.inner_text(f"[data-id='{below}']")
    page.keyboard.press("Enter")
    assert page.is_visible("#card")
    page.keyboard.press("2")
    assert page.get_attribute("[data-kind=not_in_photo]", "aria-pressed") == "true"
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.keyboard.type("5 gram")
    page.keyboard.press("Escape")
    assert page.is_visible("#card")
    page.keyboard.press("Escape")
    assert page.is_hidden("#card")
    assert page.evaluate(current) == str(below + 1)
    page.keyboard.press("/")
    page.keyboard.type("volt")
    assert count(page) == 12
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert "type the right value" in page.inner_text("#help")
    page.keyboard.press("Escape")
    assert page.is_hidden("#help")


def test_text_from_outside_stays_text(opened: Open, tmp_path: Path) -> None:
    evil = dict.fromkeys(
        ("index", "photo", "group", "entity", "truth", "prediction", "problem", "text"), EVIL
    )
    evil |= {"other": EVIL, "suspect_why": EVIL + "</script>", "cause": EVIL}
    rows = [row(0), row(1, **evil, suspect=3.0, change="worse", trained=False)]
    path = report_folder.write(
        tmp_path, rows, other_name=EVIL, causes={EVIL: EVIL}, units={EVIL: ["gram", EVIL]}
    )
    page = opened("#tab=gallery&card=1", path)
    page.wait_for_selector(".drawing image")
    page.check("[data-layer=quantities]")
    page.keyboard.press("1")
    for tab in ("suspects", "changes", "corrections", "overview"):
        page.evaluate(f"HYBRIDML.state.set({{tab: '{tab}', card: ''}})")
        assert EVIL.partition("'")[0] in page.inner_text("main"), tab
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.title() == f"Test report {EVIL}"
    assert page.locator("img:not(.thumb img)").count() == 0
    assert page.locator("script:not([src])").count() == 0


def test_a_missing_file_of_cards_costs_only_its_cards(opened: Open, tmp_path: Path) -> None:
    path = report_folder.write(tmp_path, [row(i) for i in range(101)])
    (tmp_path / "data" / "cards-0001.js").unlink()
    page = opened("#card=100", path)
    page.wait_for_selector(".facts .warning")
    assert "cards-0001.js cannot be loaded" in page.inner_text(".facts")
    opened.errors.clear()  # type: ignore[attr-defined]
    page.keyboard.press("k")
    page.wait_for_selector(".drawing image")


def test_five_thousand_rows_scroll_with_few_tiles(opened: Open, tmp_path: Path) -> None:
    path = report_folder.write(tmp_path, [row(i) for i in range(5000)])
    page = opened("#tab=gallery", path)
    page.wait_for_selector("[data-id='0'] img")
    assert page.inner_text("#shown") == "5,000 of 5,000 rows"
    assert page.locator(".tile-row").count() < 80
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_selector("[data-id='4999']")
    assert page.locator(".tile-row").count() < 80
    page.evaluate("for (const q of ['n', 'ne', 'net 4', 'net 4999']) HYBRIDML.state.set({q})")
    assert shown(page) == [4999, 5098, 5099]


def test_the_page_tells_screen_readers_what_is_what(opened: Open) -> None:
    page = opened("#tab=gallery")
    assert page.locator("img:not([alt])").count() == 0
    assert page.get_attribute("#tab-gallery", "aria-selected") == "true"
    page.focus("#tab-gallery")
    page.keyboard.press("ArrowRight")
    assert page.get_attribute("#tab-suspects", "aria-selected") == "true"
    unnamed = "[...document.querySelectorAll('button, input, select')].filter(e => !e.textContent.trim() && "
    unnamed += "!e.ariaLabel && !e.labels?.length).map(e => e.outerHTML)"
    assert page.evaluate(unnamed) == []


def test_the_command_writes_a_page_that_works(opened: Open, commanded: Path) -> None:
    page = opened("#tab=gallery", commanded / "index.html")
    assert count(page) == 120
    page.click("[data-id='0']")
    page.wait_for_selector(".drawing image")
    assert "<script>alert(2)</script>" in (page.text_content("#card .facts > details") or "")
    assert HOSTILE in page.inner_text("#card .answer")
    assert "77 gram" in page.inner_text(".answer .big")
    assert page.locator(".reasons li").count() > 0
    assert page.locator(".candidate.chosen").count() == 1
    assert page.evaluate("[...document.images].every(image => !image.complete || image.naturalWidth > 0)")
    page.keyboard.press("Escape")
    page.click("#tab-changes")
    assert "1 row better" in page.inner_text("#changes-counts")
    page.click("#tab-overview")
    page.wait_for_selector("#overview figure img")
    assert "of 99)" in page.inner_text("tr[data-entity=all]"), "labelled rows but for an unknown entity's"


def test_a_data_file_cannot_end_its_script_and_holds_finite_numbers() -> None:
    text = files.script("rows", {"text": "</script><!--\u2028&"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text[len("HYBRIDML.rows(") : -len(");\n")]) == {"text": "</script><!--\u2028&"}
    with pytest.raises(ValueError, match="JSON"):
        files.script("rows", {"confidence": float("nan")})


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HybridmlError, match="file/report"):
        files.write_page(tmp_path / "file" / "report", "title", "")


def test_every_style_and_script_is_named() -> None:
    assets: Any = {p.name for p in files.ASSETS.iterdir() if p.suffix in (".js", ".css")}
    assert assets == {*files.SCRIPTS, *files.PAGE_STYLES}
