"""What came in answer to a request: a photo, or what else."""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import dataclass
from pathlib import Path

from hybridml.datasets.images import decode
from hybridml.errors import HybridmlError, ImageError

from .failure import FetchError

SHOWN = 80
"""Characters of a server's text that a message repeats."""

_HEAD = 4096
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_PAGE = re.compile(r"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Received:
    """A body that was received whole, as far as can be told.

    Parameters
    ----------
    http_status : int
        Of the answer.
    content_type : str
        What the server calls it; may be empty.
    bytes : int
        How many.
    sha256 : str
        Of the bytes.
    counted : bool
        Whether the server said how long it is; where it did not, a body cut short looks like a whole one.
    """

    http_status: int
    content_type: str
    bytes: int
    sha256: str
    counted: bool


class Sink:
    """Writes a body to a file as it comes, and counts it.

    Parameters
    ----------
    path : Path
        The file.
    max_bytes : int
        The most that is taken.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.bytes = 0
        self._path = path
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()

    def __enter__(self) -> Sink:
        try:
            self._file = open(self._path, "wb")
        except OSError as error:
            raise self._unwritable(error) from None
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._file.close()
        except OSError as error:
            raise self._unwritable(error) from None

    def write(self, chunk: bytes, http_status: int) -> None:
        """Write what came next."""
        self.bytes += len(chunk)
        if self.bytes > self._max_bytes:
            raise too_large(f"more than {self._max_bytes:,} bytes came", self._max_bytes, http_status)
        self._hash.update(chunk)
        try:
            self._file.write(chunk)
        except OSError as error:
            raise self._unwritable(error) from None

    @property
    def sha256(self) -> str:
        """The hash of what was written."""
        return self._hash.hexdigest()

    def _unwritable(self, error: OSError) -> HybridmlError:
        return HybridmlError(
            f"cannot write below {self._path.parent}: {error.strerror}; make room or name another folder, "
            "and give the same command again"
        )


def too_large(what: str, max_bytes: int, http_status: int) -> FetchError:
    """Return the failure of a body over the limit."""
    return FetchError(f"too large: {what}, the limit is {max_bytes:,} (--max-bytes)", http_status)


def check_photo(path: Path, body: Received) -> str:
    """Decode what was received; return what is odd about it.

    Raises
    ------
    FetchError
        When it is no photo; says what it is.
    """
    if not body.bytes:
        raise FetchError("an empty body, not a photo", body.http_status, again=True)
    try:
        decode(path)
    except ImageError as error:
        kind = body.content_type or "no content type"
        with open(path, "rb") as file:
            page = _page(file.read(_HEAD), kind)
        if page:
            raise FetchError(page, body.http_status) from None
        cause = str(error).removeprefix(f"{path}: ")
        raise FetchError(
            f"not a photo: {body.bytes:,} bytes, {kind}, {one_line(cause)}",
            body.http_status,
            not body.counted,
        ) from None
    odd = body.content_type and not body.content_type.startswith("image/")
    return f"a photo, but sent as {body.content_type}" if odd else ""


def _page(head: bytes, kind: str) -> str:
    """Return what text came in place of a photo, empty when it is none."""
    text = head.decode("utf-8", errors="replace")
    if _PAGE.match(text) or kind == "text/html":
        title = _TITLE.search(text)
        return f"a text/html page, not a photo: '{one_line(html.unescape(title[1]) if title else text)}'"
    if kind.startswith("text/") or kind in ("application/json", "application/xml"):
        return f"{kind}, not a photo: '{one_line(text)}'"
    return ""


def one_line(text: str, length: int = SHOWN) -> str:
    """Return text from outside as one short, printable line.

    Examples
    --------
    >>> one_line("  not \\n found\\x1b[2J  ")
    'not found?[2J'
    """
    line = "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
    return line if len(line) <= length else f"{line[: length - 3]}..."
