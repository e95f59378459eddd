"""Efforts: named settings; quick readings find what slow ones find, in the same places."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from hybridml import EntityExtractor
from hybridml.errors import HybridmlError, MissingExtraError
from hybridml.utils.registry import SettingsError
from hybridml.vision.ocr import OCREngine, create
from hybridml.vision.ocr.crop import content_box, moved
from hybridml.vision.ocr.onnx_models import lighter
from hybridml.vision.ocr.quantize import missing
from hybridml.vision.ocr.rapidocr import RapidOCRSettings
from hybridml.vision.presets import PRESETS, preset_of
from hybridml.vision.stages import further_stages, ocr_stage
from tests.vision.ocr.test_engines import Canvas, find

pytest.importorskip("rapidocr")
pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def photo() -> tuple[np.ndarray, tuple[float, float, float, float]]:
    canvas = Canvas(1400, 1000)
    box = canvas.put("12.5 cm", 700, 500, 40)
    canvas.put("NET WT 340 g", 500, 620, 36)
    return canvas.array(), box


def test_settings_of_the_second_reading_are_reported_only_where_they_differ_from_the_default() -> None:
    assert not {"check_score", "check_width"} & set(RapidOCRSettings().to_dict())
    assert RapidOCRSettings(check_width=320).to_dict()["check_width"] == 320


def test_each_effort_has_settings_of_its_own() -> None:
    ocr_engines = {name: ocr_stage("rapidocr", None, name).settings for name in PRESETS}
    assert len({str(settings) for settings in ocr_engines.values()}) == len(PRESETS)
    assert "recognizer_int8" in ocr_engines["fast"]
    assert "recognizer_int8" not in ocr_engines["best"]


def test_options_and_looks_stand_above_the_effort() -> None:
    assert ocr_stage("rapidocr", {"detector_side": 512}, "balanced").settings["detector_side"] == 512
    ocr = ocr_stage("rapidocr", None, "balanced")
    assert [e.kind for e in further_stages(None, ocr, None, "balanced")[0]] == list(
        PRESETS["balanced"].further
    )
    assert further_stages((), ocr, None, "best")[0] == []


def test_unknown_effort_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match=r"'quick'.*fast, balanced, best"):
        preset_of("quick")
    with pytest.raises(SettingsError, match="quick"):
        EntityExtractor(effort="quick")._make_stages()


@pytest.mark.parametrize("effort", list(PRESETS))
def test_every_effort_reads_a_plain_photo_where_it_stands(effort: str, photo) -> None:
    image, (left, top, right, bottom) = photo
    ocr: OCREngine = create("rapidocr", threads=1, **PRESETS[effort].ocr.get("rapidocr", {}))
    line = find(ocr.read(image), "12.5 cm")
    assert np.allclose(line.box, (left, top, right, bottom), atol=16)
    find(ocr.read(image), "NET WT 340 g")


def test_long_lines_are_left_out_only_where_asked() -> None:
    canvas = Canvas(1200, 300)
    canvas.put("this sentence is longer than any quantity and holds none", 40, 40, 30)
    canvas.put("500 ml", 40, 150, 40)
    every = create("rapidocr", threads=1).read(canvas.array())
    short = create("rapidocr", threads=1, longest_line=14.0).read(canvas.array())
    assert len(every.lines) == 2
    assert [line.text.replace(" ", "") for line in short.lines] == ["500ml"]


def test_content_box_is_the_whole_photo_where_nothing_or_everything_differs() -> None:
    rng = np.random.default_rng(0)
    for image in (np.full((50, 70, 3), 9, np.uint8), rng.integers(0, 255, (50, 70, 3), np.uint8)):
        assert content_box(image) == (0, 0, 70, 50)


def test_content_box_holds_all_that_differs() -> None:
    image = np.full((900, 1200, 3), 250, np.uint8)
    image[300:310, 1000:1010] = 0
    image[700, 100:140] = (255, 0, 0)
    left, top, right, bottom = content_box(image)
    assert left <= 100
    assert top <= 300
    assert right >= 1010
    assert bottom >= 701
    assert (right - left) * (bottom - top) < 0.6 * 900 * 1200


def test_a_photo_without_text_reads_as_nothing_however_small() -> None:
    ocr = create("rapidocr", threads=1, **PRESETS["fast"].ocr["rapidocr"])
    for shape in ((1, 1, 3), (3, 400, 3), (200, 200, 3)):
        image = np.full(shape, 255, np.uint8)
        ocr_result = ocr.read(image)
        assert ocr_result.lines == ()
        assert (ocr_result.width, ocr_result.height) == (shape[1], shape[0])


def test_moved_reading_keeps_text_and_shifts_corners(photo) -> None:
    image, _ = photo
    ocr_result = create("rapidocr", threads=1).read(image[400:700, 400:1300])
    back = moved(ocr_result, 400, 400, 1400, 1000)
    assert [line.text for line in back.lines] == [line.text for line in ocr_result.lines]
    for line, old in zip(back.lines, ocr_result.lines, strict=True):
        assert np.allclose(np.asarray(line.polygon) - np.asarray(old.polygon), 400)


def test_an_eight_bit_copy_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYBRIDML_CACHE", str(tmp_path))
    model = create("rapidocr").models["detector"]  # type: ignore[attr-defined]
    copy = lighter(model, eight=True)
    assert copy.parent == tmp_path
    assert copy.stat().st_size < 0.5 * model.stat().st_size
    made = copy.stat().st_mtime_ns
    assert lighter(model, eight=True) == copy
    assert copy.stat().st_mtime_ns == made
    assert [path.name for path in tmp_path.iterdir()] == [copy.name]


def test_western_characters_read_the_same_and_are_fewer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photo
) -> None:
    monkeypatch.setenv("HYBRIDML_CACHE", str(tmp_path))
    image, _ = photo
    every, western = (create("rapidocr", threads=1, characters=which) for which in ("all", "western"))
    assert [line.text for line in western.read(image).lines] == [
        line.text for line in every.read(image).lines
    ]
    (copy,) = tmp_path.iterdir()
    assert copy.stat().st_size < 0.7 * every.models["recognizer"].stat().st_size  # type: ignore[attr-defined]
    assert every.settings() != western.settings()


def test_numbers_that_eight_bits_are_unsure_of_are_read_again(photo) -> None:
    image, _ = photo

    def read(precision: str, **settings: float) -> dict[str, float]:
        lines = create("rapidocr", threads=1, precision=precision, **settings).read(image).lines
        return {line.text: line.confidence for line in lines}

    floats, eight = read("mixed"), read("int8")
    assert all(0.5 < score < 1 for score in eight.values())
    assert read("checked", check_score=1.0) == floats
    assert read("checked", check_score=0.0) == eight
    assert floats != eight


def test_what_is_read_again_is_as_wide_as_asked(photo) -> None:
    image, _ = photo

    def read(precision: str, **settings: float) -> dict[str, float]:
        lines = create("rapidocr", threads=1, precision=precision, **settings).read(image).lines
        return {line.text: line.confidence for line in lines}

    wide, narrow = read("mixed"), read("mixed", least_width=16)
    assert wide != narrow
    assert read("checked", check_score=1.0, least_width=16, check_width=320) == wide
    assert read("checked", check_score=1.0, least_width=16) == narrow


def test_words_are_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    canvas = Canvas(600, 200)
    canvas.put("Chocolate", 40, 60, 40)
    ocr = create("rapidocr", threads=1, precision="checked", check_score=1.0)
    assert len(ocr.read(canvas.array()).lines) == 1
    assert ocr._checker is None  # type: ignore[attr-defined]


def test_a_recognizer_built_otherwise_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYBRIDML_CACHE", str(tmp_path))
    detector = create("rapidocr").models["detector"]  # type: ignore[attr-defined]
    with pytest.raises(HybridmlError, match="list of its characters"):
        lighter(detector, western=True)
    assert not list(tmp_path.iterdir())


def test_nothing_asked_for_is_no_copy(tmp_path: Path) -> None:
    assert lighter(tmp_path / "any.onnx") == tmp_path / "any.onnx"


def test_a_network_without_ranges_is_named(tmp_path: Path) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(b"")
    assert "other.onnx" in (missing(other) or "")
    with pytest.raises(MissingExtraError, match=r"benchmarks\.calibrate"):
        lighter(other, eight=True)


@pytest.mark.parametrize("module", ["onnx", "onnxruntime", "platformdirs"])
def test_a_lighter_network_names_the_package_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == module else found(name))
    for asked in ({"western": True}, {"eight": True}):
        with pytest.raises(MissingExtraError, match=rf"needs {module}, .*pip install"):
            lighter(tmp_path / "any.onnx", **asked)
    for settings in ({"characters": "western"}, {"precision": "mixed"}):
        with pytest.raises(MissingExtraError, match=rf"needs {module}, .*pip install"):
            create("rapidocr", **settings)


def test_a_copy_that_cannot_be_made_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYBRIDML_CACHE", str(tmp_path))
    model = create("rapidocr").models["detector"]  # type: ignore[attr-defined]
    broken = tmp_path / model.name
    broken.write_bytes(b"no network")
    with pytest.raises(HybridmlError, match="float32"):
        lighter(broken, eight=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [model.name]
