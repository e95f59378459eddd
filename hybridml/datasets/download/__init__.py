"""From links to photos on disk: politely, safely, and known as failed where it failed.

``status`` is read by whatever looks for photos; the rest needs the extra ``download`` and is imported when used.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from hybridml.utils.optional import missing

from .settings import Settings as Settings

if TYPE_CHECKING:
    from .run import Report


def download(
    links: Iterable[str], images: str | Path, settings: Settings | None = None, progress: bool = True
) -> Report:
    """Fetch the photos of links that the folder ``images`` does not have yet.

    Parameters
    ----------
    links : iterable of str
        URLs and paths; one that is there twice is fetched once.
    images : path
        The folder; made when it is not there. Beside the photos lies the status table ``download.csv``.
    settings : Settings, optional
        How to fetch.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Report

    Raises
    ------
    HybridmlError
        When the folder cannot be written to, or another download is at work in it. What was done is kept.
    """
    try:
        from . import run
    except ImportError as error:
        raise missing("downloading", str(error.name), error, "download") from None
    return run.run(links, Path(images), settings or Settings(), progress)
