"""Readers: choosing one, and what each reads on rendered photos, where the text was drawn."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from hybridml.errors import MissingExtraError
from hybridml.utils.hashing import fingerprint
from hybridml.utils.registry import SettingsError
from hybridml.vision.ocr import OCR_ENGINES, OCREngine, OCRResult, TextLine, available, create
from hybridml.vision.ocr.orientation import is_tall
from hybridml.vision.ocr.tesseract import group_words, merged, turned_back

Image = pytest.importorskip("PIL.Image")
ImageDraw = pytest.importorskip("PIL.ImageDraw")
ImageFont = pytest.importorskip("PIL.ImageFont")

Box = tuple[float, float, float, float]


@dataclass
class Canvas:
    """A white photo to draw text on; remembers where."""

    width: int
    height: int

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", (self.width, self.height), "white")

    def put(self, text: str, x: int, y: int, size: int, turn: float = 0) -> Box:
        """Draw text turned counter-clockwise by ``turn`` degrees, its box's top left at (x, y)."""
        font = ImageFont.load_default(size)
        left, top, right, bottom = ImageDraw.Draw(self.image).textbbox((0, 0), text, font=font)
        patch = Image.new("RGB", (math.ceil(right - left), math.ceil(bottom - top)), "white")
        ImageDraw.Draw(patch).text((-left, -top), text, fill="black", font=font)
        patch = patch.rotate(turn, expand=True, fillcolor="white")
        self.image.paste(patch, (x, y))
        return (x, y, x + patch.width, y + patch.height)

    def array(self) -> np.ndarray:
        return np.asarray(self.image)


def squeezed(text: str) -> str:
    return text.replace(" ", "").lower()


def find(ocr_result: OCRResult, text: str) -> TextLine:
    found = [line for line in ocr_result.lines if squeezed(line.text) == squeezed(text)]
    assert len(found) == 1, f"{text!r} in {[line.text for line in ocr_result.lines]}"
    return found[0]


def covers(line: TextLine, drawn: Box) -> bool:
    """Return whether a line lies where the text was drawn; readers add a margin."""
    slack = 0.75 * min(drawn[2] - drawn[0], drawn[3] - drawn[1])
    return all(abs(a - b) <= slack for a, b in zip(line.box, drawn, strict=True))


def angle_off(line: TextLine, turn: float) -> float:
    """Return degrees between the line's direction and text drawn with ``turn`` (counter-clockwise)."""
    return abs((line.angle + turn + 180) % 360 - 180)


@pytest.fixture(scope="module", params=sorted(OCR_ENGINES))
def ocr(request: pytest.FixtureRequest) -> OCREngine:
    reason = available()[request.param]
    if reason:
        pytest.skip(reason)
    return create(request.param, threads=1)


@pytest.fixture(scope="module")
def rapid() -> OCREngine:
    reason = available()["rapidocr"]
    if reason:
        pytest.skip(reason)
    return create("rapidocr", threads=1)


@pytest.mark.parametrize("turn", [0, 90, -90])
@pytest.mark.parametrize("size", [(800, 600), (2400, 1800)])
def test_text_is_read_where_it_was_drawn(ocr: OCREngine, turn: float, size: tuple[int, int]) -> None:
    canvas = Canvas(*size)
    drawn = canvas.put("Height 24.8 mm", size[0] // 4, size[1] // 4, size[0] // 22, turn)
    ocr_result = ocr.read(canvas.array())
    assert (ocr_result.width, ocr_result.height) == size
    line = find(ocr_result, "Height 24.8 mm")
    assert covers(line, drawn), (line.box, drawn)
    assert angle_off(line, turn) < 5
    assert line.length > 3 * line.height
    assert 0 < line.confidence <= 1


def test_upside_down(rapid: OCREngine) -> None:
    canvas = Canvas(700, 300)
    drawn = canvas.put("Width 12.5 inch", 150, 120, 32, 180)
    line = find(rapid.read(canvas.array()), "Width 12.5 inch")
    assert covers(line, drawn)
    assert angle_off(line, 180) < 5


def test_slanted(rapid: OCREngine) -> None:
    canvas = Canvas(700, 500)
    canvas.put("Depth 37.5 cm", 200, 100, 32, 30)
    assert angle_off(find(rapid.read(canvas.array()), "Depth 37.5 cm"), 30) < 5


def test_small_text(rapid: OCREngine) -> None:
    canvas = Canvas(900, 900)
    drawn = canvas.put("Net Wt 340 g", 600, 820, 13)
    assert covers(find(rapid.read(canvas.array()), "Net Wt 340 g"), drawn)


def test_lines_come_in_reading_order(ocr: OCREngine) -> None:
    canvas = Canvas(900, 500)
    canvas.put("Weight", 60, 100, 36)
    canvas.put("500 gram", 500, 106, 36)
    canvas.put("Voltage", 60, 300, 36)
    canvas.put("230 volt", 500, 296, 36)
    texts = [squeezed(line.text) for line in ocr.read(canvas.array()).lines]
    assert texts == ["weight", "500gram", "voltage", "230volt"]


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (31, 31), (2000, 20), (20, 2000), (300, 200)])
def test_no_text_no_lines(ocr: OCREngine, size: tuple[int, int]) -> None:
    ocr_result = ocr.read(np.full((size[1], size[0], 3), 255, np.uint8))
    assert ocr_result == OCRResult((), *size)


def test_polygons_stay_inside(ocr: OCREngine) -> None:
    canvas = Canvas(600, 45)
    canvas.put("Capacity 750 ml", 2, 2, 36)
    ocr_result = ocr.read(canvas.array())
    assert ocr_result.lines
    for line in ocr_result.lines:
        left, top, right, bottom = line.box
        assert left >= 0
        assert top >= 0
        assert right <= 600
        assert bottom <= 45


def test_reading_changes_nothing_and_repeats(ocr: OCREngine) -> None:
    canvas = Canvas(600, 200)
    canvas.put("Power 60 watt", 50, 50, 40)
    image = canvas.array().copy()
    before = image.copy()
    assert ocr.read(image) == ocr.read(image)
    assert np.array_equal(image, before)
    assert pickle.loads(pickle.dumps(ocr)).read(image) == ocr.read(image)


def test_settings_name_everything_that_changes_an_answer(ocr: OCREngine) -> None:
    settings = ocr.settings()
    assert settings["engine"] == ocr.name
    assert any(character.isdigit() for character in settings[ocr.name]), "the engine's version"
    assert settings["longest_side"] == 1280
    same = create(ocr.name, threads=2)
    assert fingerprint(same.settings()) == fingerprint(settings)
    other = create(ocr.name, longest_side=900)
    assert fingerprint(other.settings()) != fingerprint(settings)


def test_rapidocr_settings_hold_its_models(rapid: OCREngine) -> None:
    settings = rapid.settings()
    for part in ("detector", "recognizer", "classifier"):
        name, digest = settings[part].split(":")
        assert name.endswith(".onnx")
        assert len(digest) == 16


@pytest.mark.parametrize("turned", ["read", "classify"])
def test_both_ways_to_find_the_direction(turned: str) -> None:
    if reason := available()["rapidocr"]:
        pytest.skip(reason)
    canvas = Canvas(500, 600)
    up = canvas.put("11.5 cm", 50, 150, 36, 90)
    down = canvas.put("24.8 in", 350, 150, 36, -90)
    ocr_result = create("rapidocr", threads=1, turned=turned).read(canvas.array())
    assert angle_off(find(ocr_result, "11.5 cm"), 90) < 5
    assert angle_off(find(ocr_result, "24.8 in"), -90) < 5
    assert covers(find(ocr_result, "11.5 cm"), up)
    assert covers(find(ocr_result, "24.8 in"), down)


def test_unknown_reader_lists_the_known() -> None:
    with pytest.raises(
        SettingsError, match=r"unknown OCR engine 'easyocr'; expected one of: rapidocr, tesseract"
    ):
        create("easyocr")


@pytest.mark.parametrize(
    ("name", "settings", "told"),
    [
        ("no_such_module:thing", {}, "cannot import"),
        ("math:thing", {}, "has no 'thing'"),
        ("math:pi", {}, "something to call"),
        ("builtins:dict", {}, "expected an object with name"),
    ],
)
def test_own_reader_that_is_none(name: str, settings: dict[str, object], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        create(name, **settings)


class Own:
    """A reader of a user's own."""

    name = "own"

    def __init__(self, word: str) -> None:
        self.word = word

    def settings(self) -> dict[str, str]:
        return {"word": self.word}

    def read(self, image: np.ndarray) -> OCRResult:
        return OCRResult((), image.shape[1], image.shape[0])


def test_own_reader() -> None:
    name = f"{__name__}:Own"
    assert create(name, word="x").settings() == {"word": "x"}
    with pytest.raises(SettingsError, match=r"does not take these settings.*word"):
        create(name)


@pytest.mark.parametrize("name", sorted(OCR_ENGINES))
@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"longest_sied": 900}, "no setting 'longest_sied'; it has: .*longest_side"),
        ({"longest_side": "big"}, "longest_side must be a whole number"),
        ({"text_score": 2}, "text_score must be a number from 0 to 1, got 2"),
        ({"threads": 0}, "threads"),
    ],
)
def test_bad_settings(name: str, settings: dict[str, object], told: str) -> None:
    if reason := available()[name]:
        pytest.skip(reason)
    with pytest.raises(SettingsError, match=told):
        create(name, **settings)


def test_engine_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_: None)
    with pytest.raises(MissingExtraError, match="apt-get install tesseract-ocr"):
        create("tesseract")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name in OCR_ENGINES:
        with pytest.raises(MissingExtraError, match=r'pip install "\.\[read\]"'):
            create(name)
    assert all("not installed" in (reason or "") for reason in available().values())


def test_missing_language() -> None:
    if reason := available()["tesseract"]:
        pytest.skip(reason)
    with pytest.raises(MissingExtraError, match="apt-get install tesseract-ocr-xyz"):
        create("tesseract", language="eng+xyz")
    with pytest.raises(SettingsError, match="language"):
        create("tesseract", language="eng; rm")


def test_missing_model() -> None:
    if reason := available()["rapidocr"]:
        pytest.skip(reason)
    with pytest.raises(MissingExtraError, match=r"detector model .*gone\.onnx.*force-reinstall"):
        create("rapidocr", detector="gone.onnx")


def test_importing_costs_nothing() -> None:
    code = (
        "import sys, hybridml.vision.ocr, hybridml.datasets.images, hybridml.vision.embedding, "
        "hybridml.vision.torchvision_compat\n"
        "heavy = {'torch', 'torchvision', 'cv2', 'rapidocr', 'onnxruntime', 'pytesseract', 'PIL', 'pandas'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# Parts of the readers that need no engine.


def word(text: str, left: int, width: int, confidence: float = 90, line: int = 1) -> dict[str, str]:
    return {
        "block_num": "1",
        "par_num": "1",
        "line_num": str(line),
        "left": str(left),
        "top": "100",
        "width": str(width),
        "height": "10",
        "conf": str(confidence),
        "text": text,
    }


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ([], []),
        ([word("Net", 0, 30), word("500", 35, 30), word("g", 70, 10)], [("Net 500 g", (0, 100, 80, 110))]),
        ([word("Net", 0, 30), word("9", 51, 9)], [("Net", (0, 100, 30, 110)), ("9", (51, 100, 60, 110))]),
        ([word("a", 0, 9), word("b", 10, 9, line=2)], [("a", (0, 100, 9, 110)), ("b", (10, 100, 19, 110))]),
    ],
)
def test_words_make_lines(words: list[dict[str, str]], lines: list[tuple[str, Box]]) -> None:
    assert [(text, box) for text, _, box in group_words(words, gap=2.0)] == lines


def test_confidence_is_weighted_by_length() -> None:
    [(_, confidence, _)] = group_words([word("abc", 0, 30, 80), word("d", 32, 10, 40)], gap=2.0)
    assert confidence == pytest.approx(0.7)


@pytest.mark.parametrize("turn", range(4))
def test_turned_back_undoes_numpy_rot90(turn: int) -> None:
    photo = np.zeros((40, 70), np.uint8)
    photo[5:12, 20:50] = 1
    ys, xs = np.nonzero(np.rot90(photo, turn))
    box = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
    line = TextLine("", 1.0, turned_back(box, turn, 70, 40))
    assert line.box == (20, 5, 50, 12)
    assert abs(line.angle) == {0: 0, 1: 90, 2: 180, 3: 90}[turn]


def placed(text: str, confidence: float, x: float, turn: int = 0) -> TextLine:
    return TextLine(text, confidence, turned_back((x, 0, x + 40, 10), turn, 200, 200))


def test_merged_keeps_each_text_once() -> None:
    upright, vertical = placed("12 cm", 0.8, 0), placed("wo zl", 0.85, 0)
    assert merged([upright], [vertical]) == [upright]
    sure = placed("wo zl", 0.95, 0)
    assert merged([upright], [sure]) == [sure]
    elsewhere = placed("8 cm", 0.7, 100)
    assert set(merged([upright], [elsewhere])) == {upright, elsewhere}
    assert merged([], [placed("a", 0.7, 0), placed("b", 0.8, 0)]) == [placed("b", 0.8, 0)]
    assert len(merged([upright, placed("same place", 0.5, 0)], [])) == 2


@pytest.mark.parametrize(
    ("width", "height", "tall"), [(100, 20, False), (20, 100, True), (20, 30, True), (20, 29, False)]
)
def test_is_tall(width: float, height: float, tall: bool) -> None:
    box = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    assert is_tall(box) is tall
