"""Grey files in place of photos that failed, for pipelines that need a file per row; never taken for photos."""

from __future__ import annotations

import io
from pathlib import Path

MARK = b"hybridml placeholder"
"""What every placeholder ends with, after the image proper: it is known as one even without its status table."""

LARGEST = 4096
"""Bytes above which a file is no placeholder."""

_SIDE = 100
_GREY = (128, 128, 128)
_FORMATS = {".png": "PNG", ".gif": "GIF", ".webp": "WEBP"}


def placeholder(name: str) -> bytes:
    """Return a grey image in the format that a file's name stands for, else as JPEG."""
    from PIL import Image

    content = io.BytesIO()
    Image.new("RGB", (_SIDE, _SIDE), _GREY).save(content, _FORMATS.get(Path(name).suffix.lower(), "JPEG"))
    return content.getvalue() + MARK


def is_placeholder(path: Path) -> bool:
    """Return whether a file is a placeholder; False where it cannot be read."""
    try:
        if not len(MARK) < path.stat().st_size <= LARGEST:
            return False
        return path.read_bytes().endswith(MARK)
    except OSError:
        return False
