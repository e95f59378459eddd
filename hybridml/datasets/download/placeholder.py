"""Placeholders: grey images in place of failed photos, for pipelines that need a file per row; never read as photos."""

from __future__ import annotations

import io
from pathlib import Path

MARK = b"hybridml placeholder"
"""The last bytes of every placeholder, by which it is recognised even without the status table."""

MAX_BYTES_OF_PLACEHOLDER = 4096
"""Bytes above which a file is no placeholder."""

_SIDE = 100
_GREY = (128, 128, 128)
_FORMATS = {".png": "PNG", ".gif": "GIF", ".webp": "WEBP"}


def placeholder(name: str) -> bytes:
    """Return a grey image in the format of a file name's suffix, JPEG by default."""
    from PIL import Image

    content = io.BytesIO()
    Image.new("RGB", (_SIDE, _SIDE), _GREY).save(content, _FORMATS.get(Path(name).suffix.lower(), "JPEG"))
    return content.getvalue() + MARK


def is_placeholder(path: Path) -> bool:
    """Return whether a file is a placeholder; False where it cannot be read."""
    try:
        return len(MARK) < path.stat().st_size <= MAX_BYTES_OF_PLACEHOLDER and path.read_bytes().endswith(
            MARK
        )
    except OSError:
        return False
