"""Saving and loading: format, checksum and versions of an artifact, and what is refused with which words."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import joblib
import lightgbm
import numpy as np
import pytest

import hybridml
from hybridml.artifact import file, serialize
from hybridml.artifact.file import FORMAT
from hybridml.candidates.features import VERSION as FEATURES_VERSION
from hybridml.errors import ArtifactError, MissingExtraError
from hybridml.utils.plain_data import checksum, dumps, loads
from hybridml.vision.stages import ocr_stage
from tests.artifact.golden.make import FOLDER
from tests.helpers.fakes import PixelReader

GOLDEN = FOLDER / f"format{FORMAT}.joblib"
CHECKSUM = "63153c4aff937c49ca0f14244f0d4e7a35f7fa96ca0b4d9fc111d518fa146961"


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    return file.read(GOLDEN)


def test_joblib_opens_it_too(data: dict[str, Any]) -> None:
    opened = joblib.load(GOLDEN)
    assert opened["ranker"] == data["ranker"]
    assert (
        np.load(io.BytesIO(opened["embedding_pca"]["mean"])).tolist()
        == data["embedding_pca"]["mean"].tolist()
    )


def test_saving_what_was_loaded_changes_nothing(data: dict[str, Any], tmp_path: Path) -> None:
    serialize.save(serialize.load(GOLDEN), tmp_path / "again.joblib")
    assert checksum(file.read(tmp_path / "again.joblib")) == checksum(data)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": FORMAT + 1}, rf"its format is {FORMAT + 1}, and .* reads format {FORMAT}: train again"),
        ({"format": FORMAT - 1}, rf"its format is {FORMAT - 1}, and .* reads format {FORMAT}: train again"),
        ({"format": "x"}, "its format is x"),
        ({"format": float(FORMAT)}, rf"its format is {FORMAT}\.0"),
        ({"format": np.array([FORMAT, FORMAT])}, "its format is"),
        ({"versions": {"hybridml": "0.1.0", "lightgbm": "3.3.5"}}, "LightGBM 3.3.5, and .* train again"),
        ({"versions": None}, "lacks, or has in another form"),
        ({"features_version": 0}, "features were version 0"),
        ({"calibrator": {"f1": 0.5}}, "lacks, or has in another form"),
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
        ("0.0.9", "train again, or pip install hybridml==0.0.9, which wrote it"),
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
        {"weak": False},
        {"training": {"f1_out_of_fold": 0.99}},
        {"checksum": "0" * 64},
        {"checksum": None},
        {"extra": 1},
    ],
)
def test_a_change_without_its_checksum_is_found(
    data: dict[str, Any], tmp_path: Path, change: dict[str, Any]
) -> None:
    (tmp_path / "model.joblib").write_bytes(zlib.compress(dumps({**data, **change})))
    with pytest.raises(ArtifactError, match="do not have the checksum"):
        hybridml.load(tmp_path / "model.joblib")


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("ocr", {"name": "os:system", "options": {"command": "touch {ran}"}}, "names 'os:system'"),
        ("embedding", {"name": "subprocess:Popen", "options": {"args": "x"}}, "names 'subprocess:Popen'"),
        (
            "ocr",
            {"name": "joblib:load", "options": {"filename": "x"}},
            r"a class with read\(\) and settings",
        ),
        ("embedding", {"name": "tests.helpers.fakes:PixelReader"}, r"a class with embed\(\) and settings"),
        ("further", {"options": {"engine": "os:system"}}, "names 'os:system'"),
    ],
)
def test_a_name_that_is_no_plugin_is_never_called(
    data: dict[str, Any], tmp_path: Path, kind: str, change: dict[str, Any], said: str
) -> None:
    options = {k: v.format(ran=tmp_path / "ran") for k, v in change.get("options", {}).items()}
    path = file.write(_with_stage(data, kind, {**change, "options": options}), tmp_path / "model.joblib")
    with pytest.raises(ArtifactError, match=rf"model\.joblib: it .*{said}"):
        hybridml.load(path)
    assert not (tmp_path / "ran").exists()


def _with_stage(data: dict[str, Any], kind: str, change: dict[str, Any]) -> dict[str, Any]:
    """Return the data of an artifact in which one vision stage is another."""
    stage = data["stages"][kind]
    other = [{**stage[0], **change}] if kind == "further" else {**stage, **change}
    return {**data, "stages": {**data["stages"], kind: other}}


def test_a_block_of_the_standard_library_is_refused(data: dict[str, Any], tmp_path: Path) -> None:
    changed = {**data, "settings": {**data["settings"], "blocks": ("form", "os:abort")}}
    with pytest.raises(ArtifactError, match="names 'os:abort'"):
        hybridml.load(file.write(changed, tmp_path / "model.joblib"))


def test_a_plugin_is_missed_only_when_it_is_needed(data: dict[str, Any], tmp_path: Path) -> None:
    for name in ("tests.helpers.fakes:PixelReader", "not_installed_here:OCREngine"):
        path = file.write(_with_stage(data, "ocr", {"name": name}), tmp_path / "model.joblib")
        assert hybridml.load(path).stages_.ocr.name == name


class TupleReader(PixelReader):
    """An OCR engine with a tuple among its settings."""

    def __init__(self, size: Sequence[int] = (3, 4)) -> None:
        super().__init__()
        self.size = size

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "size": tuple(self.size)}


def test_tuples_in_the_settings_of_a_plugin_are_no_difference(data: dict[str, Any], tmp_path: Path) -> None:
    stage = ocr_stage(f"{__name__}:TupleReader", {"size": (1, 2)})
    path = file.write(_with_stage(data, "ocr", asdict(stage)), tmp_path / "model.joblib")
    assert hybridml.load(path).stages_.ocr.create().size == [1, 2]
    assert stage.create().size == (1, 2)


def test_a_missing_block_is_named(data: dict[str, Any], tmp_path: Path) -> None:
    changed = {**data, "settings": {**data["settings"], "blocks": ["form", "not_installed_here:block"]}}
    with pytest.raises(MissingExtraError, match="cannot import 'not_installed_here'"):
        hybridml.load(file.write(changed, tmp_path / "model.joblib"))


# ---------------------------------------------------------------- plain data


def test_plain_data_come_back_as_they_were() -> None:
    value = {
        "numbers": [0, -1, 255, 256, 65536, -(2**40), 2**64 - 1, 0.1, -0.0, float("inf"), None, True, False],
        "texts": ["", "ä µ \n", "x" * 70_000, "\ud800"],
        "nested": {"a": {"b": [[], {}]}, "": 0},
        "arrays": [
            np.arange(6, dtype=np.float32).reshape(2, 3),
            np.asfortranarray(np.arange(6.0).reshape(2, 3)),
            np.arange(3, dtype=">u8"),
            np.zeros((0, 4)),
            np.array(7),
            np.array([True, False]),
        ],
    }
    found = loads(dumps(value))
    assert {**found, "arrays": 0} == {**value, "arrays": 0}
    assert str(found["numbers"]) == str(value["numbers"])
    for array, was in zip(found["arrays"], value["arrays"], strict=True):
        assert array.flags.writeable
        assert array.dtype.isnative
        np.testing.assert_array_equal(array, was, strict=False)
        assert array.shape == was.shape
    assert checksum(found) == checksum(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        ("1", 1),
        (0.0, -0.0),
        ([[1], 2], [[1, 2]]),
        (["a", "b"], ["ab"]),
        ({"a": {}}, {"a": None}),
        (np.zeros(4), np.zeros((2, 2))),
        (np.zeros(2), np.zeros(2, np.float32)),
        (np.zeros(2), np.zeros(2, np.int64)),
    ],
)
def test_different_data_have_different_checksums(one: object, other: object) -> None:
    assert checksum(one) != checksum(other)


def test_a_checksum_is_the_same_on_every_machine() -> None:
    value = {"a": [1, -0.5, None, "ä"], "b": np.arange(6, dtype=">f4").reshape(2, 3).T}
    assert checksum(value) == checksum(loads(dumps(value))) == CHECKSUM


def test_what_is_not_plain_is_named_when_it_is_saved(tmp_path: Path) -> None:
    extractor = serialize.load(GOLDEN)
    extractor.stages_.ocr.options["engine"] = object()
    with pytest.raises(ArtifactError, match=r"stages\.ocr\.options\.engine is a object"):
        serialize.save(extractor, tmp_path / "model.joblib")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.array([None]), "a.0 is a array of object"),
        (np.array(["x"]), "a.0 is a array of <U1"),
        (2**64, "a.0 is a int"),
        ({1: 2}, "a key of a.0 is a int, expected a string"),
        (b"x", "a.0 is a bytes"),
    ],
)
def test_what_is_not_plain_is_not_written(value: object, said: str) -> None:
    with pytest.raises(ArtifactError, match=said):
        dumps({"a": [value]})


def test_data_that_hold_themselves_are_not_written() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(ArtifactError, match="more than 50 deep"):
        dumps(value)


def test_paths_tuples_and_numpys_numbers_are_made_plain() -> None:
    value = {"p": Path("a/b"), "n": np.float32(0.5), "s": np.str_("x"), "t": (1, (2,)), "b": np.bool_(True)}
    assert loads(dumps(value)) == {"p": "a/b", "n": 0.5, "s": "x", "t": [1, [2]], "b": True}
