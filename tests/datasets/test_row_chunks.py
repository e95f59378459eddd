"""Row chunks: the same rows as all at once, and the faults that only all rows together show."""

from __future__ import annotations

import json
import os
import re
import threading
import tracemalloc
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hybridml.cli import features, main
from hybridml.datasets import row_chunks
from hybridml.datasets.csv_file import write_csv
from hybridml.datasets.download.status import COLUMNS, Record
from hybridml.datasets.groups import photo_names
from hybridml.datasets.photos import checked
from hybridml.datasets.row_chunks import RowChunks
from hybridml.errors import RowsError
from hybridml.store.schema import SCHEMAS
from hybridml.store.shards import Shards
from tests.helpers.fakes import write_rows

HEADER = "index,image_link,group_id,entity_name"
ENGINES = ["--ocr", "tests.helpers.fakes:PixelReader", "--stages", "none", "--embedding", "none"]


def written(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "rows.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def together(chunks: RowChunks) -> tuple[pd.DataFrame, list[object], list[int]]:
    given = list(chunks)
    faults = [fault for _, faults in given for fault in faults]
    return (
        pd.concat([frame for frame, _ in given], ignore_index=True),
        faults,
        [len(frame) for frame, _ in given],
    )


@pytest.mark.parametrize("at_once", [1, 2, 3, 100])
def test_chunks_are_the_table(tmp_path: Path, at_once: int) -> None:
    lines = ['7,"https://x.org/a,b.jpg",g,width', " 3 , c.jpg ,g,widht", "", '5,"d\n.jpg",,', "4,,h,voltage"]
    path = written(tmp_path, *lines)
    frame, faults = checked(path)
    chunks = RowChunks(path, at_once=at_once)
    found, of_chunks, sizes = together(chunks)
    pd.testing.assert_frame_equal(found, frame)
    assert of_chunks == faults
    assert max(sizes) <= at_once
    assert (chunks.size, chunks.entities) == (4, ["width", "widht", "", "voltage"])
    assert {fault.line for fault in faults} == {3, 5, 7}


def test_an_index_with_one_name_is_text_in_every_chunk(tmp_path: Path) -> None:
    path = written(tmp_path, "1,a.jpg,g,width", "2,b.jpg,g,nothing", "x3,c.jpg,g,width")
    found, faults, _ = together(RowChunks(path, at_once=1))
    assert found["index"].tolist() == ["1", "2", "x3"]
    assert [fault.index for fault in faults] == ["2"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["1,a.jpg,g,width", "2,b.jpg,g,width", "1,c.jpg,g,width"],
            "line 4, column index: 1 is also in line 2",
        ),
        (["1,a.jpg,g,width", ",b.jpg,g,width"], "line 3, column index: blank"),
        (["1,a/a.jpg,g,width", "2,b/b.jpg,g,width", "3,b/a.jpg,g,width"], "have one base name, a.jpg"),
        (["1,a.jpg,g,width", "2,b.jpg,g", "3,c.jpg,g,width"], "line 3: 3 fields, expected 4"),
        ([], "no rows below the header"),
    ],
)
def test_faults_of_all_rows_together_are_raised_before_the_first_chunk(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    with pytest.raises(RowsError, match=message):
        RowChunks(written(tmp_path, *lines), at_once=1)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(RowsError, match="no column 'group_id'"):
        RowChunks(written(tmp_path, "1,a.jpg,width", header="index,image_link,entity_name"), at_once=1)


def test_links_with_one_base_name_come_together(tmp_path: Path) -> None:
    lines = [
        "1,https://x.org/a.jpg,g,width",
        "2,https://x.org/b.jpg,g,width",
        "3,https://y.org/a.jpg,g,width",
    ]
    assert together(RowChunks(written(tmp_path, *lines), at_once=1))[2] == [3]


def test_links_with_one_base_name_come_in_chunks_if_each_has_a_file(tmp_path: Path) -> None:
    links = ["https://x.org/a.jpg", "https://x.org/b.jpg", "https://y.org/a.jpg"]
    path = written(tmp_path, *(f"{i},{link},g,width" for i, link in enumerate(links)))
    records = [Record(link, f"{i}.jpg", "ok") for i, link in enumerate(links)]
    write_csv(tmp_path / "download.csv", COLUMNS, [astuple(record) for record in records])
    found, _, sizes = together(RowChunks(path, images=tmp_path, at_once=1))
    assert sizes == [1, 1, 1]
    assert photo_names(found) == ["0.jpg", "1.jpg", "2.jpg"]


@pytest.mark.parametrize("second", ["p.jpg", "q.jpg"])
def test_photos_are_known_by_their_files(tmp_path: Path, second: str) -> None:
    lines = ["1,https://x.org/a.jpg,g,width,p.jpg", f"2,https://x.org/b.jpg,g,width,{second}"]
    chunks = RowChunks(written(tmp_path, *lines, header=f"{HEADER},photo_file"), at_once=1)
    assert together(chunks)[2] == ([2] if second == "p.jpg" else [1, 1])


@pytest.mark.parametrize("after", [["1,a.jpg,g,width"], [f"{i},{i}.jpg,g,width" for i in range(5)]])
def test_a_file_that_changes_meanwhile_is_an_error(tmp_path: Path, after: list[str]) -> None:
    chunks = RowChunks(written(tmp_path, "1,a.jpg,g,width", "2,b.jpg,g,width", "3,c.jpg,g,width"), at_once=2)
    written(tmp_path, *after)
    with pytest.raises(RowsError, match="changed while its rows were worked on"):
        list(chunks)


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    text = f"{HEADER}\n1,a.jpg,g,width\n2,b.jpg,g,width\n"
    writer = threading.Thread(target=lambda: pipe.write_text(text), daemon=True)
    writer.start()
    assert together(RowChunks(pipe, at_once=1))[2] == [2]
    writer.join()


def test_memory_is_that_of_a_chunk(tmp_path: Path) -> None:
    def peak(rows: int, read: Callable[[Path], object]) -> int:
        lines = (f"{i},https://example.org/photos/{i:0>60}.jpg,{i},width" for i in range(rows))
        path = written(tmp_path, *lines)
        tracemalloc.start()
        try:
            read(path)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def in_chunks(path: Path) -> None:
        for _ in RowChunks(path, at_once=500):
            pass

    grown = {read: peak(8_000, read) - peak(1_000, read) for read in (in_chunks, checked)}
    assert grown[in_chunks] < grown[checked] / 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with rows of products, photos, and a trained model."""
    folder = tmp_path_factory.mktemp("chunks")
    frame = write_rows(folder, 90, groups=9)
    frame["product_id"] = [f"P{i % 7}" if i % 3 else "" for i in range(len(frame))]
    frame.loc[[4, 20], "entity_name"] = "nonsense"  # also after the row whose photo is none
    (folder / "images" / Path(frame["image_link"][5]).name).write_bytes(b"no photo")
    frame.to_csv(folder / "rows.csv", index=False)
    rows = ["--rows", f"{folder}/rows.csv", *files(folder)]
    assert main(["-q", "train", *rows, *ENGINES, "--model", f"{folder}/model.joblib"]) == 0
    return folder


def files(folder: Path) -> list[str]:
    return ["--images", f"{folder}/images", "--store", f"{folder}/store", "--workers", "1"]


@pytest.mark.parametrize("options", [[], ["--unit", "gram", "--min-confidence", "0.4"]])
def test_what_predict_writes_does_not_depend_on_the_chunks(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
) -> None:
    printed = {}
    for at_once in (7, 1000):
        monkeypatch.setattr(row_chunks, "ROWS_AT_ONCE", at_once)
        out = tmp_path / str(at_once) / "answers.csv"
        rows = ["--rows", f"{folder}/rows.csv", *files(folder), "--model", f"{folder}/model.joblib"]
        truth = ["--truth", f"{folder}/rows.csv"]
        assert main(["predict", *rows, "--out", str(out), *truth, *options]) == 0
        printed[at_once] = capsys.readouterr().out.replace(str(out), "")
    assert printed[7] == printed[1000]
    whole = {path.name: path.read_bytes() for path in (tmp_path / "1000").iterdir()}
    in_chunks = {path.name: path.read_bytes() for path in (tmp_path / "7").iterdir()}
    assert in_chunks == whole
    assert set(whole) == {
        f"answers.csv{end}" for end in ("", ".details.jsonl", ".faults.csv", ".products.csv")
    }
    details = [json.loads(line) for line in whole["answers.csv.details.jsonl"].splitlines()]
    assert np.mean([bool(each["prediction"]) for each in details]) > 0.4
    assert "unknown entity" in details[4]["problem"]


@pytest.mark.parametrize("links_clash", [False, True])
def test_what_features_stores_does_not_depend_on_the_chunks(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    links_clash: bool,
) -> None:
    frame = pd.read_csv(folder / "rows.csv")
    other = pd.concat([frame.tail(25), frame.head(6)]).assign(entity_name="voltage", index=range(31))
    if links_clash:
        other["image_link"] = [f"elsewhere/{Path(link).name}" for link in other["image_link"]]
    other.to_csv(tmp_path / "other.csv", index=False)
    rows = ["--rows", f"{folder}/rows.csv", "--rows", f"{tmp_path}/other.csv", "--images", f"{folder}/images"]
    printed, found = {}, {}
    for at_once in (10, 1000):
        monkeypatch.setattr(features, "ROWS_PER_EXTRACTION", at_once)
        store = tmp_path / str(at_once)
        for turn in ("first", "again"):
            assert main(["features", *rows, "--store", str(store), "--workers", "1", *ENGINES]) == 0
            lines = [line for line in capsys.readouterr().err.splitlines() if " photos: " in line]
            printed[at_once, turn] = [re.sub(r"[\d.]+ s\b.*", "", line) for line in lines]
        records = [
            (kind.name, record)
            for kind in (store / "ocr").iterdir()
            for _, table in Shards(kind, SCHEMAS["ocr"]).tables()
            for record in table.drop_columns(["seconds"]).to_pylist()
        ]
        found[at_once] = sorted(records, key=lambda each: (each[0], each[1]["key"]))
        # those of the entity, and two rows of the broken photo
        assert len(pd.read_csv(store / "faults.csv")) == 4
    expected = ["90 photos: 0 already in the store, 90 processed now, 1 failed; "]
    assert printed[10, "first"] == printed[1000, "first"] == expected
    assert printed[10, "again"] == printed[1000, "again"]
    assert found[10] == found[1000]


def test_features_reads_a_pipe_beside_a_table_once(folder: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    text = (folder / "rows.csv").read_text()
    writer = threading.Thread(target=lambda: pipe.write_text(text), daemon=True)
    writer.start()
    rows = ["--rows", str(pipe), "--rows", f"{folder}/rows.csv", *files(folder)]
    assert main(["-q", "features", *rows, *ENGINES]) == 0
    writer.join()
    faults = pd.read_csv(folder / "store" / "faults.csv")
    assert faults["index"].tolist() == [4, 20, 4, 20, 5, 5]  # as the tables number them
