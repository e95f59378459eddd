"""Corrections and thresholds on the report's page, and the files that it exports."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hybridml.datasets.corrections import read_corrections
from hybridml.datasets.thresholds import read_thresholds
from hybridml.ranking.calibration import lower_bound
from tests.helpers import report_folder
from tests.helpers.report_browser import Open, shown
from tests.helpers.report_folder import row

if TYPE_CHECKING:
    from playwright.sync_api import Page


def save(page: Page, selector: str) -> Path:
    """Return the file that a click saves."""
    with page.expect_download() as download:
        page.click(selector)
    return download.value.path()


def lines_of(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_a_value_that_cannot_be_right_is_not_taken(opened: Open) -> None:
    page = opened("#card=0")
    for typed, says in {
        "gram": "not a plain number",
        "1,5 gram": "not a plain number",
        "-5 gram": "not a plain number",
        "1e3 gram": "not a plain number",
        "=1+1 gram": "not a plain number",
        "0 gram": "above zero",
        "12": "Which unit",
        "12 volt": "not a unit of item_weight",
    }.items():
        page.fill("#right-value", typed)
        page.keyboard.press("Enter")
        assert says in page.inner_text("#correction-status"), typed
        assert page.get_attribute("#right-value", "aria-invalid") == "true"
    assert page.evaluate("HYBRIDML.corrections.all().length") == 0


def test_corrections_are_typed_kept_exported_and_read_back(opened: Open, tmp_path: Path) -> None:
    rows = [row(0, index='99, "b"'), row(1), row(2), row(3)]
    path = report_folder.write(tmp_path / "report", rows)
    page = opened("#tab=gallery&card=0", path)
    page.keyboard.press("c")
    page.keyboard.type("  2.50  KILOGRAM ")
    page.keyboard.press("Enter")
    assert "2.50 kilogram" in page.inner_text("#correction-status")
    page.keyboard.press("j")
    page.keyboard.press("1")
    page.keyboard.press("j")
    page.keyboard.press("2")
    page.keyboard.press("j")
    page.click(".facts .chosen button")  # what was read is the right value
    page.keyboard.press("u")
    page.keyboard.press("Escape")
    page.wait_for_function("() => !location.hash.includes('card')")
    page.reload()
    page.click("#tab-corrections")
    expected = [
        ["index", "entity_name", "correction", "value"],
        ['99, "b"', "item_weight", "value", "2.50 kilogram"],
        ["101", "item_weight", "label_wrong", ""],
        ["102", "item_weight", "not_in_photo", ""],
    ]
    exported = save(page, "#export")
    assert lines_of(exported) == expected
    assert [[c.index, c.entity, c.kind, c.value] for c in read_corrections(exported)] == expected[1:]

    lines = [*expected, ["101", "voltage", "label_wrong", ""], ["103", "item_weight", "value", "5 volt"]]
    written = tmp_path / "corrections.csv"
    with written.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(lines)
    other = opened("#tab=corrections", path, "localStorage.clear()")
    assert other.locator("#export").is_disabled()
    other.set_input_files("#import", written)
    other.wait_for_selector("#import-status li")
    assert "3 corrections taken" in other.inner_text("#import-status")
    assert "line 5: the report has no row" in other.inner_text("#import-status")
    assert 'line 6: "volt" is not a unit' in other.inner_text("#import-status")
    assert lines_of(save(other, "#export")) == expected
    other.click("#corrections button:has-text('Undo')")
    assert "None yet" in other.inner_text("#corrections")


def test_a_file_that_is_none_of_ours_is_refused_with_the_reason(opened: Open, tmp_path: Path) -> None:
    page = opened("#tab=corrections")
    (tmp_path / "other.csv").write_text("index,prediction\n1,5 gram\n")
    page.set_input_files("#import", tmp_path / "other.csv")
    page.wait_for_selector("#import-status p")
    assert "other.csv was not taken" in page.inner_text("#import-status")
    assert "entity_name" in page.inner_text("#import-status")


def test_rows_marked_while_only_unmarked_ones_are_shown_stay_till_the_card_is_closed(opened: Open) -> None:
    page = opened("#tab=gallery&group=group+1&marked=no&card=8")
    for expected in ("108", "109", "110"):
        assert expected in page.inner_text("#card-title")
        page.keyboard.press("1")
        page.keyboard.press("j")
    page.keyboard.press("Escape")
    assert shown(page) == [111, 112, 113, 114, 115]
    page.select_option("#facet-marked", "yes")
    assert shown(page) == [108, 109, 110]


def test_without_storage_corrections_live_in_memory_and_the_page_says_so(opened: Open) -> None:
    blocked = "Object.defineProperty(window, 'localStorage', {get() { throw new Error('blocked') }})"
    page = opened("#tab=gallery&card=0", script=blocked)
    page.keyboard.press("1")
    page.keyboard.press("Escape")
    page.click("#tab-corrections")
    assert "no storage" in page.inner_text("#corrections")
    assert len(lines_of(save(page, "#export"))) == 2


def test_thresholds_are_found_for_a_precision_and_exported(opened: Open, tmp_path: Path) -> None:
    sure = np.linspace(0.99, 0.3, 80)
    right = np.arange(80) % 9 != 8
    right[40:] &= np.arange(40) % 2 == 0
    rows = [
        row(i, entity="item_weight", prediction="1 gram", confidence=float(c), trained=False)
        | {"outcome": "right" if good else "wrong"}
        for i, (c, good) in enumerate(zip(sure, right, strict=True))
    ]
    rows += [
        row(80 + i, entity="voltage", outcome="wrong", prediction="1 volt", confidence=0.9, trained=False)
        for i in range(3)
    ]
    rows += [
        row(83 + i, entity="item_weight", outcome="wrong", confidence=1.0) | {"trained": True}
        for i in range(9)
    ]
    page = opened("", report_folder.write(tmp_path, rows))
    assert "83 labelled rows that the model was not trained on" in page.inner_text("#threshold-chooser")
    page.fill("#wanted", "0.75")
    page.click("#reach")
    n = np.arange(1, 81)
    reached = np.flatnonzero(lower_bound(np.cumsum(right) / n, n) >= 0.75)
    kept = int(reached[-1]) + 1
    line = page.inner_text("tr[data-entity=item_weight]")
    assert f"({kept} of 80)" in line
    assert f"{right[:kept].mean() * 100:.1f} %" in line
    assert f"({kept} of 83)" in page.inner_text("tr[data-entity=all]")
    found = read_thresholds(save(page, "#export-thresholds"))
    assert found == {"item_weight": sure[kept - 1], "voltage": np.inf}
    page.fill("tr[data-entity=item_weight] input[type=number]", "0.5")
    page.keyboard.press("Enter")
    assert f"({(sure >= 0.5).sum()} of 80)" in page.inner_text("tr[data-entity=item_weight]")
    page.wait_for_url("**at=item_weight%3A0.5*")
    page.click("text=Publish all")
    assert "(83 of 83)" in page.inner_text("tr[data-entity=all]")


def test_thresholds_say_what_they_do_not_know(opened: Open, tmp_path: Path) -> None:
    learned = report_folder.write(tmp_path / "a", [row(i, trained=True) for i in range(8)])
    assert "trained on" in opened("", learned).inner_text("#threshold-chooser .warning")
    plain = [row(i, truth="", outcome="unlabelled", cause="", loss=None) for i in range(8)]
    page = opened("", report_folder.write(tmp_path / "b", plain, labelled=False))
    assert "Without labels" in page.inner_text("#threshold-chooser")
    assert page.locator("#reach").count() == 0
    assert page.locator("[data-facet=cause]").count() == 0


def test_thresholds_are_only_of_entities_that_predict_knows(opened: Open, tmp_path: Path) -> None:
    path = report_folder.write(tmp_path, [row(0), row(1), row(2, entity="colour", prediction="")])
    assert read_thresholds(save(opened("", path), "#export-thresholds")) == {"item_weight": 0.0}
