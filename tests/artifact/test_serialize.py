"""The artifact's format, checksum and versions: what is refused, and what is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import lightgbm
import numpy as np
import pytest

import hybridml
from hybridml.artifact import file, serialize
from hybridml.artifact.file import FORMAT
from hybridml.artifact.plain_joblib import read
from hybridml.candidates.features import VERSION as FEATURES_VERSION
from hybridml.errors import ArtifactError
from hybridml.utils.plain_data import as_plain, checksum
from tests.artifact.golden.make import FOLDER

GOLDEN = FOLDER / f"format{FORMAT}.joblib"


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    return file.read(GOLDEN)


def test_it_is_a_joblib_file(data: dict[str, Any]) -> None:
    assert checksum(joblib.load(GOLDEN)) == checksum(data)


def test_saving_what_was_loaded_changes_nothing(data: dict[str, Any], tmp_path: Path) -> None:
    serialize.save(serialize.load(GOLDEN), tmp_path / "again.joblib")
    assert checksum(file.read(tmp_path / "again.joblib")) == checksum(data)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": FORMAT + 1}, rf"its format is {FORMAT + 1}.* install that version or a later"),
        ({"format": FORMAT - 1}, rf"its format is {FORMAT - 1}.* train again"),
        ({"format": "x"}, "its format is 'x'"),
        ({"versions": {"hybridml": "0.1.0", "lightgbm": "3.3.5"}}, "LightGBM 3.3.5, and .* train again"),
        ({"versions": None}, "lacks, or has otherwise"),
        ({"features_version": 0}, "features were version 0"),
        ({"decision": {"f1": 0.5}}, "lacks, or has otherwise"),
    ],
)
def test_what_does_not_fit_says_what_to_do(
    data: dict[str, Any], tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    path = file.write({**data, **change}, tmp_path / "model.joblib")
    with pytest.raises(ArtifactError, match=rf"(?s)model\.joblib.*{said}"):
        hybridml.load(path)


@pytest.mark.parametrize(
    "change",
    [{"features_version": 0}, {"features_version": FEATURES_VERSION, "columns": ["x.y"]}, {"format": 1}],
)
@pytest.mark.parametrize(
    ("writer", "said"),
    [
        ("0.0.9", "train again, or use hybridml 0.0.9"),
        (hybridml.__version__, "train again, or use the model that comes with this version"),
    ],
)
def test_no_version_is_named_that_is_the_one_at_hand(
    data: dict[str, Any], tmp_path: Path, change: dict[str, Any], writer: str, said: str
) -> None:
    changed = {**data, **change, "versions": {**data["versions"], "hybridml": writer}}
    path = file.write(changed, tmp_path / "model.joblib")
    with pytest.raises(ArtifactError, match=rf"(?s){said}$"):
        hybridml.load(path)


def test_another_minor_version_of_lightgbm_loads(data: dict[str, Any], tmp_path: Path) -> None:
    other = lightgbm.__version__.split(".")[0] + ".999.0"
    changed = {**data, "versions": {**data["versions"], "lightgbm": other}}
    loaded = hybridml.load(file.write(changed, tmp_path / "model.joblib"))
    assert loaded.model_.versions["lightgbm"] == other


@pytest.mark.parametrize(
    "change",
    [
        {"source": False},
        {"training": {"f1_out_of_fold": 0.99}},
        {"checksum": "0" * 64},
        {"checksum": None},
        {"extra": 1},
    ],
)
def test_a_change_without_its_checksum_is_found(
    data: dict[str, Any], tmp_path: Path, change: dict[str, Any]
) -> None:
    joblib.dump({**data, **change}, tmp_path / "model.joblib", compress=3)
    with pytest.raises(ArtifactError, match="do not have the checksum"):
        hybridml.load(tmp_path / "model.joblib")


@pytest.mark.parametrize(
    ("where", "change", "said"),
    [
        ("ocr", {"name": "os:system", "options": {"command": "touch {ran}"}}, "names 'os:system'"),
        ("embedder", {"name": "subprocess:Popen", "options": {"args": "x"}}, "names 'subprocess:Popen'"),
        (
            "ocr",
            {"name": "joblib:load", "options": {"filename": "x"}},
            r"a class with read\(\) and settings",
        ),
        ("embedder", {"name": "tests.helpers.fakes:PixelReader"}, r"a class with embed\(\) and settings"),
        ("ocr", {"kind": "second_pass", "options": {"engine": "os:system"}}, "names 'os:system'"),
    ],
)
def test_a_part_that_is_none_is_never_called(
    data: dict[str, Any], tmp_path: Path, where: str, change: dict[str, Any], said: str
) -> None:
    options = {k: v.format(ran=tmp_path / "ran") for k, v in change.get("options", {}).items()}
    stage = {**data[where], **change, "options": options}
    path = file.write({**data, where: stage}, tmp_path / "model.joblib")
    with pytest.raises(ArtifactError, match=said):
        hybridml.load(path)
    assert not (tmp_path / "ran").exists()


def test_a_block_of_the_standard_library_is_refused(data: dict[str, Any], tmp_path: Path) -> None:
    changed = {**data, "settings": {**data["settings"], "blocks": ("form", "os:abort")}}
    with pytest.raises(ArtifactError, match="names 'os:abort'"):
        hybridml.load(file.write(changed, tmp_path / "model.joblib"))


def test_a_part_of_ones_own_is_let_pass_and_missed_only_when_needed(
    data: dict[str, Any], tmp_path: Path
) -> None:
    for name in ("tests.helpers.fakes:PixelReader", "not_installed_here:OCREngine"):
        changed = {**data, "ocr": {**data["ocr"], "name": name}}
        loaded = hybridml.load(file.write(changed, tmp_path / "model.joblib"))
        assert loaded.ocr_.name == name


# ---------------------------------------------------------------- plain data


def test_plain_data_come_back_as_they_were(tmp_path: Path) -> None:
    value = {
        "numbers": [0, -1, 255, 256, 65536, -(2**40), 2**64 - 1, 0.1, -0.0, float("inf"), None, True, False],
        "texts": ("", "ä µ \n", "x" * 70_000, "\ud800"),
        "nested": {"a": {"b": [(), [], {}]}, 7: "seven", None: 0},
        "arrays": [
            np.arange(6, dtype=np.float32).reshape(2, 3),
            np.asfortranarray(np.arange(6.0).reshape(2, 3)),
            np.arange(3, dtype=">u8"),
            np.zeros((0, 4)),
            np.array(7),
            np.array([True, False]),
            np.array(["ab", "ü"]),
            np.array([b"ab", b"c"]),
        ],
    }
    for compress in (0, 3):
        joblib.dump(as_plain(value), tmp_path / "v.joblib", compress=compress)
        found = read(tmp_path / "v.joblib")
        assert checksum(found) == checksum(value)
        assert found["numbers"] == value["numbers"]
        assert all(array.flags.writeable and array.dtype.isnative for array in found["arrays"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        ("1", 1),
        (0.0, -0.0),
        ([1], (1,)),
        ([[1], 2], [[1, 2]]),
        (["a", "b"], ["ab"]),
        ({"a": {}}, {"a": None}),
        (np.zeros(4), np.zeros((2, 2))),
        (np.zeros(2), np.zeros(2, np.float32)),
        (np.zeros(2), np.zeros(2, np.int64)),
    ],
)
def test_a_checksum_tells_apart(one: object, other: object) -> None:
    assert checksum(one) != checksum(other)


def test_what_is_not_plain_is_named_when_it_is_saved(tmp_path: Path) -> None:
    extractor = serialize.load(GOLDEN)
    extractor.ocr_.options["engine"] = object()  # type: ignore[index]
    with pytest.raises(ArtifactError, match=r"reader\.options\.engine is a object"):
        serialize.save(extractor, tmp_path / "model.joblib")
    assert not list(tmp_path.iterdir())


def test_paths_and_numpys_numbers_are_made_plain() -> None:
    assert as_plain({"p": Path("a/b"), "n": np.float32(0.5), "t": np.str_("x")}) == {
        "p": "a/b",
        "n": 0.5,
        "t": "x",
    }
    with pytest.raises(ArtifactError, match="array of object"):
        as_plain({"a": np.array([None])})
