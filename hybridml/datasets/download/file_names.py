"""The assignment of file names to links, several of which may end in the same name."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePath

from hybridml.datasets.links import LONGEST_NAME, image_name, is_url
from hybridml.errors import RowsError

from .status import FAULTS, JOURNAL, LOCK, PART, TABLE

RESERVED = frozenset({TABLE, JOURNAL, FAULTS, LOCK})


def assign_files(links: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Return the name of the file that each link's photo is written to; no two URLs share one.

    The first URL that ends in a name gets it, and each further one gets that name with a hash of the URL added. A path
    keeps its base name, even if a URL has it too: a path says where a photo already lies.

    Parameters
    ----------
    links : iterable of str
        All with a base name.
    known : mapping of str to str
        Link to file from earlier runs; links keep these files.

    Examples
    --------
    >>> assign_files(["https://x.org/a.jpg", "https://y.org/a.jpg", "b.jpg"], {})
    {'https://x.org/a.jpg': 'a.jpg', 'https://y.org/a.jpg': 'a-6e19081c.jpg', 'b.jpg': 'b.jpg'}
    """
    assigned: dict[str, str] = {}
    taken: set[str] = set()
    for link, file in known.items():
        if is_url(link) and file not in taken and _is_own(link, file, taken):
            assigned[link] = file
            taken.add(file)
    for link in links:
        if link not in assigned:
            name = image_name(link)
            if is_url(link):
                if name in taken or name in RESERVED or name.startswith(PART):
                    name = _with_hash(link, taken)
                taken.add(name)
            assigned[link] = name
    return assigned


def _is_own(link: str, file: str, taken: Collection[str]) -> bool:
    """Return whether a file is named after a link; a link may also share the file of another with the same photo."""
    try:
        return file == image_name(link) or file == _with_hash(link, taken)
    except RowsError:
        return False


def _with_hash(link: str, taken: Collection[str]) -> str:
    """Return the base name of a link with a hash of the link added, long enough to be free."""
    base = PurePath(image_name(link))
    digest = hashlib.sha256(link.encode(errors="surrogatepass")).hexdigest()
    for length in (8, 16, 64):
        end = f"-{digest[:length]}{base.suffix}"
        room = LONGEST_NAME - len(end.encode(errors="surrogatepass"))
        if room < 1:  # hundreds of letters after a dot are no suffix
            end, room = f"-{digest[:length]}", LONGEST_NAME - length - 1
        stem = base.stem.lstrip(".").encode(errors="surrogatepass")
        name = stem[:room].decode(errors="ignore") + end
        if name not in taken:
            break
    return name
