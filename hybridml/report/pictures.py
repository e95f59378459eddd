"""The report's own copies of photos: small enough to page through, named by content, never by a file's own name."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from hybridml.datasets.images import decode
from hybridml.errors import ImageError
from hybridml.utils.files import atomic
from hybridml.utils.optional import require

PHOTO_SIDE = 800
"""Longest side of a photo's copy, in pixels, by default."""

THUMB_SIDE = 160
JPEG_QUALITY = 82
NAME_LENGTH = 20
"""Characters of a content key that name a picture: 80 bits."""

_OWN_NAME = re.compile(r"[0-9a-f]{20}(-\d+)?\.jpg")


def photo_file(key: str, side: int) -> str:
    """Return where a photo's copy lies, from the report's folder.

    Examples
    --------
    >>> photo_file("0123456789abcdef0123456789abcdef", 800)
    'photos/0123456789abcdef0123-800.jpg'
    """
    return f"photos/{key[:NAME_LENGTH]}-{side}.jpg"


def thumb_file(key: str) -> str:
    """Return where a photo's thumbnail lies, from the report's folder."""
    return f"thumbs/{key[:NAME_LENGTH]}.jpg"


def write_pictures(
    paths: Mapping[str, Path], folder: Path, side: int = PHOTO_SIDE, progress: bool = False
) -> dict[str, str]:
    """Write a copy and a thumbnail of each photo, as JPEG; those that an earlier report left are kept.

    Parameters
    ----------
    paths : mapping of content key to path
        The photos; pictures of others are removed from the folder.
    folder : Path
        The report's folder.
    side : int
        Longest side of a copy, in pixels; smaller photos keep their size.
    progress : bool
        Show a progress bar.

    Returns
    -------
    dict of key to str
        What is wrong with the photos that have no picture.
    """
    require("pictures of photos", ["PIL"], "report")
    # Pillow decodes, scales and encodes outside Python's lock
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        written = pool.map(lambda key: _write(key, paths[key], folder, side), paths)
        bar = tqdm(written, "photos", len(paths), unit="photo", disable=not progress)
        problems = {key: problem for key, problem in zip(paths, bar, strict=True) if problem}
    wanted = {folder / name for key in paths for name in (photo_file(key, side), thumb_file(key))}
    for earlier in (*folder.glob("photos/*.jpg"), *folder.glob("thumbs/*.jpg")):
        if _OWN_NAME.fullmatch(earlier.name) and earlier not in wanted:
            earlier.unlink()
    return problems


def _write(key: str, path: Path, folder: Path, side: int) -> str:
    """Write the pictures of one photo; return what is wrong with it."""
    from PIL import Image

    photo, thumb = folder / photo_file(key, side), folder / thumb_file(key)
    if photo.is_file() and thumb.is_file():
        return ""
    try:
        image = Image.fromarray(decode(path))
    except ImageError as error:
        return str(error).replace(str(path), path.name)
    for target, longest in ((photo, side), (thumb, THUMB_SIDE)):
        image.thumbnail((longest, longest), reducing_gap=2.0)
        with atomic(target) as temporary:
            image.save(temporary, "JPEG", quality=JPEG_QUALITY)
    return ""
