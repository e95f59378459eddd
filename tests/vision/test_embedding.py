"""Embedders: where weights come from, what is said when they do not, and the vectors."""

from __future__ import annotations

import importlib.util
import pickle
from pathlib import Path

import numpy as np
import pytest

from hybridml.errors import WeightsError
from hybridml.utils.hashing import fingerprint
from hybridml.utils.registry import SettingsError
from hybridml.vision import embedding
from hybridml.vision.embedding import Embedder, ResNet50Embedder, create, letterboxed
from hybridml.vision.number_classifier import NumberClassifier

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("torchvision") is None:
    pytest.skip("torch or torchvision is not installed", allow_module_level=True)

SIZES = [(300, 500), (500, 300), (1, 400), (224, 224), (50, 60), (400, 1), (10, 10), (333, 222)]


@pytest.fixture(scope="module")
def photos() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    coarse = [random.integers(0, 256, (8, 8, 3), dtype=np.uint8) for _ in SIZES]
    repeats = [(-(-h // 8), -(-w // 8)) for h, w in SIZES]
    return [
        c.repeat(a, 0).repeat(b, 1)[:h, :w] for c, (a, b), (h, w) in zip(coarse, repeats, SIZES, strict=True)
    ]


@pytest.fixture(scope="module")
def state() -> dict[str, object]:
    """A seeded network whose batch norms have seen something, so that folding them is put to the test."""
    from hybridml.vision.torchvision_compat import import_torchvision

    torchvision = import_torchvision()
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        network = torchvision.models.resnet50(weights=None)
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
                module.weight.data.uniform_(0.6, 1.0)
                module.bias.data.normal_(0, 0.1)
    return network.half().state_dict()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, state: dict[str, object]) -> Path:
    import torch

    path = tmp_path_factory.mktemp("weights") / "mine.pth"
    torch.save(state, path)
    return path


@pytest.fixture(scope="module")
def vectors(file: Path, photos: list[np.ndarray]) -> np.ndarray:
    return create("resnet50", weights=file).embed(photos)


def reference(file: Path, photos: list[np.ndarray]) -> np.ndarray:
    """The plain network, one photo after the other, nothing folded."""
    from hybridml.vision.torchvision_compat import import_torchvision

    torchvision = import_torchvision()
    import torch

    network = torchvision.models.resnet50(weights=None)
    network.load_state_dict(torch.load(file, weights_only=True))
    network.fc = torch.nn.Identity()
    network.eval()
    rows = []
    with torch.no_grad():
        for photo in photos:
            pixels = letterboxed(photo).transpose(2, 0, 1)[None] / 255.0
            mean, deviation = (np.reshape(v, (1, 3, 1, 1)) for v in (embedding.MEAN, embedding.DEVIATION))
            rows.append(network(torch.tensor((pixels - mean) / deviation, dtype=torch.float32)).numpy())
    return np.concatenate(rows)


def test_vectors_are_those_of_the_plain_network(
    file: Path, photos: list[np.ndarray], vectors: np.ndarray
) -> None:
    assert vectors.shape == (len(photos), 2048)
    assert vectors.dtype == np.float32
    expected = reference(file, photos[:3])
    assert np.abs(vectors[:3] - expected).max() < 1e-4 * max(1.0, np.abs(expected).max())
    assert np.abs(expected[0] - expected[1]).max() > 0.05, "photos that differ have vectors that differ"


def test_batch_size_and_threads_change_nothing(
    file: Path, photos: list[np.ndarray], vectors: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    before = torch.get_num_threads()
    monkeypatch.setattr(embedding, "BATCH", 1)
    single = create("resnet50", weights=file, threads=1)
    assert np.abs(single.embed(iter(photos)) - vectors).max() < 1e-4
    assert torch.get_num_threads() == before
    assert fingerprint(single.settings()) == fingerprint(create("resnet50", weights=file).settings())


def test_no_photos(file: Path) -> None:
    assert create("resnet50", weights=file).embed([]).shape == (0, 2048)


def test_pickled_without_its_network(file: Path) -> None:
    embedder = ResNet50Embedder(weights=file)
    embedder._network = object()
    assert len(pickle.dumps(embedder)) < 2000
    assert pickle.loads(pickle.dumps(embedder)).settings() == embedder.settings()


def test_settings_know_the_weights_not_their_place(file: Path, tmp_path: Path) -> None:
    settings = create("resnet50", weights=file).settings()
    assert settings["embedding"] == "resnet50"
    assert len(settings["weights"]) == 64
    assert settings["size"] == 224
    moved = tmp_path / "moved.pth"
    moved.symlink_to(file)
    assert create("resnet50", weights=str(moved)).settings() == settings
    assert create("resnet50", weights="random").settings() != settings


def test_weights_from_the_cache(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photos: list[np.ndarray], vectors: np.ndarray
) -> None:
    checkpoints = tmp_path / "hub" / "checkpoints"
    checkpoints.mkdir(parents=True)
    (checkpoints / embedding.PRETRAINED["IMAGENET1K_V2"]).symlink_to(file)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", lambda *_, **__: pytest.fail("downloaded"))
    got = create("resnet50").embed(photos[:1])
    assert np.abs(got - vectors[:1]).max() < 1e-4


def test_download_goes_into_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: Path, state: dict[str, object]
) -> None:
    def download(url: str, target: str, hash_prefix: str | None, progress: bool) -> None:
        assert url == "https://download.pytorch.org/models/resnet50-11ad3fa6.pth"
        assert (hash_prefix, progress) == ("11ad3fa6", True)
        Path(target).symlink_to(file)

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", download)
    create("resnet50")
    assert (tmp_path / "hub" / "checkpoints" / "resnet50-11ad3fa6.pth").exists()


def test_a_failed_download_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.urlopen", offline)
    with pytest.raises(WeightsError) as caught:
        create("resnet50")
    message = str(caught.value)
    for part in (
        "IMAGENET1K_V2",
        "Name or service not known",
        str(tmp_path / "hub" / "checkpoints" / "resnet50-11ad3fa6.pth"),
        "--resnet-weights FILE",
        "--resnet-weights random",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda s: {k: v for k, v in s.items() if k != "conv1.weight"}, "1 keys missing: conv1.weight"),
        (lambda s: {**s, "head.0.weight": s["conv1.weight"]}, "1 keys unexpected: head.0.weight"),
        (lambda s: {f"module.{k}": v for k, v in s.items()}, r"missing: .*unexpected: module\.bn1"),
        (lambda s: {**s, "conv1.weight": s["fc.weight"]}, "of the wrong shape: conv1.weight"),
        (lambda s: [1, 2], "got list"),
    ],
)
def test_state_that_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: dict[str, object], change: object, told: str
) -> None:
    path = tmp_path / "other.pth"
    path.write_bytes(b"x")
    changed = change(state)  # type: ignore[operator]
    monkeypatch.setattr("torch.load", lambda *_, **__: changed)
    with pytest.raises(WeightsError, match=told) as caught:
        create("resnet50", weights=path).embed([np.zeros((9, 9, 3), np.uint8)])
    assert str(path) in str(caught.value)


def test_state_without_the_last_layer(tmp_path: Path, file: Path, state: dict[str, object]) -> None:
    import torch

    path = tmp_path / "backbone.pth"
    torch.save({k: v for k, v in state.items() if not k.startswith("fc.")}, path)
    photo = [np.full((9, 9, 3), 90, np.uint8)]
    got = create("resnet50", weights=path).embed(photo)
    assert np.array_equal(got, create("resnet50", weights=file).embed(photo))


@pytest.mark.parametrize("content", [b"", b"not weights at all", pickle.dumps(Path("x"), protocol=2)])
def test_file_that_holds_no_weights(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.pth"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"bad\.pth: is not a file of weights"):
        create("resnet50", weights=path).embed([np.zeros((9, 9, 3), np.uint8)])


def test_no_such_file() -> None:
    with pytest.raises(WeightsError, match=r"no weights at 'gone\.pth'.*IMAGENET1K_V2.*random"):
        create("resnet50", weights="gone.pth")


def test_random_weights_are_seeded() -> None:
    photo = [np.random.default_rng(1).integers(0, 256, (80, 60, 3), dtype=np.uint8)]
    a, b = (create("resnet50", weights="random").embed(photo) for _ in range(2))
    assert np.array_equal(a, b)


@pytest.mark.parametrize("size", SIZES)
def test_a_photo_of_any_size_becomes_a_square(size: tuple[int, int]) -> None:
    assert letterboxed(np.zeros((*size, 3), np.uint8)).shape == (224, 224, 3)


def test_letterbox_keeps_the_borders_on_white() -> None:
    photo = np.zeros((112, 224, 3), np.uint8)
    photo[:, 0] = photo[:, -1] = (255, 0, 0)
    got = letterboxed(photo)
    assert (got[:56] == 255).all()
    assert (got[168:] == 255).all()
    assert got[112, 0].tolist() == got[112, -1].tolist() == [255, 0, 0]
    assert not got[112, 1:-1].any()


def test_registry() -> None:
    assert isinstance(create("resnet50", weights="random"), Embedder)
    with pytest.raises(SettingsError, match="unknown embedding 'vgg'; expected one of: resnet50"):
        create("vgg")
    with pytest.raises(SettingsError, match="expected an object with name, dimension"):
        create("builtins:dict")
    assert create(f"{__name__}:Own", width=3).dimension == 3


class Own:
    """An embedder of a user's own."""

    name = "own"

    def __init__(self, width: int) -> None:
        self.dimension = width

    def settings(self) -> dict[str, int]:
        return {"width": self.dimension}

    def embed(self, images: list[np.ndarray]) -> np.ndarray:
        return np.zeros((len(images), self.dimension), np.float32)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"threads": -1}, "threads"),
        ({"sise": 224}, "does not take these settings: .*'sise'"),
    ],
)
def test_bad_settings(settings: dict[str, object], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        create("resnet50", weights="random", **settings)


def test_the_shipped_weights_need_no_download(photos: list[np.ndarray]) -> None:
    shipped = create("resnet50-shipped", threads=1)
    assert shipped.settings()["weights"] == NumberClassifier().settings()["weights"]
    together = shipped.embed(photos)
    assert together.shape == (len(photos), shipped.dimension) == (8, 2048)
    alone = np.concatenate([shipped.embed([photo]) for photo in photos])
    np.testing.assert_allclose(together, alone, rtol=1e-3, atol=1e-4)
    assert np.abs(together[0] - together[1]).max() > 0.01
    assert pickle.loads(pickle.dumps(shipped)).settings() == shipped.settings()
    assert shipped.embed([]).shape == (0, 2048)
