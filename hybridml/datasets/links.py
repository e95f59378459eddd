"""The file name of a photo, derived from its link."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from hybridml.errors import RowsError

LONGEST_NAME = 255
"""Bytes that a file's name may have on common file systems."""

_FORBIDDEN = re.compile(r"[/\\\x00-\x1f\x7f]")
_QUERY = re.compile(r"[?#]")


def is_url(link: str) -> bool:
    """Return whether a link is a URL rather than a path.

    Examples
    --------
    >>> is_url("https://example.org/a.jpg"), is_url("photos/a.jpg")
    (True, False)
    """
    return "://" in link


def image_name(link: str) -> str:
    """Return the base name under which the photo of a link lies in the images folder.

    Parameters
    ----------
    link : str
        A URL, whose query is left out and whose percent encoding is decoded, or a path.

    Raises
    ------
    RowsError
        When there is no base name, or one that could lead out of the folder.

    Examples
    --------
    >>> image_name("https://example.org/images/I/21%2Bi5.jpg?width=300")
    '21+i5.jpg'
    >>> image_name("photos/chair 1.png")
    'chair 1.png'
    >>> image_name("https://example.org/..%2Fsecret.jpg")
    Traceback (most recent call last):
    ...
    hybridml.errors.RowsError: the link 'https://example.org/..%2Fsecret.jpg' names the file ...
    """
    scheme, separator, rest = link.strip().partition("://")
    if separator:
        path = _QUERY.split(rest, maxsplit=1)[0].partition("/")[2]
        name = path.rpartition("/")[2]
        if "%" in name:
            try:
                name = unquote(name, errors="strict")
            except UnicodeDecodeError:
                raise RowsError(
                    f"the link {link!r} has percent signs that are not UTF-8; correct it"
                ) from None
    else:
        name = re.split(r"[/\\]", scheme)[-1]
    if not name or name == ".":
        raise RowsError(f"the link {link!r} names no file; expected one that ends in a file's name")
    if name == ".." or _FORBIDDEN.search(name):
        raise RowsError(
            f"the link {link!r} names the file {name!r}, which may lie outside the images folder; "
            "expected a plain file name"
        )
    if len(name.encode(errors="surrogatepass")) > LONGEST_NAME:
        raise RowsError(
            f"the link {link[:60]!r}... names a file of more than {LONGEST_NAME} bytes; shorten it"
        )
    return name


def image_names(links: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the base name of each different link, and what is wrong with each link that has none.

    Examples
    --------
    >>> image_names(["photos/a.jpg", "photos/a.jpg", "photos/"])
    ({'photos/a.jpg': 'a.jpg'}, {'photos/': "the link 'photos/' names no file; expected ..."})
    """
    names: dict[str, str] = {}
    nameless: dict[str, str] = {}
    for link in dict.fromkeys(links):
        try:
            names[link] = image_name(link)
        except RowsError as error:
            nameless[link] = str(error)
    return names, nameless
