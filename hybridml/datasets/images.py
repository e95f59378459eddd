"""Photos from untrusted places, decoded safely into one form: uint8 RGB arrays, upright, on white."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hybridml.errors import ImageError
from hybridml.utils.hashing import sha256_of
from hybridml.utils.optional import missing
from hybridml.utils.paths import content, is_remote, path_of

if TYPE_CHECKING:
    from PIL.Image import Image

RGB = NDArray[np.uint8]

#: Raised when the same file decodes to other pixels, or is refused where it was not: a setting of every engine.
VERSION = 1

#: More than a 50-megapixel camera takes; 192 MB once decoded.
MAX_PIXELS = 64_000_000

# Those a shop can serve. Others are left out because they start programs (EPS) or are attack surface only.
FORMATS = ("JPEG", "MPO", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM")


def decode(
    source: str | os.PathLike[str] | bytes | Image | NDArray[Any],
    max_pixels: int = MAX_PIXELS,
    name: str = "",
) -> RGB:
    """Decode a photo into an array.

    Every polygon and box in hybridml is in pixels of what this function returns. The photo is turned
    upright by its EXIF orientation; transparency lies on white; of an animation the first frame counts;
    16-bit samples are scaled to 8 bits; CMYK is converted as ``(1 - C)(1 - K)`` without colour profiles,
    with Adobe's inverted JPEGs recognised.

    Parameters
    ----------
    source : path, bytes, PIL image or array
        The file, its content, or what was decoded elsewhere. Arrays are ``(H, W)``, ``(H, W, 1)``,
        ``(H, W, 3)`` or ``(H, W, 4)``, RGB order, of ``uint8``, ``uint16``, ``bool``, or floats from 0 to 1.
    max_pixels : int
        Refuse anything larger, before decoding it. Pillow's own limit (twice ``Image.MAX_IMAGE_PIXELS``)
        holds besides.
    name : str
        What errors call bytes, the path that they were fetched from.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        RGB.

    Raises
    ------
    ImageError
        Names the file and says what is wrong with it.

    Examples
    --------
    >>> import numpy as np
    >>> decode(np.zeros((4, 6), dtype=bool)).shape
    (4, 6, 3)
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, max_pixels)
    if isinstance(source, str | os.PathLike) or is_remote(source):
        place = path_of(source)
        if not is_remote(place):
            return _from_file(place, max_pixels)
        source, name = _fetched(place), str(place)
    image_module = _pillow()
    if isinstance(source, bytes | bytearray | memoryview):
        if not source:
            raise ImageError(
                f"{name}: is empty (0 bytes); fetch it again"
                if name
                else "photo of 0 bytes: nothing to decode"
            )
        return _open(io.BytesIO(source), name or f"photo of {len(source):,} bytes", max_pixels)
    if isinstance(source, image_module.Image):
        return _guarded(source, "the PIL image", max_pixels)
    raise ImageError(f"expected a path, bytes, a PIL image or an array, got {type(source).__name__}")


def fingerprint(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits: what the feature store knows a photo by.

    Raises
    ------
    ImageError
        When the file cannot be read.
    """
    place = path_of(path)
    if is_remote(place):
        return hashlib.sha256(_fetched(place)).hexdigest()
    return sha256_of(place, ImageError)


def _fetched(path: Path) -> bytes:
    try:
        return content(path)
    except OSError as error:
        raise ImageError(f"{path}: {_reason(error)}") from None


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise missing("decoding photos", "Pillow", error) from None
    return Image


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _from_file(path: Path, max_pixels: int) -> RGB:
    try:
        if path.is_dir():
            raise ImageError(f"{path}: is a folder, not a photo")
        if path.exists() and not path.is_file():
            raise ImageError(f"{path}: is not a regular file")
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                raise ImageError(f"{path}: is empty (0 bytes); fetch it again")
            return _open(file, str(path), max_pixels)
    except OSError as error:
        raise ImageError(f"{path}: {_reason(error)}") from None
    except ValueError as error:  # a NUL in the name
        raise ImageError(f"{path!r}: {error}") from None


def _open(file: Any, name: str, max_pixels: int) -> RGB:
    image_module = _pillow()
    image_module.init()
    formats = [f for f in FORMATS if f in image_module.OPEN]
    try:
        with warnings.catch_warnings():
            # Pillow's warning about large photos: our own, lower limit is checked right below.
            warnings.simplefilter("ignore", image_module.DecompressionBombWarning)
            image = image_module.open(file, formats=formats)
    except image_module.UnidentifiedImageError:
        raise ImageError(f"{name}: is not a photo in a known format ({', '.join(formats)})") from None
    except image_module.DecompressionBombError as error:
        raise ImageError(f"{name}: refused before decoding: {error}") from None
    except Exception as error:
        raise ImageError(f"{name}: cannot be opened: {_told(error)}") from error
    with image:
        return _guarded(image, name, max_pixels)


def _guarded(image: Image, name: str, max_pixels: int) -> RGB:
    width, height = image.size
    _check_size(width, height, name, max_pixels)
    try:
        return _to_rgb(image)
    # Decoders of damaged files raise nearly anything: OSError, SyntaxError, struct.error, IndexError, ...
    except MemoryError:  # the machine's fault, not the photo's
        raise
    except Exception as error:
        raise ImageError(f"{name}: cannot be decoded: {_told(error)}") from error


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__


def _check_size(width: int, height: int, name: str, max_pixels: int) -> None:
    if width < 1 or height < 1:
        raise ImageError(f"{name}: has no pixels ({width} x {height})")
    if width * height > max_pixels:
        raise ImageError(
            f"{name}: refused before decoding: {width:,} x {height:,} pixels are more than the "
            f"{max_pixels:,} allowed (max_pixels)"
        )


def _to_rgb(image: Image) -> RGB:
    image.seek(0)
    image.load()
    image = _upright(image)
    if image.mode.startswith("I") or image.mode == "F":
        return _from_samples(np.asarray(image))
    if image.has_transparency_data or image.mode in {"RGBa", "La"}:
        image = _on_white(image)
    return np.array(image.convert("RGB"), dtype=np.uint8)


def _upright(image: Image) -> Image:
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF must not cost the photo
        return image


def _on_white(image: Image) -> Image:
    image_module = _pillow()
    if image.mode in {"La", "RGBa"}:
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    rgba = image.convert("RGBA")
    white = image_module.new("RGBA", rgba.size, (255, 255, 255, 255))
    return image_module.alpha_composite(white, rgba)


def _from_samples(samples: NDArray[Any]) -> RGB:
    """Grey samples of more than 8 bits, without a stated range, as RGB."""
    grey = np.nan_to_num(samples.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    top = float(grey.max(initial=0.0))
    if samples.dtype.kind == "f":
        full = 1.0 if top <= 1 else 255.0 if top <= 255 else top
    else:
        # Mode I holds 32 bits; files put 16 of them to use.
        full = 65535.0 if top <= 65535 else top
    return _grey_to_rgb(np.clip(np.rint(grey * (255.0 / full)), 0, 255).astype(np.uint8))


def _grey_to_rgb(grey: RGB) -> RGB:
    return np.repeat(grey[:, :, None], 3, axis=2)


def _from_array(array: NDArray[Any], max_pixels: int) -> RGB:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise ImageError(f"expected an array of shape (H, W), (H, W, 3) or (H, W, 4), got {array.shape}")
    _check_size(array.shape[1], array.shape[0], "the array", max_pixels)
    eight = _to_eight_bits(array)
    if eight.ndim == 2:
        return _grey_to_rgb(eight)
    if eight.shape[2] == 4:
        alpha = eight[:, :, 3:].astype(np.uint16)
        mixed = (eight[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255
        return mixed.astype(np.uint8)
    return np.ascontiguousarray(eight)


def _to_eight_bits(array: NDArray[Any]) -> RGB:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint16:
        return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if array.dtype.kind == "f":
        low, high = float(np.min(array)), float(np.max(array))
        if low < 0.0 or not high <= 1.0:
            raise ImageError(f"expected floats from 0 to 1 in the array, got {low:g} to {high:g}")
        return np.rint(array * 255.0).astype(np.uint8)
    raise ImageError(f"expected an array of uint8, uint16, bool or floats from 0 to 1, got {array.dtype}")
