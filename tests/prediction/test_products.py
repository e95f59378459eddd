"""Products with several photos: which photos agree or contradict each other, and what ``predict`` writes."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import hybridml
from hybridml.cli import main
from hybridml.errors import RowsError
from hybridml.prediction.products import COLUMNS, combine, write_products
from tests.helpers.fakes import OPTIONS, write_photo, write_rows
from tests.helpers.lines import line


def combined(*said: tuple[str, float], photos: str = "abcdefgh", entity: str = "item_weight"):
    """Return the one line of a product whose photos say ``said``, with indexes from 10."""
    answers, rows = tables(*said, photos=photos, entity=entity)
    (found,) = combine(answers, rows).itertuples(index=False)
    return found


def tables(*said: tuple[str, float], photos: str = "abcdefgh", entity: str = "item_weight"):
    answers = pd.DataFrame(said, columns=["prediction", "confidence"])
    rows = pd.DataFrame(
        {
            "index": range(10, 10 + len(said)),
            "image_link": [f"{photo}.jpg" for photo in photos[: len(said)]],
            "entity_name": entity,
            "product_id": "P",
        }
    )
    return answers, rows


def test_one_photo_keeps_its_answer_and_confidence() -> None:
    found = combined(("500 gram", 0.7))
    assert (found.prediction, found.confidence, found.rows, found.conflict) == ("500 gram", 0.7, (10,), False)
    assert found.others == ()
    assert combined(("500 gram", 1.0)).confidence == 1.0


def test_photos_agree_in_any_unit() -> None:
    found = combined(("1000 gram", 0.6), ("1 kilogram", 0.7), ("35.3 ounce", 0.5))
    assert found.prediction == "1 kilogram"  # as the surest says it
    assert found.confidence == pytest.approx(1 - 0.4 * 0.3 * 0.5)
    assert found.rows == (10, 11, 12)
    assert not found.conflict


def test_two_photos_outweigh_a_surer_one_and_that_is_a_conflict() -> None:
    found = combined(("900 gram", 0.8), ("500 gram", 0.7), ("500 gram", 0.6))
    assert (found.prediction, found.rows, found.conflict) == ("500 gram", (11, 12), True)
    # 0.88 against 0.8: one right and the other wrong, or both wrong
    ways = (0.88 * 0.2, 0.12 * 0.8, 0.12 * 0.2)
    assert found.confidence == pytest.approx(ways[0] / sum(ways))
    (other,) = found.others
    assert (other.prediction, other.rows) == ("900 gram", (10,))
    assert other.confidence == pytest.approx(ways[1] / sum(ways))


def test_an_unlikely_other_quantity_is_shown_but_no_conflict() -> None:
    found = combined(("5 volt", 0.9), ("12 volt", 0.2), ("9 volt", 0.3), entity="voltage")
    assert (found.prediction, found.conflict) == ("5 volt", False)
    assert [(other.prediction, other.rows) for other in found.others] == [
        ("9 volt", (12,)),
        ("12 volt", (11,)),
    ]
    assert found.confidence + sum(other.confidence for other in found.others) < 1
    assert found.confidence < 0.9


def test_each_photo_counts_once() -> None:
    assert combined(("5 gram", 0.6), ("5 gram", 0.6), photos="aa").confidence == pytest.approx(0.6)
    assert combined(("5 gram", 0.6), ("5 gram", 0.6), photos="ab").confidence == pytest.approx(0.84)


def test_agreement_alone_never_gives_certainty() -> None:
    assert combined(*[("5 gram", 0.9)] * 8).confidence == 0.99
    assert combined(("5 gram", 0.995), ("5 gram", 0.9)).confidence == 0.995


def test_certain_answers_may_contradict_each_other() -> None:
    found = combined(("5 gram", 1.0), ("6 gram", 1.0))
    assert found.confidence == pytest.approx(0.5)
    assert found.conflict


def test_agreement_is_not_transitive() -> None:
    found = combined(("100 gram", 0.9), ("100.9 gram", 0.5), ("101.8 gram", 0.6))
    assert (found.rows, [other.rows for other in found.others]) == ((10, 11), [(12,)])


def test_a_line_per_product_and_entity_in_order() -> None:
    answers = pd.DataFrame(
        [("5 gram", 0.5), ("", 0.0), ("7 gram", 0.5), ("9 gram", 0.9), (None, 0.0)],
        columns=["prediction", "confidence"],
    )
    rows = pd.DataFrame(
        {
            "index": ["x", "y", "z", "u", "v"],
            "image_link": list("abcde"),
            "entity_name": ["item_weight", "width", "item_weight", "item_weight", "item_weight"],
            "product_id": [2.0, 1, 2, None, 1],
        }
    )
    table = combine(answers, rows)
    assert list(table.columns) == list(COLUMNS)
    keys = list(zip(table["product_id"], table["entity_name"], strict=True))
    assert keys == [("2", "item_weight"), ("1", "width"), ("1", "item_weight")]
    assert list(table["prediction"]) == ["5 gram", "", ""]
    assert list(table["rows"]) == [("x",), (), ()]
    none = combine(answers, rows.assign(product_id=""))
    assert (len(none), list(none.columns)) == (0, list(COLUMNS))


def test_refuses_tables_that_do_not_belong_together() -> None:
    answers, rows = tables(("5 gram", 0.5), ("6 gram", 0.5))
    with pytest.raises(RowsError, match="1 answers for 2 rows"):
        combine(answers.head(1), rows)
    with pytest.raises(RowsError, match="the rows have no column 'product_id'"):
        combine(answers, rows.drop(columns="product_id"))
    with pytest.raises(RowsError, match="answer 1 has the index 11, its row 10"):
        combine(answers.assign(index=[11, 10]), rows)
    with pytest.raises(RowsError, match=r"index 11: '6 volt'.*a unit of item_weight \(gram, "):
        combine(answers.assign(prediction=["5 gram", "6 volt"]), rows)
    with pytest.raises(RowsError, match=r"index 10: '5 gram' with confidence 50"):
        combine(answers.assign(confidence=50), rows)


def test_is_written_as_csv(tmp_path: Path) -> None:
    write_products(tmp_path / "p.csv", combine(*tables(("900 gram", 0.8), ("500 gram", 0.9))))
    (cells,) = pd.read_csv(tmp_path / "p.csv", keep_default_na=False, dtype=str).to_dict("records")
    assert json.loads(cells.pop("rows")) == [11]
    assert json.loads(cells.pop("others")) == [{"prediction": "900 gram", "confidence": 0.2857, "rows": [10]}]
    assert cells == {
        "product_id": "P",
        "entity_name": "item_weight",
        "prediction": "500 gram",
        "confidence": "0.6429",
        "conflict": "yes",
    }


# ------------------------------------------------------------------------- predict


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a model, and rows on photos of which some show one product."""
    folder = tmp_path_factory.mktemp("products")
    labelled = write_rows(folder, 60)
    labelled.loc[::9, "entity_value"] = "999.0 gram"  # so that no confidence is certain
    options = {**OPTIONS, "embedding": "none"}
    extractor = hybridml.EntityExtractor(folder / "images", folder / "store", **options, progress=False)
    hybridml.save(extractor.fit(labelled), folder / "model.joblib")
    rows = []
    for index, (product, weight) in enumerate(
        [("A", "500 g"), ("", "70 g"), ("B", "200 g"), (" A ", "0.5 kg"), ("B", "12 oz"), ("A", None)]
    ):
        if weight:
            lines = [line(f"Net weight {weight}", 50, 100), line("Width 30 cm", 500, 100)]
            write_photo(folder / "images" / f"shot{index}.png", lines)
        rows.append((index, f"shot{index}.png", "g", "item_weight", product))
    columns = ["index", "image_link", "group_id", "entity_name", "product_id"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "rows.csv", index=False)
    return folder


def predict(folder: Path, out: Path, *more: str) -> int:
    files = ["--images", f"{folder}/images", "--store", f"{folder}/store", "--workers", "1"]
    model = ["--model", f"{folder}/model.joblib", "--out", str(out)]
    return main(["-q", "predict", *files, *model, *more])


def test_predict_combines_products(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, rows = tmp_path / "a.csv", ["--rows", f"{folder}/rows.csv"]
    assert predict(folder, out, *rows) == 0
    assert "2 products: one answer per entity" in capsys.readouterr().err
    answers = pd.read_csv(out, keep_default_na=False)
    expected = ["500 gram", "70 gram", "200 gram", "0.5 kilogram", "12 ounce", ""]
    assert list(answers.columns) == ["index", "prediction"]
    assert list(answers["prediction"]) == expected
    table = pd.read_csv(f"{out}.products.csv", keep_default_na=False)
    assert list(table["product_id"]) == ["A", "B"]
    assert table["prediction"][0] in ("500 gram", "0.5 kilogram")
    assert json.loads(table["rows"][0]) == [0, 3]
    assert list(table["conflict"]) == ["", "yes"]
    said = {table["prediction"][1], *(other["prediction"] for other in json.loads(table["others"][1]))}
    assert said == {"200 gram", "12 ounce"}

    # the same in the library
    extractor = hybridml.load(folder / "model.joblib").set_params(
        images=folder / "images", store=folder / "store", workers=1, progress=False
    )
    frame = pd.read_csv(folder / "rows.csv")
    found = combine(extractor.predict(frame), frame)
    assert list(found["prediction"]) == list(table["prediction"])
    assert list(found["rows"].map(list)) == list(table["rows"].map(json.loads))

    # products of an earlier run do not stay beside answers of another
    frame.drop(columns="product_id").to_csv(tmp_path / "single.csv", index=False)
    assert predict(folder, out, "--rows", f"{tmp_path}/single.csv") == 0
    assert not Path(f"{out}.products.csv").exists()


def test_predict_answers_in_the_units_asked_for(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.csv"
    truth = pd.read_csv(folder / "rows.csv").assign(
        entity_value=["500 gram", "70 gram", "200 gram", "0.5 kilogram", "12 ounce", "1 gram"]
    )
    truth.to_csv(tmp_path / "truth.csv", index=False)
    asked = ["--rows", f"{tmp_path}/truth.csv", "--truth", f"{tmp_path}/truth.csv", "--truth-is", "mine"]
    assert predict(folder, out, *asked, "--unit", "gram", "--unit", "width=inch") == 0
    printed = capsys.readouterr().out
    assert "(mine; answers as read, before --unit)" in printed
    (scores,) = [line.split() for line in printed.splitlines() if line.startswith("all ")]
    assert scores[:4] == ["all", "6", "0.909", "1.000"]  # 0.5 kilogram and 12 ounce are right as read
    answers = pd.read_csv(out, keep_default_na=False)
    assert list(answers["prediction"]) == ["500 gram", "70 gram", "200 gram", "500 gram", "340 gram", ""]
    details = [json.loads(text) for text in Path(f"{out}.details.jsonl").read_text().splitlines()]
    assert [(d["value"], d["unit"], d["read_value"], d["read_unit"]) for d in details[3:]] == [
        (500.0, "gram", 0.5, "kilogram"),
        (340.0, "gram", 12.0, "ounce"),
        (None, None, None, None),
    ]
    assert details[4]["candidates"] == ["340 gram"]
    table = pd.read_csv(f"{out}.products.csv", keep_default_na=False)
    assert table["prediction"][0] == "500 gram"
    assert {table["prediction"][1], json.loads(table["others"][1])[0]["prediction"]} == {
        "200 gram",
        "340 gram",
    }

    assert predict(folder, tmp_path / "b.csv", *asked, "--unit", "item_weight=litre") == 2
    assert "item_weight has no unit 'litre'; expected one of: gram" in capsys.readouterr().err
    assert not (tmp_path / "b.csv").exists()
