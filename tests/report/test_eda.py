"""Exploration: every table on rows written by hand, and the command on a few photos."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from hybridml.cli import main
from hybridml.datasets.download.status import FAILED, OK, PLACEHOLDER, Journal, Record
from hybridml.datasets.rows import RowFault
from hybridml.entities import default_entities
from hybridml.errors import HybridmlError
from hybridml.report.eda import (
    Exploration,
    counts,
    download_failures,
    explore,
    photo_files,
    reading_failures,
    text,
)
from hybridml.report.eda.label_checks import check_labels, label_oddities
from hybridml.report.eda.page import html_page
from hybridml.report.eda.row_table import read_table, row_table
from hybridml.store.feature_store import FeatureStore
from hybridml.store.schema import failure_record

SCHEMA = default_entities()
EVIL = "<img src=x onerror=alert(1)>.png"

Row = tuple[str, str, str, str]


def rows(*given: Row) -> pd.DataFrame:
    """Return rows of photo, group, entity and label, numbered from 10."""
    frame = pd.DataFrame(list(given), columns=["image_link", "group_id", "entity_name", "entity_value"])
    frame.insert(0, "index", range(10, 10 + len(frame)))
    return frame


def found(*given: Row) -> dict[str, list[int]]:
    """Return the kinds of oddity that occur, each with its rows' indexes."""
    table = row_table(rows(*given), SCHEMA)
    return {n: table.loc[m, "index"].tolist() for n, m in check_labels(table, SCHEMA).items() if m.any()}


@pytest.mark.parametrize(
    ("entity", "label", "kind"),
    [
        ("voltage", "[100.0, 240.0] volt", "range"),
        ("height", "5 foot 3 inch", "two quantities or more"),
        ("width", "about so wide", "cannot be read"),
        ("wattage", "6 candela", "unit outside every list"),
        ("item_weight", "3 volt", "unit of another dimension"),
        ("item_weight", "0.0 gram", "zero"),
        ("item_weight", "-5 gram", "negative"),
    ],
)
def test_an_odd_label_is_found_once_and_a_plain_one_not(entity: str, label: str, kind: str) -> None:
    plain = ("a.jpg", "1", "width", "12.5 centimetre")
    assert found(plain, ("b.jpg", "2", entity, label)) == {kind: [11]}


def test_a_value_decades_from_the_others_is_found() -> None:
    near = [(f"{i}.jpg", str(i), "item_weight", f"{100 + i} gram") for i in range(9)]
    assert found(*near, ("x.jpg", "x", "item_weight", "5000 kilogram")) == {
        "more than 4 decades from the entity's median": [19]
    }


def test_a_label_repeated_in_a_group_needs_five_photos() -> None:
    same = [(f"{i}.jpg", "7", "item_weight", "60.0 gram") for i in range(5)]
    assert found(*same) == {"one label on 5 photos or more of a group": [10, 11, 12, 13, 14]}
    assert found(*same[:4]) == {}
    assert found(*(("a.jpg", *row[1:]) for row in same)) == {}


def test_labels_of_one_photo_contradict_unless_they_mean_the_same() -> None:
    foot, inches = ("a.jpg", "1", "width", "1 foot"), ("a.jpg", "1", "width", "12 inch")
    assert found(foot, inches) == {}
    assert found(foot, ("a.jpg", "1", "width", "12 foot")) == {
        "one photo and entity, different labels": [10, 11]
    }


def test_labels_in_a_unit_that_does_not_fit_contradict_and_repeat_too() -> None:
    contradicts = "one photo and entity, different labels"
    inch = ("a.jpg", "1", "width", "5 inch")
    assert found(inch, ("a.jpg", "1", "width", "5 gram"))[contradicts] == [10, 11]
    assert found(inch, ("a.jpg", "1", "width", "wide"))[contradicts] == [10, 11]
    assert contradicts not in found(("a.jpg", "1", "width", "5 gram"), ("a.jpg", "1", "width", "5.0 gram"))
    assert contradicts not in found(("a.jpg", "1", "width", "-5 inch"), ("a.jpg", "1", "width", "-5.0 inch"))
    assert contradicts not in found(inch, ("a.jpg", "1", "width", ""))
    candela = found(*[(f"{i}.jpg", "1", "wattage", "0 candela") for i in range(5)])
    assert candela["one label on 5 photos or more of a group"] == [10, 11, 12, 13, 14]
    assert candela["zero"] == [10, 11, 12, 13, 14]
    assert "one label on 5 photos or more of a group" not in found(
        *[(f"{i}.jpg", "1", "width", "") for i in range(5)]
    )


def test_equal_sides_are_of_one_photo() -> None:
    width, height = ("a.jpg", "1", "width", "10 centimetre"), ("a.jpg", "1", "height", "100 millimetre")
    assert found(width, height) == {"width, height, depth: two equal on one photo": [10, 11]}
    assert found(width, ("b.jpg", *height[1:])) == {}


def test_a_unit_factor_is_found_and_another_size_is_not() -> None:
    group = [(f"{i}.jpg", "7", "width", f"{10 + i / 100} centimetre") for i in range(8)]
    assert found(*group, ("x.jpg", "7", "width", "10.04 inch")) == {
        "unit factor from the group's median": [18]
    }
    assert found(*group, ("x.jpg", "7", "width", "40 centimetre")) == {}


def test_oddities_name_at_most_five_examples() -> None:
    table = label_oddities(row_table(rows(*[("a.jpg", "1", "width", "??")] * 7), SCHEMA), SCHEMA).set_index(
        "oddity"
    )
    assert table.loc["cannot be read", ["rows", "examples"]].tolist() == [7, "10 11 12 13 14"]


def test_overview_counts_empty_and_missing_labels() -> None:
    frame = rows(
        ("a.jpg", "1", "width", ""), ("a.jpg", "1", "depth", "2 inch"), ("b.jpg", "2", "depth", "1 foot")
    )
    fault = RowFault(2, 10, "entity_name", "unknown")
    counted = counts.overview(row_table(frame, SCHEMA), [fault]).set_index("what")["count"].to_dict()
    assert counted == {
        "rows": 3,
        "photos (distinct)": 2,
        "groups": 2,
        "groups of one row": 1,
        "rows with a label": 2,
        "rows with an empty label": 1,
        "rows without a label column": 0,
        "faults of single rows": 1,
    }
    without = counts.overview(row_table(frame.drop(columns="entity_value"), SCHEMA)).set_index("what")[
        "count"
    ]
    assert without["rows without a label column"] == 3


def test_a_blank_link_is_no_photo_of_its_group() -> None:
    table = row_table(rows(("a.jpg", "1", "width", "5 inch"), ("", "1", "width", "5 inch")), SCHEMA)
    assert counts.top_groups(table).to_numpy().tolist() == [["1", 2, 1]]


def test_units_are_repaired_and_judged_for_their_entity() -> None:
    table = counts.units(
        row_table(rows(("a", "1", "width", "2 centimeter"), ("b", "1", "item_volume", "3 ounce")), SCHEMA),
        SCHEMA,
    )
    assert table.to_numpy().tolist() == [
        ["item_volume", "ounce", "ounce", False, 1],
        ["width", "centimeter", "centimetre", True, 1],
    ]


def test_values_are_in_one_unit() -> None:
    table = counts.values(row_table(rows(("a", "1", "width", "1 metre"), ("b", "1", "width", "200 cm"),
                                     ("c", "1", "width", "1000 millimetre")), SCHEMA), SCHEMA)  # fmt: skip
    assert table.loc[0, ["unit", "n", "least", "most"]].tolist() == ["centimetre", 2, 100.0, 100.0]


def test_a_table_of_labels_needs_no_photos(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv.gz"
    rows(("a.jpg", "1", "width", "1 inch")).drop(columns=["index", "image_link"]).to_csv(path, index=False)
    frame, faults = read_table(path, SCHEMA)
    assert row_table(frame, SCHEMA)[["index", "photo", "base"]].to_numpy().tolist() == [[0, "", 2.54]]
    assert faults == []


def test_photos_that_are_faulty_cost_only_themselves(tmp_path: Path) -> None:
    whole, cut, text, empty = (tmp_path / name for name in ("a.jpg", "cut.jpg", "text.jpg", "empty.jpg"))
    Image.effect_noise((60, 40), 50).save(whole)
    cut.write_bytes(whole.read_bytes()[:-300])
    text.write_text("<html>not found</html>")
    empty.touch()
    paths = {path.name: path for path in (whole, cut, text, empty)} | {"gone.jpg": None}
    photos = photo_files.inspect(paths, {"gone.jpg": "HTTP 404"}).set_index("photo")
    assert photos.loc["a.jpg", ["problem", "width", "height"]].tolist() == ["", 60, 40]
    assert photos["problem"].to_dict() == {
        "a.jpg": "",
        "cut.jpg": "truncated: the JPEG has no end",
        "text.jpg": "no photo in a known format",
        "empty.jpg": "empty file",
        "gone.jpg": "missing: HTTP 404",
    }


def test_duplicates_count_conflicting_labels(tmp_path: Path) -> None:
    names = ("a.png", "b.png", "c.png")
    for name, colour in zip(names, ("red", "red", "blue"), strict=True):
        Image.new("RGB", (8, 8), colour).save(tmp_path / name)
    photos = photo_files.inspect({name: tmp_path / name for name in names})
    table = row_table(rows(*[(name, "1", "width", f"{i + 1} inch") for i, name in enumerate(names)]), SCHEMA)
    same = photo_files.duplicates(photos, table)
    assert same.to_numpy().tolist() == [[2, 2, 1, "a.png b.png"]]
    table = row_table(rows(("a.png", "1", "width", "1 inch"), ("b.png", "1", "width", "2.54 gram")), SCHEMA)
    assert photo_files.duplicates(photos, table)["conflicts"].tolist() == [1]
    table = row_table(rows(("a.png", "1", "width", "1 foot"), ("b.png", "1", "width", "12 inch")), SCHEMA)
    assert photo_files.duplicates(photos, table)["conflicts"].tolist() == [0]


def test_links_that_a_download_could_not_fetch_are_counted_by_cause(tmp_path: Path) -> None:
    assert len(download_failures(tmp_path)) == 0
    journal = Journal(tmp_path, {})
    for name, state, problem in (
        ("a", OK, ""),
        ("b", FAILED, "404"),
        ("c", PLACEHOLDER, "404"),
        ("d", FAILED, "dns"),
    ):
        journal.add(Record(f"https://x.example/{name}.jpg", f"{name}.jpg", state, problem))
    journal.merge()
    assert download_failures(tmp_path).to_numpy().tolist() == [["404", 2], ["dns", 1]]


def test_failures_are_found_in_a_store(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"broken")
    store = FeatureStore(tmp_path / "store")
    key = store.photo_keys({"a.jpg": photo})["a.jpg"]
    store.table("ocr", {"ocr": "some"}).append([failure_record("ocr", key, "cannot be decoded")])
    failures = reading_failures(store, {"a.jpg": photo, "b.jpg": None})
    assert failures.to_numpy().tolist() == [["a.jpg", "ocr", "cannot be decoded"]]


def test_a_missing_folder_or_column_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    frame = rows(("a.jpg", "1", "width", "1 inch"))
    frame.to_csv(path, index=False)
    with pytest.raises(HybridmlError, match="no feature store"):
        explore(path, SCHEMA, store=tmp_path / "none")
    with pytest.raises(HybridmlError, match=r"no folder .*none"):
        explore(path, SCHEMA, images=[tmp_path, tmp_path / "none"])
    frame.drop(columns="image_link").to_csv(path, index=False)
    with pytest.raises(HybridmlError, match="leave out --images"):
        explore(path, SCHEMA, images=tmp_path)
    frame.drop(columns="image_link").head(0).to_csv(path, index=False)
    with pytest.raises(HybridmlError, match="no rows"):
        explore(path, SCHEMA)


def test_files_of_an_earlier_run_go_and_those_of_others_stay(tmp_path: Path) -> None:
    path, out = tmp_path / "rows.csv", tmp_path / "out"
    frame = rows(("a.jpg", "1", "width", "1 inch"), ("a.jpg", "1", "widht", "1 inch"))
    options = ["-q", "explore", "--no-plots", "--rows", str(path), "--out", str(out)]
    out.mkdir()
    (out / "photos.csv").write_text("somebody's")
    frame.to_csv(path, index=False)
    assert main(options) == 0
    assert (out / "row_faults.csv").is_file()
    assert (out / "photos.csv").read_text() == "somebody's"
    frame.head(1).to_csv(path, index=False)
    assert main(options) == 0
    assert not (out / "row_faults.csv").exists()


def test_without_matplotlib_the_command_says_how_to_install_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    rows(("a.jpg", "1", "width", "1 inch")).to_csv(tmp_path / "rows.csv", index=False)
    assert main(["explore", "--rows", f"{tmp_path}/rows.csv", "--out", f"{tmp_path}/out"]) == 2
    assert (
        'pip install ".[explore]" in a checkout of hybridml, or leave them out with --no-plots'
        in capsys.readouterr().err
    )


def test_the_page_escapes_what_it_shows() -> None:
    shown = html_page(EVIL, {"photos": pd.DataFrame({EVIL: [EVIL]})}, [])
    assert "<img" not in shown
    assert shown.count("&lt;img src=x onerror=alert(1)&gt;") == 4


def test_a_cell_cannot_control_the_terminal() -> None:
    shown = text(
        Exploration("rows.csv", pd.DataFrame(), {"entities": pd.DataFrame({"entity": ["\x1b[31mwidth\r"]})})
    )
    assert "\\x1b[31mwidth\\r" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("plots", [True, False])
def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], plots: bool) -> None:
    if plots:
        pytest.importorskip("matplotlib")
    images, out = tmp_path / "images", tmp_path / "out"
    images.mkdir()
    Image.new("RGB", (30, 20)).save(images / EVIL)
    (images / "broken.jpg").write_bytes(b"broken")
    frame = rows((EVIL, "1", "width", "<b>5</b> gram"), ("broken.jpg", "1", "widht", "5 inch"),
                 ("broken.jpg", "1", "width", "5 inch"))  # fmt: skip
    frame.to_csv(tmp_path / "rows.csv", index=False)
    options = ["--rows", f"{tmp_path}/rows.csv", "--images", str(images), "--out", str(out)]
    assert main(["-q", "explore", *options, *([] if plots else ["--no-plots"])]) == 0
    printed = capsys.readouterr().out
    assert "unknown entity 'widht'" in printed
    assert "no photo in a known format" in printed
    assert pd.read_csv(out / "photo_problems.csv")["photo"].tolist() == ["broken.jpg"]
    html = (out / "index.html").read_text(encoding="utf-8")
    assert "<img src=x" not in html
    assert "<b>5" not in html
    assert "&lt;b&gt;5" in html
    pictures = sorted(path.name for path in out.glob("*.png"))
    assert pictures == (["photos.png", "rows.png", "values.png"] if plots else [])
    assert all(f'src="{name}"' in html for name in pictures)
