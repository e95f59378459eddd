"""Decoding: the result of every kind of file, and the error of those that cannot be decoded."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hybridml.datasets import images
from hybridml.datasets.images import decode, fingerprint
from hybridml.errors import HybridmlError, ImageError

Image = pytest.importorskip("PIL.Image")

WHITE, RED = (255, 255, 255), (255, 0, 0)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bomb(side: int) -> bytes:
    """A PNG of a few bytes that declares side x side pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def noise(width: int = 64, height: int = 48) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8))


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def save(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "truncated.jpg": (lambda: encoded(noise(), "JPEG")[:900], "truncated"),
    "headless.jpg": (lambda: encoded(noise(), "JPEG")[:3], "not a photo"),
    "truncated.png": (lambda: encoded(noise(), "PNG")[:900], "cannot be decoded"),
    "empty.jpg": (lambda: b"", "0 bytes"),
    "bomb.png": (lambda: png_bomb(12_000), "12,000 x 12,000 pixels"),
    "bomb_huge.png": (lambda: png_bomb(200_000), "refused before decoding"),
    "text.jpg": (lambda: b"<html>404 not found</html>" * 50, "not a photo"),
    "postscript.jpg": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not a photo"),
    "flipped_bits.png": (
        lambda: encoded(noise(), "PNG")[:200] + b"\xff" * 100 + encoded(noise(), "PNG")[300:],
        "cannot be",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_file_names_file_and_cause(tmp_path: Path, name: str) -> None:
    content, cause = BAD[name]
    path = save(tmp_path / name, content())
    with pytest.raises(ImageError) as caught:
        decode(path)
    assert str(path) in str(caught.value)
    assert cause in str(caught.value)


@pytest.mark.parametrize("name", BAD)
def test_bad_bytes(name: str) -> None:
    content, cause = BAD[name]
    with pytest.raises(ImageError, match=cause):
        decode(content())


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"gone\.jpg: No such file"):
        decode(tmp_path / "gone.jpg")
    with pytest.raises(ImageError, match="is a folder"):
        decode(tmp_path)
    with pytest.raises(ImageError, match=r"NUL|null"):
        decode("a\0.jpg")
    assert issubclass(ImageError, HybridmlError)


def test_bomb_is_refused_by_its_header_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = save(tmp_path / "large.png", encoded(noise(64, 48), "PNG"))
    monkeypatch.setattr(images, "MAX_PIXELS", 3_000)
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("decoded"))
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda *_: pytest.fail("decoded"))
    with pytest.raises(ImageError, match=r"64 x 48 pixels are more than the 3,000 allowed"):
        decode(path)


def test_large_photos_raise_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    with pytest.raises(ImageError):
        decode(png_bomb(12_000))
    assert not list(recwarn)


def cmyk() -> bytes:
    return encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=95)


def sixteen_bits(mode: str) -> bytes:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(1, 256).repeat(4, 0)
    return encoded(Image.fromarray(ramp), mode)


def test_cmyk_is_converted() -> None:
    got = decode(cmyk())
    assert got.shape == (8, 8, 3)
    assert np.abs(got.reshape(-1, 3).mean(0) - RED).max() < 12
    black = decode(encoded(Image.new("CMYK", (8, 8), (0, 0, 0, 255)), "TIFF"))
    assert black.max() == 0


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_clipped(form: str) -> None:
    got = decode(sixteen_bits(form))
    assert got.shape == (4, 256, 3)
    assert np.abs(got[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_sixteen_bit_rgb() -> None:
    rows = b"".join(b"\0" + struct.pack(">3H", 65535, 32768, 0) * 5 for _ in range(3))
    header = struct.pack(">IIBBBBB", 5, 3, 16, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
    assert decode(content + chunk(b"IEND", b""))[0, 0].tolist() == [255, 128, 0]


def test_float_tiff_is_scaled() -> None:
    grey = Image.fromarray(np.array([[0.0, 0.5, 1.0]], dtype=np.float32))
    assert decode(encoded(grey, "TIFF"))[0, :, 0].tolist() == [0, 128, 255]


def palette(transparent: bool) -> bytes:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.putpixel((1, 1), 1)
    return encoded(image, "PNG", **({"transparency": 0} if transparent else {}))


def with_alpha(mode: str) -> bytes:
    image = Image.new(mode, (4, 4), (0, 0) if mode == "LA" else (0, 0, 0, 0))
    image.putpixel((1, 1), (255, 255) if mode == "LA" else (*RED, 255))
    return encoded(image, "PNG")


@pytest.mark.parametrize(
    ("content", "corner", "middle"),
    [
        (palette(True), WHITE, RED),
        (palette(False), (0, 0, 0), RED),
        (with_alpha("RGBA"), WHITE, RED),
        (with_alpha("LA"), WHITE, WHITE),
        (encoded(Image.new("RGB", (4, 4), RED), "PNG", transparency=RED), WHITE, WHITE),
        (encoded(Image.new("1", (4, 4), 1), "PNG"), WHITE, WHITE),
        (encoded(Image.new("L", (4, 4), 7), "PNG"), (7, 7, 7), (7, 7, 7)),
        (encoded(Image.new("RGB", (4, 4), RED), "WEBP", lossless=True), RED, RED),
        (encoded(Image.new("RGB", (4, 4), RED), "BMP"), RED, RED),
    ],
)
def test_modes(content: bytes, corner: tuple[int, ...], middle: tuple[int, ...]) -> None:
    got = decode(content)
    assert got.dtype == np.uint8
    assert got.shape == (4, 4, 3)
    assert tuple(got[0, 0]) == corner
    assert tuple(got[1, 1]) == middle


def test_half_transparent_is_half_white() -> None:
    assert decode(encoded(Image.new("RGBA", (2, 2), (0, 0, 0, 128)), "PNG"))[0, 0].tolist() == [127] * 3


def test_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (6, 4), color) for color in (RED, (0, 255, 0), (0, 0, 255))]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=10)
    assert tuple(decode(content)[0, 0]) == RED


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(orientation: int) -> None:
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:8, :8] = RED
    back = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a.transpose(1, 0, 2)[::-1, ::-1],
        8: lambda a: np.rot90(a, 3),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(back(upright)))
    got = decode(encoded(stored, "PNG", exif=exif))
    assert np.array_equal(got, upright)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_does_not_cost_the_photo() -> None:
    content = encoded(noise(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12\0\x03")
    assert decode(content).shape == (48, 64, 3)


def test_sources_agree(tmp_path: Path) -> None:
    image = noise()
    path = save(tmp_path / "a.png", encoded(image, "PNG"))
    expected = np.asarray(image)
    for source in (path, str(path), path.read_bytes(), image, expected):
        assert np.array_equal(decode(source), expected)


@pytest.mark.parametrize(
    ("array", "pixel"),
    [
        (np.full((2, 3), 9, np.uint8), (9, 9, 9)),
        (np.full((2, 3, 1), 9, np.uint8), (9, 9, 9)),
        (np.full((2, 3), True), WHITE),
        (np.full((2, 3), 65535, np.uint16), WHITE),
        (np.full((2, 3), 257, np.uint16), (1, 1, 1)),
        (np.full((2, 3), 0.5), (128, 128, 128)),
        (np.array([[[1, 2, 3, 0], [1, 2, 3, 255]]], np.uint8), WHITE),
        (np.array([[[1, 2, 3, 255]]], np.uint8), (1, 2, 3)),
    ],
)
def test_arrays(array: np.ndarray, pixel: tuple[int, int, int]) -> None:
    got = decode(array)
    assert got.dtype == np.uint8
    assert got.shape == (*array.shape[:2], 3)
    assert tuple(got[0, 0]) == pixel


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        (np.zeros((2, 3, 2), np.uint8), "shape"),
        (np.zeros(3, np.uint8), "shape"),
        (np.zeros((0, 3), np.uint8), "no pixels"),
        (np.full((2, 2), 300, np.int64), "int64"),
        (np.full((2, 2), 2.0), "0 to 1"),
        (np.full((2, 2), np.nan), "0 to 1"),
        (np.zeros((200, 200), np.uint8), "allowed"),
        (7, "int"),
    ],
)
def test_bad_sources(source: object, cause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_PIXELS", 10_000)
    with pytest.raises(ImageError, match=cause):
        decode(source)  # type: ignore[arg-type]


def test_fingerprint_is_of_the_bytes(tmp_path: Path) -> None:
    a, b, c = (save(tmp_path / n, d) for n, d in (("a.jpg", b"1"), ("b.png", b"1"), ("c.jpg", b"2")))
    assert fingerprint(a) == fingerprint(b) != fingerprint(c)
    assert len(fingerprint(a)) == 64
    with pytest.raises(ImageError, match=r"gone\.jpg: No such file"):
        fingerprint(tmp_path / "gone.jpg")
