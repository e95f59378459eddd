"""Rows and downloaded files: which file belongs to which link, and what counts as a photo."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from hybridml import EntityExtractor
from hybridml.cli import main
from hybridml.datasets.download import status
from hybridml.datasets.download.placeholder import placeholder
from hybridml.datasets.download.status import Journal, Record
from hybridml.datasets.groups import hold_out, linked_groups, photo_names
from hybridml.datasets.photos import checked, located, named, photo_paths
from hybridml.errors import RowsError
from tests.helpers.fakes import OPTIONS, write_photo, write_rows
from tests.helpers.lines import line
from tests.helpers.server import photo

X, Y, Z = "https://x.org/a.png", "https://y.org/a.png", "https://z.org/a.png"


def table(links: Sequence[str | None]) -> pd.DataFrame:
    columns = {"index": range(len(links)), "image_link": links, "group_id": "", "entity_name": "item_weight"}
    return pd.DataFrame(columns)


def downloaded(folder: Path, **file_of: str) -> Path:
    """Write a status table that maps X, Y and Z to files, and those files."""
    folder.mkdir(exist_ok=True)
    links = {"x": X, "y": Y, "z": Z}
    records = {links[n]: Record(links[n], file, "ok", http_status=200) for n, file in file_of.items()}
    Journal(folder, records).merge()
    for file in file_of.values():
        (folder / file).write_bytes(photo(file))
    return folder


def failed(folder: Path, link: str, file: str, state: str = "failed") -> None:
    records = status.read(folder) | {link: Record(link, file, state, "HTTP 404 Not Found", 404)}
    Journal(folder, records).merge()


# ------------------------------------------------------------------------------- names


def test_without_a_status_table_rows_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(photo("a"))
    frame, _ = checked(table([X, "b.png", ""]), images=tmp_path)
    assert "photo_file" not in frame.columns
    assert located(frame, tmp_path).paths == {"a.png": tmp_path / "a.png", "b.png": None}
    assert located(frame, tmp_path).causes == {}


def test_links_that_share_a_name_have_their_own_photos(tmp_path: Path) -> None:
    folder = downloaded(tmp_path, x="a.png", y="a-1.png")
    frame, _ = checked(table([X, Y, X, "b.png"]), images=folder)
    assert photo_names(frame) == ["a.png", "a-1.png", "a.png", "b.png"]
    assert linked_groups(frame).tolist() == [0, 1, 0, 2]
    assert photo_paths(frame, folder) == {
        "a.png": folder / "a.png",
        "a-1.png": folder / "a-1.png",
        "b.png": None,
    }
    assert named(frame, folder).equals(frame)
    assert checked(frame)[0].equals(frame)


def test_two_links_to_one_file_are_one_photo(tmp_path: Path) -> None:
    folder = downloaded(tmp_path, x="a-1.png", y="a-1.png", z="a.png")
    frame, _ = checked(table([X, Y, Z]), images=folder)
    assert linked_groups(frame).tolist() == [0, 0, 1]
    train, test = hold_out(frame, 0.4)
    assert not set(photo_names(train)) & set(photo_names(test))
    # all three under the base name
    folder = downloaded(tmp_path, x="a.png", y="a.png")
    frame, _ = checked(table([X, Y]), images=folder)
    assert photo_paths(frame, folder) == {"a.png": folder / "a.png"}


def test_links_that_share_a_name_are_an_error_without_a_status_table(tmp_path: Path) -> None:
    frame, _ = checked(table([X, Y]), images=tmp_path)
    with pytest.raises(RowsError, match="hybridml download") as caught:
        located(frame, tmp_path)
    assert X in str(caught.value)
    assert Y in str(caught.value)
    folder = downloaded(tmp_path, x="a.png")
    with pytest.raises(RowsError, match="one base name"):
        located(checked(frame, images=folder)[0], folder)
    # until then they count as one photo, so that parts share none
    assert linked_groups(frame).tolist() == [0, 0]


def test_a_single_row_gets_its_own_photo(tmp_path: Path) -> None:
    folder = downloaded(tmp_path, x="a.png", y="a-1.png")
    assert located(table([Y]), folder).paths == {"a.png": folder / "a-1.png"}
    found = located(table([Z]), folder)
    assert found.paths == {"a.png": None}
    assert found.causes == {"a.png": f"not downloaded: a.png in {folder} is the photo of {X}"}
    # a path says where a photo lies, whoever fetched it
    assert located(table(["photos/a.png"]), folder).paths == {"a.png": folder / "a.png"}


def test_the_first_folder_with_the_photo_counts(tmp_path: Path) -> None:
    one, two = downloaded(tmp_path / "one", x="a.png"), downloaded(tmp_path / "two", y="a.png", z="a-3.png")
    failed(one, Y, "a-2.png")
    frame, _ = checked(table([X, Y, Z]), images=[one, two])
    assert photo_names(frame) == ["a.png", "a-2.png", "a-3.png"]
    found = located(frame, [one, two])
    assert found.paths == {"a.png": one / "a.png", "a-2.png": two / "a.png", "a-3.png": two / "a-3.png"}
    assert found.causes == {}


def test_file_names_in_rows_cannot_leave_the_folder() -> None:
    frame = table([X, Y]).assign(photo_file=["../secret.png", "b.png"])
    assert photo_names(frame) == ["secret.png", "b.png"]


# ------------------------------------------------------------- failed and placeholders


def test_a_failed_photo_has_a_cause(tmp_path: Path) -> None:
    folder = downloaded(tmp_path, x="a.png")
    failed(folder, "https://x.org/b.png", "b.png")
    failed(folder, "https://x.org/c.png", "c.png", "placeholder")
    (folder / "c.png").write_bytes(placeholder("c.png"))
    (folder / "d.png").write_bytes(placeholder("d.png"))
    frame = table([X, "https://x.org/b.png", "https://x.org/c.png", "https://x.org/d.png", "e.png"])
    found = located(frame, folder)
    assert {name for name, path in found.paths.items() if path} == {"a.png"}
    assert found.causes == {
        "b.png": "the download failed: HTTP 404 Not Found",
        "c.png": "placeholder: HTTP 404 Not Found",
        "d.png": "placeholder of a download that failed",
    }
    # a photo put in its place by hand is one
    (folder / "b.png").write_bytes(photo("b"))
    assert located(frame, folder).paths["b.png"] == folder / "b.png"


def test_features_does_not_read_placeholders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "images"
    write_photo(folder / "a.png", [line("Net weight 5 g", 50, 50)])
    links = [X, "https://x.org/b.png", "https://x.org/c.png"]
    for link, state in zip(links[1:], ("failed", "placeholder"), strict=True):
        failed(folder, link, link[-5:], state)
    (folder / "c.png").write_bytes(placeholder("c.png"))
    rows, store = tmp_path / "rows.csv", tmp_path / "store"
    table(links).to_csv(rows, index=False)
    stages = [
        "--ocr",
        "tests.helpers.fakes:PixelReader",
        "--embedding",
        "none",
        "--stages",
        "none",
        "--workers",
        "1",
    ]
    files = ["--rows", str(rows), "--images", str(folder), "--store", str(store)]
    assert main(["-q", "features", *files, *stages]) == 0
    faults = pd.read_csv(store / "faults.csv").set_index("index")["problem"].to_dict()
    assert faults == {1: "the download failed: HTTP 404 Not Found", 2: "placeholder: HTTP 404 Not Found"}
    capsys.readouterr()
    assert main(["features", *files, *stages, "--status"]) == 0
    printed = capsys.readouterr().out
    assert "2 causes of photos that are not there" in printed
    assert "1 x the download failed: HTTP 404 Not Found" in printed
    assert main(["features", *files, *stages, "--status", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["no_photo"] == {"b.png": faults[1], "c.png": faults[2]}


def test_rows_that_share_a_name_are_answered_from_their_own_photos(tmp_path: Path) -> None:
    frame = write_rows(tmp_path, 60)
    images = tmp_path / "images"
    for link, file, weight in ((X, "a.png", 111), (Y, "a-1.png", 222)):
        write_photo(images / file, [line(f"Net weight {weight} g", 50, 50)])
        Journal(images, status.read(images) | {link: Record(link, file, "ok")}).merge()
    extractor = EntityExtractor(
        images=str(images), store=str(tmp_path / "store"), progress=False, **OPTIONS
    ).fit(frame)
    answers = extractor.predict(table([Y, X, Y]))
    assert answers["prediction"].tolist() == ["222 gram", "111 gram", "222 gram"]
    with pytest.raises(RowsError, match="one base name"):
        extractor.predict(table([X, Z]))


def test_the_commands_use_the_status_table(tmp_path: Path) -> None:
    images, rows, out = tmp_path / "images", tmp_path / "rows.csv", tmp_path / "out.csv"
    frame = write_rows(tmp_path, 80)
    alike = table([X, Y, Z]).assign(index=range(900, 903), group_id=["x", "y", "z"], entity_value="111 gram")
    for n, link in enumerate((X, Y)):
        write_photo(images / f"a-{n}.png", [line(f"Net weight {n + 1}11 g", 50, 50)])
        Journal(images, status.read(images) | {link: Record(link, f"a-{n}.png", "ok")}).merge()
    failed(images, Z, "a-2.png")
    pd.concat([frame, alike]).to_csv(rows, index=False)
    stages = ["--ocr", "tests.helpers.fakes:PixelReader", "--embedding", "none", "--stages", "none"]
    files = ["--images", str(images), "--store", str(tmp_path / "store"), "--workers", "1"]
    model = ["--model", str(tmp_path / "model.joblib")]
    assert main(["-q", "split", "--rows", str(rows), "--images", str(images), "--out", str(tmp_path)]) == 0
    assert main(["-q", "train", "--rows", str(rows), *files, *stages, *model]) == 0
    for partial in ([], ["--partial"]):
        assert main(["-q", "predict", "--rows", str(rows), *files, *model, "--out", str(out), *partial]) == 0
        answers = pd.read_csv(out, index_col="index", keep_default_na=False)["prediction"]
        assert answers.loc[900:901].tolist() == ["111 gram", "211 gram"]
        faults = pd.read_csv(f"{out}.faults.csv").set_index("index")["problem"].to_dict()
        assert faults == {902: "the download failed: HTTP 404 Not Found"}
