"""The regions network: what it sees, what it answers, how it fails."""

import importlib.util
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hybridml.errors import HybridmlError, MissingExtraError, WeightsError
from hybridml.vision.number_classifier import CLASSES, NumberClassifier, onnx_backbone
from hybridml.vision.number_classifier.classifier import SHIPPED_WEIGHTS
from hybridml.vision.number_classifier.inputs import SIZE, look_at
from hybridml.vision.text_line import TextLine

LINES = [
    TextLine("12 cm", 0.9, ((100, 300), (200, 300), (200, 330), (100, 330))),
    TextLine("SIZE", 0.9, ((100, 20), (300, 20), (300, 60), (100, 60))),
    TextLine("7 in", 0.9, ((30, 250), (30, 150), (60, 150), (60, 250))),
]


def photo(width: int = 600, height: int = 400) -> np.ndarray:
    return np.full((height, width, 3), 255, dtype=np.uint8)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Networks that are made of random weights do not stay."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYBRIDML_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_weights(tmp_path_factory.mktemp("weights") / "random.pt", 0)


def random_weights(path: Path, seed: int) -> Path:
    torch = pytest.importorskip("torch")
    pytest.importorskip("hybridml.vision.torchvision_compat").import_torchvision()
    from hybridml.vision.number_classifier.network import NumberClassifierNetwork

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = NumberClassifierNetwork()
    torch.save({k: v.half() if v.is_floating_point() else v for k, v in network.state_dict().items()}, path)
    return path


def test_the_view_has_three_planes_and_a_row_of_geometry_per_line() -> None:
    view = look_at(photo(), LINES)
    assert view.planes.shape == (3, SIZE, SIZE)
    assert view.planes.dtype == np.uint8
    assert view.geometry.shape == (3, 6)
    # The photo is wider than high: 100 of 600 from the left, and 300 + 100 of 600 from the top.
    assert view.geometry[0] == pytest.approx([1 / 6, 4 / 6, 2 / 6, 4.3 / 6, 0, 1], abs=1e-6)
    assert view.geometry[2, 4:] == pytest.approx([-1, 0], abs=1e-6)


def test_the_text_plane_tells_digits_from_other_text() -> None:
    text = look_at(photo(), LINES).planes[2]
    middle = [(round(y * SIZE / 600), round(x * SIZE / 600)) for x, y in ((150, 415), (200, 140), (45, 300))]
    assert [int(text[at]) for at in middle] == [255, 128, 255]
    assert text[0, 0] == 0


@pytest.mark.parametrize("side", [500, 2000])
def test_a_thin_line_survives(side: int) -> None:
    image = photo(side, side)
    image[side // 2, side // 10 : side * 9 // 10] = 120
    planes = look_at(image, []).planes
    row = planes[1][SIZE // 2 - 2 : SIZE // 2 + 2].max(axis=0)
    assert row[SIZE // 5 : SIZE * 4 // 5].min() > 40
    assert planes[1][: SIZE // 4].max() == 0


def test_the_border_of_a_photo_is_no_line() -> None:
    assert look_at(np.full((200, 600, 3), 60, dtype=np.uint8), []).planes[1].max() == 0


def test_rows_of_lines_without_a_digit_are_nan(weights: Path) -> None:
    rows = NumberClassifier(weights, threads=1).classify(photo(), LINES)
    assert rows.shape == (3, len(CLASSES))
    assert rows.dtype == np.float32
    assert np.isnan(rows[1]).all()
    assert rows[[0, 2]].sum(axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_without_digits_nothing_is_loaded(weights: Path) -> None:
    looker = NumberClassifier(weights)
    assert looker.classify(photo(), []).shape == (0, len(CLASSES))
    assert np.isnan(looker.classify(photo(), LINES[1:2])).all()
    assert looker._loaded is None


def test_a_line_is_seen_the_same_beside_others(weights: Path) -> None:
    looker = NumberClassifier(weights, threads=1)
    rows, again = looker.classify(photo(), LINES), looker.classify(photo(), LINES)
    assert np.array_equal(rows, again, equal_nan=True)


def test_folding_batch_norms_changes_no_answer(weights: Path) -> None:
    torch = pytest.importorskip("torch")
    from hybridml.vision.number_classifier.network import NumberClassifierNetwork

    network = NumberClassifierNetwork().eval()
    network.load_state_dict(torch.load(weights, weights_only=True))
    view = look_at(photo(), LINES[:1])
    with torch.inference_mode():
        planes, geometry = (
            torch.from_numpy(view.planes[None] / np.float32(255)),
            torch.from_numpy(view.geometry),
        )
        wanted = network(planes, geometry, torch.zeros(1, dtype=torch.int64)).softmax(1).numpy()
    assert NumberClassifier(weights).classify(photo(), LINES[:1]) == pytest.approx(wanted, abs=1e-4)


def test_the_network_is_translated_once(weights: Path, cache: Path) -> None:
    NumberClassifier(weights, threads=1).classify(photo(), LINES)
    made = {path: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert made
    NumberClassifier(weights, threads=1).classify(photo(), LINES)
    assert {path: path.stat().st_mtime_ns for path in cache.iterdir()} == made


def test_where_it_is_translated_only_the_head_is_loaded(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = NumberClassifier(weights, threads=1).classify(photo(), LINES)
    monkeypatch.setattr(
        "hybridml.vision.number_classifier.classifier.load_network",
        lambda path: pytest.fail(f"{path} is loaded"),
    )
    assert np.array_equal(
        NumberClassifier(weights, threads=1).classify(photo(), LINES), wanted, equal_nan=True
    )


def test_a_network_that_cannot_be_translated_says_what_to_do(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(network: object, target: Path) -> None:
        raise RuntimeError("unsupported operator")

    monkeypatch.setenv("HYBRIDML_CACHE", str(tmp_path))
    monkeypatch.setattr(onnx_backbone, "_translate", fail)
    with pytest.raises(HybridmlError, match=r"unsupported operator.*--effort fast"):
        NumberClassifier(weights).classify(photo(), LINES)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("module", ["torch", "onnxscript"])
def test_a_missing_package_is_named(weights: Path, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == module else found(name))
    with pytest.raises(MissingExtraError, match=f"needs {module}"):
        NumberClassifier(weights).classify(photo(), LINES)


def test_settings_change_with_the_weights(weights: Path, tmp_path: Path) -> None:
    first = NumberClassifier(weights).settings()
    other = NumberClassifier(random_weights(tmp_path / "other.pt", 1)).settings()
    assert first["name"] == "number_classifier"
    assert first["size"] == SIZE
    assert {k for k in first if first[k] != other[k]} == {"weights"}


def test_missing_weights_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="train_number_classifier"):
        NumberClassifier(tmp_path / "none.pt")


def test_unreadable_weights_say_what_to_do(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "text.pt").write_text("no weights")
    with pytest.raises(WeightsError, match="train_number_classifier"):
        NumberClassifier(tmp_path / "text.pt").classify(photo(), LINES)


def test_weights_of_another_network_are_named(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"fc.weight": torch.zeros(2)}, tmp_path / "other.pt")
    with pytest.raises(WeightsError, match=r"fc\.weight|backbone"):
        NumberClassifier(tmp_path / "other.pt").classify(photo(), LINES)


@pytest.mark.skipif(not SHIPPED_WEIGHTS.is_file(), reason="the shipped weights are not here")
def test_the_shipped_weights_tell_drawn_dimensions_apart() -> None:
    pytest.importorskip("torch")
    render = pytest.importorskip("benchmarks.number_classifier_drawings")
    looker = NumberClassifier(threads=1)
    rng = random.Random(77)
    for wanted, name in enumerate(CLASSES[:3]):
        hits = lines = 0
        for _ in range(20):
            drawing = render.draw(rng, only=name)
            rows = looker.classify(drawing.image, drawing.lines)[:, :3]
            known = np.array(drawing.labels, dtype=int) == wanted
            hits += int((rows[known].argmax(axis=1) == wanted).sum())
            lines += int(known.sum())
        assert lines >= 10
        assert hits / lines > 0.55, name
