"""Safe decoding of untrusted photos into one form: uint8 RGB arrays, upright, on white."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from contextlib import suppress
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

VERSION = 1
"""A setting of every vision stage; increase it when a file decodes to other pixels or is no longer accepted."""

MAX_PIXELS = 64_000_000
"""More than a 50-megapixel camera takes; 192 MB once decoded."""

# the formats that shops serve; others would start programs (EPS) or only widen the attack surface
FORMATS = ("JPEG", "MPO", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM")
_EMPTY = "is empty (0 bytes); fetch it again"


def decode(source: str | os.PathLike[str] | bytes | Image | NDArray[Any], name: str = "") -> RGB:
    """Decode a photo into an array.

    Every polygon and box in hybridml is in pixels of this array. The photo is turned upright by its EXIF orientation;
    transparent pixels are blended with white; of an animation the first frame is taken; 16-bit samples are scaled to
    8 bits; CMYK is converted as ``(1 - C)(1 - K)`` without colour profiles, and Adobe's inverted JPEGs are recognised.
    Photos of more than :data:`MAX_PIXELS` are refused before they are decoded.

    Parameters
    ----------
    source : path, bytes, PIL image or array
        The file, its content, or a decoded image. Arrays are ``(H, W)``, ``(H, W, 1)``, ``(H, W, 3)`` or
        ``(H, W, 4)`` in RGB order, of ``uint8``, ``uint16``, ``bool``, or floats from 0 to 1.
    name : str
        What errors call a photo given as bytes: its path.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        RGB.

    Raises
    ------
    ImageError
        When the photo cannot be decoded; the message names the file and the cause.

    Examples
    --------
    >>> import numpy as np
    >>> decode(np.zeros((4, 6), dtype=bool)).shape
    (4, 6, 3)
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, str | os.PathLike) or is_remote(source):
        path = path_of(source)
        if not is_remote(path):
            return _from_file(path)
        source, name = _fetched(path), str(path)
    image_module = pillow()
    if isinstance(source, bytes | bytearray | memoryview):
        if not source:
            raise ImageError(f"{name}: {_EMPTY}" if name else "photo of 0 bytes: nothing to decode")
        return _open(io.BytesIO(source), name or f"photo of {len(source):,} bytes")
    if isinstance(source, image_module.Image):
        return _guarded(source, "the PIL image")
    raise ImageError(f"expected a path, bytes, a PIL image or an array, got {type(source).__name__}")


def fingerprint(path: str | os.PathLike[str]) -> str:
    """Return the key of a photo in the feature store: the SHA-256 of its bytes as 64 hexadecimal digits.

    Raises
    ------
    ImageError
        When the file cannot be read.
    """
    path = path_of(path)
    if is_remote(path):
        return hashlib.sha256(_fetched(path)).hexdigest()
    return sha256_of(path, ImageError)


def _fetched(path: Path) -> bytes:
    try:
        return content(path)
    except OSError as error:
        raise ImageError(f"{path}: {_reason(error)}") from None


def pillow(what: str = "decoding photos", extra: str = "read") -> Any:
    """Return the module ``PIL.Image``; an error says what needs it and how to install it."""
    try:
        from PIL import Image
    except ImportError as error:
        raise missing(what, "Pillow", error, extra) from None
    Image.init()
    return Image


def allowed_formats() -> list[str]:
    """Return the formats of :data:`FORMATS` that the installed Pillow can open."""
    return [name for name in FORMATS if name in pillow().OPEN]


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _from_file(path: Path) -> RGB:
    try:
        if path.is_dir():
            raise ImageError(f"{path}: is a folder, not a photo")
        if path.exists() and not path.is_file():
            raise ImageError(f"{path}: is not a regular file")
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                raise ImageError(f"{path}: {_EMPTY}")
            return _open(file, str(path))
    except OSError as error:
        raise ImageError(f"{path}: {_reason(error)}") from None
    except ValueError as error:  # a NUL in the name
        raise ImageError(f"{path!r}: {error}") from None


def _open(file: Any, name: str) -> RGB:
    image_module, formats = pillow(), allowed_formats()
    try:
        with warnings.catch_warnings():
            # Pillow warns about large photos; our own, lower limit is checked right below
            warnings.simplefilter("ignore", image_module.DecompressionBombWarning)
            image = image_module.open(file, formats=formats)
    except image_module.UnidentifiedImageError:
        raise ImageError(f"{name}: is not a photo in a known format ({', '.join(formats)})") from None
    except image_module.DecompressionBombError as error:
        raise ImageError(f"{name}: refused before decoding: {error}") from None
    except Exception as error:
        raise ImageError(f"{name}: cannot be opened: {str(error) or type(error).__name__}") from error
    with image:
        return _guarded(image, name)


def _guarded(image: Image, name: str) -> RGB:
    _check_size(*image.size, name)
    try:
        return _to_rgb(image)
    except MemoryError:  # the machine's fault, not the photo's
        raise
    except Exception as error:  # decoders of damaged files raise nearly anything
        raise ImageError(f"{name}: cannot be decoded: {str(error) or type(error).__name__}") from error


def _check_size(width: int, height: int, name: str) -> None:
    if width < 1 or height < 1:
        raise ImageError(f"{name}: has no pixels ({width} x {height})")
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"{name}: refused before decoding: {width:,} x {height:,} pixels are more than the {MAX_PIXELS:,} allowed"
        )


def _to_rgb(image: Image) -> RGB:
    from PIL import ImageOps

    image.seek(0)
    image.load()
    with suppress(Exception):  # a photo with damaged EXIF data is decoded as it is
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        return _from_samples(np.asarray(image))
    if image.has_transparency_data or image.mode in {"RGBa", "La"}:
        image = _on_white(image)
    return np.array(image.convert("RGB"), dtype=np.uint8)


def _on_white(image: Image) -> Image:
    image_module = pillow()
    if image.mode == "La":
        image = image.convert("LA")
    rgba = image.convert("RGBA")
    white = image_module.new("RGBA", rgba.size, (255, 255, 255, 255))
    return image_module.alpha_composite(white, rgba)


def _from_samples(samples: NDArray[Any]) -> RGB:
    """Return grey samples of more than 8 bits, whose range is not stated, as RGB."""
    grey = np.nan_to_num(samples.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    top = float(grey.max(initial=0.0))
    # integers in files have 16 bits, whatever the mode holds
    ranges = (1.0, 255.0) if samples.dtype.kind == "f" else (65535.0,)
    full = next((limit for limit in ranges if top <= limit), top)
    return _grey_to_rgb(np.clip(np.rint(grey * (255.0 / full)), 0, 255).astype(np.uint8))


def _grey_to_rgb(grey: RGB) -> RGB:
    return np.repeat(grey[:, :, None], 3, axis=2)


def _from_array(array: NDArray[Any]) -> RGB:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise ImageError(f"expected an array of shape (H, W), (H, W, 3) or (H, W, 4), got {array.shape}")
    _check_size(array.shape[1], array.shape[0], "the array")
    eight = _to_eight_bits(array)
    if eight.ndim == 2:
        return _grey_to_rgb(eight)
    if eight.shape[2] == 4:
        return _to_rgb(pillow().fromarray(eight))
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
