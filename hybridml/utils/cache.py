"""The cache on disk: files made once per machine and then reused, such as lighter copies of networks."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

from . import files

log = logging.getLogger(__name__)


def folder() -> Path:
    """Return the folder of the cache: the environment variable HYBRIDML_CACHE, or the user's cache folder."""
    from platformdirs import user_cache_path

    own = os.environ.get("HYBRIDML_CACHE")
    return Path(own) if own else user_cache_path("hybridml")


def made_once(name: str, depends_on: str, make: Callable[[Path], None]) -> Path:
    """Return a file of the cache; unless it is there, ``make`` writes its content to the path that it is given.

    ``name`` is a file name with its suffix, and ``depends_on`` states everything that the content depends on: each such
    text has a file of its own. The file appears whole or not at all.
    """
    plain = Path(name)
    path = folder() / f"{plain.stem}-{hashlib.sha256(depends_on.encode()).hexdigest()[:16]}{plain.suffix}"
    if not path.is_file():
        log.info("making %s, once: %s", name, path)
        with files.atomic(path) as temporary:
            make(temporary)
    return path
