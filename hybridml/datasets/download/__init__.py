"""The downloader: fetches the photos of links politely and safely, and records what came of each link.

``status`` and ``placeholder`` need nothing beyond the base install; the rest needs the extra ``download`` and is
imported on first use.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from hybridml.utils.optional import missing

from .settings import DownloadSettings as DownloadSettings

if TYPE_CHECKING:
    from .run import DownloadReport


def download(
    links: Iterable[str], images: str | Path, settings: DownloadSettings | None = None, progress: bool = True
) -> DownloadReport:
    """Fetch the photos of links that the folder ``images`` does not have yet.

    Parameters
    ----------
    links : iterable of str
        URLs and paths; duplicates are fetched once.
    images : path
        The folder, created if necessary. The status table ``download.csv`` lies beside the photos.
    settings : DownloadSettings, optional
        How to fetch.
    progress : bool
        Show a progress bar.

    Returns
    -------
    DownloadReport

    Raises
    ------
    HybridmlError
        When the folder cannot be written to, or another download is running in it. Finished photos are kept.
    """
    try:
        from . import run
    except ImportError as error:
        raise missing("downloading", str(error.name), error, "download") from None
    return run.run(links, Path(images), settings or DownloadSettings(), progress)
