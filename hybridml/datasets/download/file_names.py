"""The file that the photo of each link becomes, where several links end in one name."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePath

from hybridml.datasets.links import LONGEST_NAME, image_name, is_url
from hybridml.errors import RowsError

from .status import FAULTS, JOURNAL, LOCK, PART, TABLE

RESERVED = frozenset({TABLE, JOURNAL, FAULTS, LOCK})


def assign(links: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Return the name of the file that each link's photo is written to; no two URLs share one.

    The first URL that ends in a name has it, and each further one that name with a hash of its own added. A path
    has its base name, whoever else has it: it says where a photo lies, and claims none.

    Parameters
    ----------
    links : iterable of str
        All with a base name.
    known : mapping of str to str
        Link to file, from earlier runs; what a link had it keeps.

    Examples
    --------
    >>> assign(["https://x.org/a.jpg", "https://y.org/a.jpg", "b.jpg"], {})
    {'https://x.org/a.jpg': 'a.jpg', 'https://y.org/a.jpg': 'a-6e19081c.jpg', 'b.jpg': 'b.jpg'}
    """
    named: dict[str, str] = {}
    taken: set[str] = set()
    for link, file in known.items():
        if is_url(link) and file not in taken and _is_own(link, file, taken):
            named[link] = file
            taken.add(file)
    for link in links:
        if link not in named:
            base = image_name(link)
            if is_url(link):
                free = base not in taken and base not in RESERVED and not base.startswith(PART)
                base = base if free else _distinct(link, taken)
                taken.add(base)
            named[link] = base
    return named


def _is_own(link: str, file: str, taken: Collection[str]) -> bool:
    """Return whether a file has a link's own name: a link may have the file of another with the same photo."""
    try:
        return file == image_name(link) or file == _distinct(link, taken)
    except RowsError:
        return False


def _distinct(link: str, taken: Collection[str]) -> str:
    base = PurePath(image_name(link))
    digest = hashlib.sha256(link.encode(errors="surrogatepass")).hexdigest()
    for length in (8, 16, 64):
        end = f"-{digest[:length]}{base.suffix}"
        room = LONGEST_NAME - len(end.encode(errors="surrogatepass"))
        if room < 1:  # a suffix of hundreds of letters is none
            end, room = f"-{digest[:length]}", LONGEST_NAME - length - 1
        name = _cut(base.stem.lstrip("."), room) + end
        if name not in taken:
            break
    return name


def _cut(text: str, room: int) -> str:
    """Return as much of a text as takes ``room`` bytes."""
    while len(text.encode(errors="surrogatepass")) > room:
        text = text[:-1]
    return text
