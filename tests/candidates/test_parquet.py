"""The candidate file: the same answers from it alone as from the store, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

import hybridml
from hybridml import EntityExtractor
from hybridml.artifact import serialize
from hybridml.candidates import parquet
from hybridml.cli import main
from hybridml.errors import ArtifactError, HybridmlError, StoreError
from hybridml.prediction.from_candidates import NO_CANDIDATES_OF_ROW, differences
from hybridml.ranking import model
from tests.helpers.fakes import OPTIONS, write_photo, write_rows
from tests.helpers.lines import line

COLUMNS = ["index", "image_link", "group_id", "entity_name", "product_id"]
HEAVY = ("torch", "onnxruntime", "rapidocr", "cv2", "PIL", "tests.helpers.fakes")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with photos, a model, all sorts of rows, and their candidates."""
    folder = tmp_path_factory.mktemp("candidates")
    train = write_rows(folder, 32)
    extractor = fitted(folder, train)
    serialize.save(extractor, folder / "model.joblib")
    train.to_csv(folder / "train.csv", index=False)
    write_rows(folder, 12, seed=1)
    write_photo(folder / "images" / "bare.png", [line("nothing to see", 50, 50)])
    requested = [
        *((f"photo1_{i}.png", entity) for i in (5, 3, 7, 0, 11) for entity in ("height", "item_weight")),
        ("photo1_5.png", "width"),
        ("photo1_5.png", "height"),  # a second time
        ("bare.png", "voltage"),
        ("gone.png", "width"),
        ("photo1_2.png", "widht"),
        ("photo1_4.png", "depth"),
        ("photo1_6.png", "item_volume"),
    ]
    rows = [
        (100 - i, f"https://shop.example/{photo}", f"1-{photo}", entity, f"P{i % 3}")
        for i, (photo, entity) in enumerate(requested)
    ]
    pd.DataFrame(rows, columns=COLUMNS).to_csv(folder / "rows.csv", index=False)
    assert run(folder, "candidates", *source(folder), "--out", folder / "candidates.parquet") == 0
    return folder


def fitted(folder: Path, rows: pd.DataFrame, **options: Any) -> EntityExtractor:
    extractor = EntityExtractor(
        images=folder / "images", store=folder / "store", **{**OPTIONS, "progress": False, **options}
    )
    return extractor.fit(rows)


def run(folder: Path, command: str, *arguments: object) -> int:
    return main(["-q", command, "--model", str(folder / "model.joblib"), *map(str, arguments)])


def source(folder: Path) -> tuple[object, ...]:
    rows, images, store = folder / "rows.csv", folder / "images", folder / "store"
    return ("--rows", rows, "--images", images, "--store", store, "--workers", 1)


def written(path: Path) -> dict[str, bytes]:
    """Return the bytes of the files that ``predict`` wrote, by the end of the file's name."""
    return {
        file.name.removeprefix(path.name): file.read_bytes() for file in path.parent.glob(f"{path.name}*")
    }


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--min-confidence", 0.6),
        ("--precision", 0.7),
        ("--unit", "kilogram", "--unit", "height=inch"),
        ("--no-details",),
    ],
    ids=lambda options: " ".join(map(str, options)) or "plain",
)
def test_the_file_gives_what_the_store_gives_to_the_byte(
    folder: Path, tmp_path: Path, options: tuple[object, ...]
) -> None:
    (tmp_path / "table.csv.details.jsonl").write_text("of an earlier run")
    assert run(folder, "predict", *source(folder), *options, "--out", tmp_path / "store.csv") == 0
    table = ("--candidates", folder / "candidates.parquet")
    assert run(folder, "predict", *table, *options, "--out", tmp_path / "table.csv") == 0
    store, made = written(tmp_path / "store.csv"), written(tmp_path / "table.csv")
    faults = [pd.read_csv(tmp_path / f"{name}.csv.faults.csv") for name in ("store", "table")]
    assert sorted(faults[0]["index"]) == sorted(faults[1]["index"]) == [86, 87]
    del store[".faults.csv"], made[".faults.csv"]  # one names a line of the rows' file
    assert store == made
    assert (".details.jsonl" in made) == ("--no-details" not in options)
    assert len(made[""].splitlines()) == 18


def test_the_f1_of_labels_is_the_same(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labelled = folder / "train.csv"
    out = tmp_path / "out.csv"
    sources = ("--rows", labelled, *source(folder)[2:])
    assert run(folder, "candidates", *sources, "--out", tmp_path / "train.parquet") == 0
    capsys.readouterr()
    printed = []
    for given in (sources, ("--candidates", tmp_path / "train.parquet")):
        assert run(folder, "predict", *given, "--truth", labelled, "--out", out) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "F1" in printed[0]


def test_rows_in_another_order_and_rows_that_the_file_lacks(folder: Path, tmp_path: Path) -> None:
    rows = pd.read_csv(folder / "rows.csv")
    some = pd.concat([rows.iloc[[10, 2, 15, 0]], rows.iloc[[0]].assign(entity_name="voltage", index=1)])
    some = some.assign(index=range(len(some)))
    extractor = hybridml.load(folder / "model.joblib")
    found = extractor.predict_candidates(folder / "candidates.parquet", some)
    extractor.set_params(images=folder / "images", store=folder / "store", workers=1)
    expected = extractor.predict(some)
    assert list(found["problem"][:-1]) == list(expected["problem"][:-1])
    assert found["problem"].iloc[-1] == NO_CANDIDATES_OF_ROW
    pd.testing.assert_frame_equal(found.drop(columns="problem"), expected.drop(columns="problem"))
    for at in range(3):  # one row alone: the same last digit
        alone = extractor.predict_candidates(folder / "candidates.parquet", some.iloc[[at]])
        assert alone["confidence"].iloc[0] == found["confidence"].iloc[at]


def test_answers_do_not_depend_on_the_size_of_row_groups(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = hybridml.load(folder / "model.joblib").predict_candidates(folder / "candidates.parquet")
    monkeypatch.setattr(parquet, "LINES_A_GROUP", 10)
    monkeypatch.setattr(model, "PHOTOS_PER_TABLE", 2)
    path = tmp_path / "small.parquet"
    assert run(folder, "candidates", *source(folder), "--out", path) == 0
    assert pq.ParquetFile(path).num_row_groups > 2
    extractor = hybridml.load(folder / "model.joblib")
    pd.testing.assert_frame_equal(extractor.predict_candidates(path), whole)


def test_a_model_trained_anew_answers_from_the_same_file(folder: Path) -> None:
    labels = pd.read_csv(folder / "train.csv", dtype=str)
    anew = fitted(folder, labels, components=0, embedding="none", random_state=3)
    plain = fitted(folder, labels.head(20), components=0, embedding="none", ranker={"n_estimators": 9})
    path = folder / "plain.parquet"
    assert plain.write_candidates(folder / "rows.csv", path) == 14
    pd.testing.assert_frame_equal(anew.predict_candidates(path), anew.predict(folder / "rows.csv"))


def test_another_description_is_refused_by_name(folder: Path) -> None:
    other = fitted(folder, pd.read_csv(folder / "train.csv", dtype=str), blocks=("form", "keywords"))
    with pytest.raises(
        ArtifactError, match=r"features\.blocks: .* there, \['form', 'keywords'\] in the model"
    ):
        other.predict_candidates(folder / "candidates.parquet")
    extractor = hybridml.load(folder / "model.joblib")
    extractor.stages_.ocr.settings["version"] = 2  # type: ignore[index]
    with pytest.raises(ArtifactError, match=r"stages\.ocr\.settings\.version: 1 there, 2 in the model"):
        extractor.predict_candidates(folder / "candidates.parquet")


def test_versions_of_libraries_may_differ() -> None:
    then: dict[str, Any] = {"ocr": {"settings": {"side": 1, "onnxruntime": "1.31", "after": "ab"}}}
    now: dict[str, Any] = {"ocr": {"settings": {"side": 1, "onnxruntime": "1.32", "after": "cd"}}}
    assert differences(then, now) == []
    assert differences({"entities": {"after": 1}}, {"entities": {"after": 2}})
    assert differences(then, {**now, "joint": True}) == ["joint: nothing there, True in the model"]


def test_a_damaged_file_and_one_without_candidates_are_named(folder: Path, tmp_path: Path) -> None:
    extractor = hybridml.load(folder / "model.joblib")
    whole = (folder / "candidates.parquet").read_bytes()
    path, middle = tmp_path / "broken.parquet", len(whole) // 3
    flipped = bytes(b ^ 255 for b in whole[middle : middle + 64])
    for damaged in (whole[: len(whole) // 2], whole[:middle] + flipped + whole[middle + 64 :]):
        path.write_bytes(damaged)
        with pytest.raises(StoreError, match=r"broken\.parquet cannot be read, or is damaged"):
            extractor.predict_candidates(path)
    pq.write_table(pq.read_table(folder / "candidates.parquet").slice(5), path)
    with pytest.raises(StoreError, match=r"broken\.parquet lacks rows: write it again"):
        extractor.predict_candidates(path)
    pd.DataFrame({"a": [1]}).to_parquet(path)
    with pytest.raises(StoreError, match="holds no candidates; expected a file that 'hybridml candidates'"):
        extractor.predict_candidates(path)
    with pytest.raises(StoreError, match="write them with 'hybridml candidates --out"):
        extractor.predict_candidates(tmp_path / "none.parquet")


def test_a_run_that_fails_leaves_the_file_as_it_was(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "candidates.parquet"
    path.write_bytes(b"of an earlier run")

    def fail(*_: object) -> None:
        raise HybridmlError("no such luck")

    monkeypatch.setattr(parquet.CandidateWriter, "add", fail)
    assert run(folder, "candidates", *source(folder), "--out", path) == 2
    assert path.read_bytes() == b"of an earlier run"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "give --rows, or --candidates"),
        (
            ("--candidates", "c.parquet", "--images", "photos", "--partial"),
            "leave out --images and --partial",
        ),
    ],
)
def test_contradictory_options_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], message: str
) -> None:
    assert run(folder, "predict", *options) == 2
    assert message in capsys.readouterr().err


def test_answering_loads_neither_engines_nor_photos(folder: Path, tmp_path: Path) -> None:
    arguments = ["-q", "predict", "--model", str(folder / "model.joblib"), "--out", str(tmp_path / "out.csv")]
    arguments += ["--candidates", str(folder / "candidates.parquet")]
    code = (
        "import sys, json; sys.modules['tests'] = None;"  # the OCR engine is not there
        "from hybridml.cli import main;"
        f"print(json.dumps([main({arguments!r}), [m for m in {HEAVY} if m in sys.modules]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [0, []]
    # nothing else is written: no store appears in the working directory
    ends = ("", ".details.jsonl", ".faults.csv", ".products.csv")
    assert {path.name for path in tmp_path.iterdir()} == {f"out.csv{end}" for end in ends}
