"""The overview of a report: its sections, and the plots and tables that it writes."""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from hybridml.datasets.thresholds import read_thresholds
from hybridml.errors import MissingExtraError
from hybridml.evaluation import metrics
from hybridml.report import causes, overview
from hybridml.report.run_comparison import compare_runs
from hybridml.report.sections import Figure, OverviewWriter
from tests.helpers.report_rows import drawn, outcomes, table

HOSTILE = "<img src=x onerror=alert(1)> $\\frac$"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, overview.Overview]:
    """Return the folder and the overview of rows with everything, some of it hostile."""
    out = tmp_path_factory.mktemp("overview")
    rows = drawn(400)
    rows.loc[:30, "trained"] = True
    rows.loc[:12, ["entity", "group"]] = [HOSTILE, f"<{HOSTILE}"]
    rows.loc[31:60, "group"] = f"<{HOSTILE}"
    rows.loc[5:9, "problem"] = HOSTILE
    other = rows[["index"]].assign(prediction=rows["prediction"].where(rows.index % 5 > 0, ""))
    return out, overview.write_overview(
        out,
        rows,
        [[truth.replace(".0", "")] for truth in rows["truth"]],
        importance=[(HOSTILE, 3.0), ("its unit", 1.0)],
        ablation=[("layout", -0.02), ("keywords", 0.01)],
        seconds=[("OCR", 0.5)],
        comparison=compare_runs(rows, other, name=HOSTILE),
    )


def test_the_overview_has_every_section_and_file(made: tuple[Path, overview.Overview]) -> None:
    out, shown = made
    page = ElementTree.fromstring(f"<main>{shown.html}{shown.changes_html}</main>")
    assert {section.get("id") for section in page.findall("section")} == {
        "quality", "answered", "entities", "groups", "coverage", "calibration", "causes", "dimensions", "units",
        "sizes", "importance", "ablation", "seconds", "problems", "against",
    }  # fmt: skip
    for image in page.iter("img"):
        path = out / str(image.get("src"))
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
        assert image.get("alt")
    linked = {str(link.get("href")) for link in page.iter("a")}
    files = {file for file in linked if not file.startswith("#")}
    assert files == {f"tables/{path.name}" for path in (out / "tables").iterdir()}
    written = {f"{path.parent.name}/{path.name}" for path in out.rglob("*") if path.is_file()}
    assert written == set(shown.files), "what a later report removes"
    heads = [cell.text for cell in page.iter("th") if cell.get("scope") == "col"]
    assert all(heads), "a column without a name tells the user of a screen reader nothing"
    assert len(pd.read_csv(out / "tables" / "scores.csv")) == 4
    assert page.find(".//div[@id='threshold-chooser']") is not None


def texts_of(shown: overview.Overview, section: str) -> list[str]:
    """Return what the sentences of a section say."""
    page = ElementTree.fromstring(f"<main>{shown.html}{shown.changes_html}</main>")
    return ["".join(each.itertext()) for each in page.findall(f".//section[@id='{section}']//li")]


def test_the_first_screen_says_how_good_what_to_publish_and_what_to_fix(tmp_path: Path) -> None:
    rows = table(
        *[("width", "5 inch", "5 inch")] * 40,
        *[("width", "5 inch", "6 inch")] * 8,
        *[("depth", "5 inch", "")] * 2,
        confidence=[*[0.9] * 40, *[0.3] * 8, 0.0, 0.0],
        cause=[*[""] * 40, *[causes.OTHER_AXIS] * 8, *[causes.NOT_READ] * 2],
        problem=[*[""] * 49, "no such photo"],
        suspect=[*[0.0] * 49, 1.0],
    )
    shown = overview.write_overview(tmp_path, rows)
    f1, answered, publish, cause, entity, suspect, problem = texts_of(shown, "quality")
    assert f1.startswith(f"F1 {metrics.f1_of(40, 8, 2):.3f} (")
    assert "on 50 rows not trained on" in f1
    assert answered == "96 % are answered; 83 % of the answers are right."
    assert publish.startswith(
        "If the most confident 80 % are published without a check, 90 % of them are right"
    )
    assert "(confidence at least 0.90)" in publish
    assert cause.startswith("Largest cause, 8 of 10 rows not right: other axis")
    assert entity.startswith("Most errors are in width: 8 of its 48 rows are not right.")
    assert suspect.startswith("1 label is suspect.")
    assert problem == "1 row has a problem, namely: no such photo."
    assert (
        shown.html.index('id="quality"') < shown.html.index('id="coverage"') < shown.html.index('id="causes"')
    )


@pytest.mark.parametrize("rows", [1, 3, 10])
def test_a_handful_of_rows_names_no_threshold(tmp_path: Path, rows: int) -> None:
    shown = overview.write_overview(tmp_path, table(*[("width", "5 inch", "5 inch")] * rows))
    assert f"{rows} answers are too few to say which confidence is enough." in texts_of(shown, "quality")
    assert not texts_of(shown, "coverage")
    assert not (tmp_path / "plots" / "coverage.svg").exists()
    assert "(1.000 to 1.000)" not in shown.html


def test_nothing_answered_has_no_number_that_is_none(tmp_path: Path) -> None:
    shown = overview.write_overview(tmp_path, table(*[("width", "5 inch", "")] * 3), seconds=[("OCR", 0.0)])
    assert "None of them is answered." in texts_of(shown, "quality")
    assert "nan" not in shown.html
    assert not (tmp_path / "plots" / "seconds.svg").exists()


def test_mistakes_without_a_known_factor_link_to_no_empty_table(tmp_path: Path) -> None:
    shown = overview.write_overview(tmp_path, table(*[("width", "5 inch", "6 inch")] * 12))
    assert "no known factor of decimal points and units occurs" in shown.html
    assert "mistakes.csv" not in shown.html
    assert not (tmp_path / "tables" / "mistakes.csv").exists()


def test_a_worse_run_is_not_called_higher(tmp_path: Path) -> None:
    rows = drawn(60)
    best = rows[["index"]].assign(prediction=rows["truth"].str.replace(".0", ""))
    shown = overview.write_overview(tmp_path, rows, comparison=compare_runs(rows, best, name="best"))
    sentence = texts_of(shown, "against")[0]
    assert ": a difference of -0." in sentence
    assert "higher" not in sentence


def test_plot_and_sentence_name_the_same_threshold(tmp_path: Path) -> None:
    rows = table(*[("width", "5 inch", "5 inch" if i < 36 else "6 inch") for i in range(40)])
    rows["confidence"] = [0.589] * 36 + [0.2] * 4
    rows["outcome"] = outcomes(rows)
    sentences = texts_of(overview.write_overview(tmp_path, rows), "coverage")
    assert "answer 90 % at 99 % precision: confidence at least 0.58" in sentences[0]
    plot = (tmp_path / "plots" / "coverage.svg").read_text()
    assert "<!-- from 0.58 -->" in plot
    assert "<!-- from 0.59 -->" not in plot


def test_nothing_in_the_rows_becomes_markup(made: tuple[Path, overview.Overview]) -> None:
    out, shown = made
    assert "<img src=x" not in shown.html + shown.changes_html
    assert shown.html.count("&lt;img src=x") >= 3
    assert "&lt;img src=x" in shown.changes_html
    assert all("<img src=x" not in path.read_text() for path in (out / "plots").iterdir())


def test_rows_trained_on_are_named_and_kept_apart(made: tuple[Path, overview.Overview]) -> None:
    _, shown = made
    numbers = json.loads(json.dumps(shown.numbers, allow_nan=False))
    assert numbers["measured"] == overview.NEW
    assert (numbers["labelled"], numbers["labelled_trained_on"]) == (400, 31)
    assert numbers["scores"][0]["rows"] == 369
    assert numbers["scores_trained_on"][0]["rows"] == 31
    assert sum(bin["answers"] for bin in numbers["reliability"]) <= 369
    assert "31 rows were TRAINED ON" in shown.html
    assert sum(each["rows"] for each in numbers["against"]["per_entity"]) == 369


def test_exported_thresholds_publish_what_the_goals_say(made: tuple[Path, overview.Overview]) -> None:
    out, shown = made
    of_goal = {(p["name"], p["goal"]): p for p in shown.numbers["promises"]}
    files = sorted((out / "tables").glob("thresholds-*.csv"))
    assert files
    for path in files:
        goal = int(path.stem.split("-")[1]) / 100
        for entity, threshold in read_thresholds(path).items():
            sure = of_goal[entity, goal]["sure_threshold"]
            assert threshold == (math.inf if sure is None else sure)


def test_where_all_was_trained_on_it_says_so_and_exports_no_threshold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        OverviewWriter, "draw", lambda self, name, caption, *_: Figure(f"{name}.svg", caption)
    )
    shown = overview.write_overview(tmp_path, drawn(120).assign(trained=True))
    assert "no number below is a measure of quality" in shown.html
    assert "elsewhere" not in shown.html
    assert shown.numbers["measured"] == overview.TRAINED
    assert not list((tmp_path / "tables").glob("thresholds-*"))
    assert shown.changes_html == ""


def test_without_labels_it_says_how_sure_the_answers_are(tmp_path: Path) -> None:
    rows = drawn(60).assign(outcome="unlabelled", truth="", cause="")
    shown = overview.write_overview(tmp_path, rows)
    assert "No row has a label" in shown.html
    assert shown.numbers["measured"] == "no label"
    assert [path.name for path in (tmp_path / "plots").iterdir()] == ["confidence.svg"]
    first = (tmp_path / "plots" / "confidence.svg").read_bytes()
    overview.write_overview(tmp_path, rows)
    assert (tmp_path / "plots" / "confidence.svg").read_bytes() == first, "the same rows are the same picture"
    empty = overview.write_overview(tmp_path, rows.assign(prediction="", confidence=0.0))
    assert empty.numbers["answered"][0]["answered"] == 0


def test_a_missing_package_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "matplotlib" else find(name)
    )
    with pytest.raises(MissingExtraError, match=r'pip install "\.\[report\]"'):
        overview.write_overview(tmp_path, drawn(20))
