"""The report's folder: what is in its files, and that nothing of the machine or of a file's name gets into it."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from hybridml.candidates.find import find_candidates, ocr_result_for
from hybridml.entities import default_entities
from hybridml.errors import HybridmlError, RowsError
from hybridml.evaluation.evaluate import evaluate
from hybridml.prediction.explain.explanation import Considered, Explanation
from hybridml.ranking.answer import Answer
from hybridml.report import write
from hybridml.report.files import REPORT_COLUMNS, CardFiles, plain, write_numbers
from hybridml.report.pictures import write_pictures
from hybridml.report.rows import MIN_PROBABILITY, card_of, line_of
from hybridml.report.write import write_report
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.text_line import OCRResult
from tests.helpers.lines import line
from tests.report.conftest import HOSTILE, Run

SCHEMA = default_entities()


def script_of(path: Path) -> list[Any]:
    """Return the arguments that a data file hands to the page."""
    text = path.read_text(encoding="utf-8")
    assert "<" not in text
    arguments: list[Any] = json.loads(f"[{text[text.index('(') + 1 : text.rindex(')')]}]")
    return arguments


def rows_of(out: Path) -> dict[str, Any]:
    payload: dict[str, Any] = script_of(out / "data" / "rows.js")[0]
    return payload


def cards_of(out: Path) -> list[dict[str, Any]]:
    files = sorted((out / "data").glob("cards-*.js"))
    parts = [script_of(path) for path in files]
    assert [number for number, _ in parts] == list(range(len(parts)))
    return [card for _, cards in parts for card in cards]


def test_the_table_has_a_line_for_each_row(out: Path, run: Run) -> None:
    payload = rows_of(out)
    columns = payload["columns"]
    assert set(columns) == set(REPORT_COLUMNS)
    assert {len(column) for column in columns.values()} == {len(run.rows)}
    assert columns["id"] == list(range(len(run.rows)))
    assert columns["index"] == [str(i) for i in run.rows["index"]]
    assert columns["prediction"] == list(run.fitted.predict(run.rows)["prediction"])
    assert columns["truth"] == list(run.rows["entity_value"])
    assert payload["labelled"] is True
    assert payload["units"]["width"] == list(SCHEMA.entity("width").units)
    assert set(payload["units"]) == set(run.rows["entity_name"]) - {"colour"}


def test_outcomes_are_the_metric_s(out: Path, run: Run) -> None:
    columns = rows_of(out)["columns"]
    truth, entities = list(run.rows["entity_value"]), list(run.rows["entity_name"])
    scores = evaluate(truth, columns["prediction"], entities)["all"]
    assert columns["outcome"].count("right") == scores["tp"] > 100
    assert columns["outcome"].count("blank") == scores["fn"] >= 1
    assert columns["outcome"][4] == "wrong"
    assert columns["cause"][4] == "nothing read near the value"
    assert columns["loss"][4] == pytest.approx(6.9078, abs=1e-3)
    right = [i for i, outcome in enumerate(columns["outcome"]) if outcome == "right"]
    assert not any(columns["cause"][i] for i in right)
    assert all(columns["loss"][i] < 3 for i in right)
    assert columns["suspect"][4] == max(columns["suspect"]) > 0
    assert columns["suspect_why"][4]


def test_cards_show_what_was_read_considered_and_answered(out: Path) -> None:
    cards = cards_of(out)
    columns = rows_of(out)["columns"]
    assert [card["id"] for card in cards] == columns["id"]
    for card, prediction, outcome in zip(cards, columns["prediction"], columns["outcome"], strict=True):
        chosen = [c for c in card["candidates"] if c["chosen"]]
        assert [c["text"] for c in chosen] == ([prediction] if prediction else [])
        assert any(c["right"] for c in chosen) == (outcome == "right" and bool(prediction))
        for candidate in card["candidates"]:
            number = candidate["text"].split()[0]
            assert number in card["lines"][candidate["line"]]["text"]
    assert cards[8]["candidates"][0]["reasons"][0].keys() == {"words", "contribution"}
    found = {item["text"] for group in cards[8]["groups"] for item in group["items"]}
    assert columns["prediction"][8] in found
    assert len(found) == 5


def test_a_broken_photo_costs_its_own_picture(out: Path) -> None:
    columns = rows_of(out)["columns"]
    assert columns["image"][1] == columns["thumb"][1] == ""
    assert "photo1_1.png" in columns["problem"][1]
    shown = [name for i, name in enumerate(columns["image"]) if i != 1]
    assert all((out / name).is_file() for name in shown)
    with Image.open(out / columns["thumb"][0]) as thumb:
        assert thumb.format == "JPEG"


def test_no_name_of_a_file_and_no_path_gets_out(out: Path, run: Run) -> None:
    files = [path for path in out.rglob("*") if path.is_file()]
    assert not [path for path in files if "img src" in path.name]
    assert rows_of(out)["columns"]["photo"][0] == HOSTILE
    for path in files:
        if path.suffix in (".html", ".js", ".json", ".csv", ".svg"):
            assert str(run.folder) not in path.read_text(encoding="utf-8"), path
        if path.suffix in (".html", ".js", ".svg"):
            text = path.read_text(encoding="utf-8")
            assert "<img src=x" not in text, path
            assert "<script>alert" not in text, path
            assert "<b>title" not in text, path


def test_numbers_are_there_as_data(out: Path) -> None:
    numbers = json.loads((out / "report.json").read_text())
    assert numbers["title"] == "a <b>title</b>"
    assert list((out / "plots").glob("*.svg"))
    assert list((out / "tables").glob("*.csv"))


def test_another_report_keeps_pictures_and_clears_what_is_not_its_own(
    run: Run, out: Path, tmp_path: Path
) -> None:
    again = Path(shutil.copytree(out, tmp_path / "again"))
    times = {path: path.stat().st_mtime_ns for path in (again / "photos").iterdir()}
    assert len(times) == 119
    assert len(list((again / "data").glob("cards-*.js"))) == 2
    (again / "photos" / "mine.jpg").write_bytes(b"mine")
    (again / "tables" / "mine.csv").write_text("mine")
    assert (again / "plots" / "coverage.svg").is_file()
    write_report(run.fitted, run.rows[10:20].drop(columns="entity_value"), again)
    kept = set((again / "photos").iterdir())
    assert len(kept) == 11
    assert all(path.stat().st_mtime_ns == times[path] for path in kept if path.name != "mine.jpg")
    assert {path.name for path in (again / "data").iterdir()} == {"rows.js", "cards-0000.js"}
    # nothing of the earlier overview is left, and nobody's own file is gone
    plots = {path.name for path in (again / "plots").iterdir()}
    assert plots - {"importance.svg", "seconds.svg"} == {"confidence.svg"}
    assert {path.name for path in (again / "tables").iterdir()} <= {
        "answered.csv", "importance.csv", "seconds.csv", "problems.csv", "mine.csv"
    }  # fmt: skip
    assert (again / "tables" / "mine.csv").read_text() == "mine"
    payload = rows_of(again)
    assert payload["labelled"] is False
    assert set(payload["columns"]["outcome"]) == {"unlabelled"}
    assert set(payload["columns"]["loss"]) == {None}
    assert set(payload["columns"]["change"]) == {""}
    assert payload["report"] != rows_of(out)["report"]


def test_a_report_that_is_interrupted_leaves_the_data_of_an_earlier_one(
    run: Run, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = Path(shutil.copytree(out, tmp_path / "again"))

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "suspects", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_report(run.fitted, run.rows[10:20], again)
    before, after = ({p.name: p.read_bytes() for p in (f / "data").iterdir()} for f in (out, again))
    assert after == before


def test_the_command_with_some_labels_against_another_run(commanded: Path, out: Path, run: Run) -> None:
    payload = rows_of(commanded)
    columns = payload["columns"]
    assert payload["title"] == "rows.csv, answered by model.joblib"
    assert columns["outcome"][100:] == ["unlabelled"] * 20
    assert "unlabelled" not in columns["outcome"][:100]
    assert (columns["change"][8], columns["other"][8]) == ("better", "1 gram")
    assert columns["change"].count("same") == len(run.rows) - 1
    assert payload["other_name"] == "other.csv"
    # corrections are kept under the id of the rows, whatever they are compared with
    assert payload["report"] == rows_of(out)["report"]
    assert set(pd.read_csv(f"{commanded}.faults.csv")["index"]) == {1, 2}


def test_what_cannot_be_used_is_an_error_before_any_work(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "out"
    run.rows.assign(index=range(1000, 1120)).to_csv(tmp_path / "truth.csv", index=False)
    with pytest.raises(RowsError, match="none of its 120 rows has the index"):
        write_report(run.fitted, run.rows, target, truth=tmp_path / "truth.csv")
    with pytest.raises(HybridmlError, match=r"nothing\.csv"):
        write_report(run.fitted, run.rows, target, against=tmp_path / "nothing.csv")
    with pytest.raises(HybridmlError, match="give 160 or more"):
        write_report(run.fitted, run.rows, target, photo_side=10)
    with pytest.raises(HybridmlError, match="not on this machine"):
        write_report(run.fitted, run.rows, "memory://bucket/report")
    assert not target.exists()
    target.write_text("")
    with pytest.raises(
        HybridmlError, match=r"cannot write the report into .*name a folder that can be written to"
    ):
        write_report(run.fitted, run.rows, target)


def test_files_that_a_report_names_as_its_own_but_cannot_be_stay(tmp_path: Path) -> None:
    (tmp_path / "out" / "tables").mkdir(parents=True)
    (tmp_path / "precious.csv").write_text("")
    (tmp_path / "out" / "report.json").write_text(
        json.dumps({"files": ["../precious.csv", "tables/../../precious.csv", 7]})
    )
    write_numbers(tmp_path / "out", {}, [])
    assert (tmp_path / "precious.csv").exists()


def test_a_threshold_found_in_the_table_lets_its_own_answer_pass() -> None:
    explained = explanation(["500 g"], None, "500 gram")
    explained = replace(explained, answer=replace(explained.answer, confidence=0.58896))
    assert line_of(0, explained, SCHEMA)["confidence"] == 0.58896


def test_a_problem_a_page_long_is_cut_and_names_no_folder() -> None:
    problem = "/a/b.jpg: " + "word " * 900
    explained = replace(explanation(["500 g"], None, "x"), problem=problem, path="/a/b.jpg")
    problem = line_of(0, explained, SCHEMA)["problem"]
    assert problem.startswith("a.jpg: word")
    assert len(problem) == 240


def explanation(texts: list[str], second: list[str] | None, truth: str | None) -> Explanation:
    """Return the explanation of a row that asks for a weight; ``second`` are the texts of a second pass."""

    def read(texts: list[str]) -> OCRResult:
        return OCRResult(tuple(line(text, 50, 100 * (i + 1)) for i, text in enumerate(texts)), 1000, 800)

    photo = PhotoFeatures(read(texts), second_pass=None if second is None else read(second))
    ocr_result = ocr_result_for(photo, SCHEMA.entity("item_weight"), SCHEMA)
    found = find_candidates(ocr_result, SCHEMA)
    considered = tuple(Considered(c, p) for c, p in zip(found, (0.6, 0.3), strict=False))
    answer = Answer("item_weight")
    if found:
        best = found[0]
        answer = Answer("item_weight", best.value, best.unit, 0.6, ocr_result.lines[best.line].text, best.box)
    return Explanation(
        7, "a.jpg", "item_weight", answer, considered, photo, bool(second and found), truth=truth
    )


def test_text_lines_of_the_second_pass_come_after_those_of_the_first() -> None:
    card = card_of(0, explanation(["no", "number"], ["Weight", "500 g"], "500 gram"), (), SCHEMA)
    assert [(one["text"], one["second_pass"]) for one in card["lines"]] == [
        *(("no", False), ("number", False), ("Weight", True), ("500 g", True))
    ]
    assert (card["width"], card["height"]) == (1000, 800)
    assert [(c["line"], c["chosen"], c["right"]) for c in card["candidates"]] == [(3, True, True)]


@pytest.mark.parametrize(
    ("truth", "outcome", "given"),
    [
        ("12 ounce", "right", 0.6),
        ("340 gram", "other unit", 0.3),
        ("9 gram", "wrong", MIN_PROBABILITY),
        ("", "wrong", 0.1),
        (None, "unlabelled", None),
    ],
)
def test_outcome_and_loss(truth: str | None, outcome: str, given: float | None) -> None:
    row = line_of(3, explanation(["12 oz (340 g)"], None, truth), SCHEMA)
    assert (row["id"], row["index"], row["outcome"]) == (3, "7", outcome)
    if given is None:
        assert row["loss"] is None
    else:
        assert 2.718281828 ** -row["loss"] == pytest.approx(given, rel=1e-3)


def test_nothing_answered() -> None:
    assert line_of(0, explanation(["no number"], None, "5 gram"), SCHEMA)["outcome"] == "blank"
    row = line_of(0, explanation(["no number"], None, ""), SCHEMA)
    assert (row["outcome"], row["loss"], row["cause"]) == ("right", 0.0, "")


def test_text_is_cut() -> None:
    assert len(line_of(0, explanation(["word " * 100] * 3, None, None), SCHEMA)["text"]) == 400


def test_cards_that_come_in_any_order_are_written_in_theirs_a_hundred_a_file(tmp_path: Path) -> None:
    with CardFiles(tmp_path) as cards:
        for i in random.Random(0).sample(range(201), 201):
            cards.add({"id": i, "text": "</script>\n"})
        cards.write()
    assert [card["id"] for card in cards_of(tmp_path)] == list(range(201))
    assert script_of(tmp_path / "data" / "cards-0002.js")[1] == [{"id": 200, "text": "</script>\n"}]


def test_pictures_have_the_size_asked_for(tmp_path: Path) -> None:
    Image.new("RGB", (1000, 500)).save(tmp_path / "large.png")
    Image.new("RGB", (40, 90)).save(tmp_path / "small.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 no more")
    paths = {
        "a" * 64: tmp_path / "large.png",
        "b" * 64: tmp_path / "small.png",
        "c" * 64: tmp_path / "broken.jpg",
    }
    problems = write_pictures(paths, tmp_path / "out", side=400)
    assert list(problems) == ["c" * 64]
    assert "broken.jpg" in problems["c" * 64]
    sizes = {}
    for path in sorted((tmp_path / "out").rglob("*.jpg")):
        with Image.open(path) as image:
            sizes[f"{path.parent.name}/{path.name[0]}"] = image.size
    assert sizes == {
        "photos/a": (400, 200), "photos/b": (40, 90), "thumbs/a": (160, 80), "thumbs/b": (40, 90)
    }  # fmt: skip


def test_plain_data_has_no_number_that_json_lacks() -> None:
    frame = pd.DataFrame({"a": [1.5, float("nan")], "b": [1, 2]})
    assert plain(frame.to_dict("list")) == {"a": [1.5, None], "b": [1, 2]}
