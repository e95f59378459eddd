"""The body of a response: whether it is a photo, and if not, what it is."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path

from hybridml.datasets.images import decode
from hybridml.errors import ImageError

from .failure import FetchError

_QUOTED = 80
"""Characters of a server's text that a message quotes."""

_HEAD = 4096
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_PAGE = re.compile(r"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class ResponseBody:
    """A body that arrived completely, as far as can be known.

    Unless ``length_known`` says that the server announced its end, a truncated body looks like a complete one.
    """

    http_status: int
    content_type: str  # what the server calls it; may be empty
    bytes: int
    sha256: str
    length_known: bool


def check_photo(path: Path, body: ResponseBody) -> str:
    """Decode a body that was written to a file; return what is unusual about the photo, or an empty string.

    Raises
    ------
    FetchError
        When it is not a photo; says what it is.
    """
    if not body.bytes:
        raise FetchError("an empty body, not a photo", body.http_status, retry=True)
    try:
        decode(path)
    except ImageError as error:
        kind = body.content_type or "no content type"
        with open(path, "rb") as file:
            text = _text_problem(file.read(_HEAD), kind)
        if text:
            raise FetchError(text, body.http_status) from None
        cause = one_line(str(error).removeprefix(f"{path}: "))
        raise FetchError(
            f"not a photo: {body.bytes:,} bytes, {kind}, {cause}",
            body.http_status,
            retry=not body.length_known,
        ) from None
    if body.content_type and not body.content_type.startswith("image/"):
        return f"a photo, but sent as {body.content_type}"
    return ""


def _text_problem(head: bytes, kind: str) -> str:
    """Return what text arrived instead of a photo, or an empty string if it is not text."""
    text = head.decode("utf-8", errors="replace")
    if _PAGE.match(text) or kind == "text/html":
        title = _TITLE.search(text)
        return f"a text/html page, not a photo: '{one_line(html.unescape(title[1]) if title else text)}'"
    if kind.startswith("text/") or kind in ("application/json", "application/xml"):
        return f"{kind}, not a photo: '{one_line(text)}'"
    return ""


def one_line(text: str, length: int = _QUOTED) -> str:
    """Return text from outside as one short, printable line.

    Examples
    --------
    >>> one_line("  not \\n found\\x1b[2J  ")
    'not found?[2J'
    """
    line = "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
    return line if len(line) <= length else f"{line[: length - 3]}..."
