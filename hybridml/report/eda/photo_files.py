"""The photos' files: sizes, formats, faults and exact duplicates; headers are read, pixels are not."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from hybridml.datasets.images import FORMATS, fingerprint
from hybridml.errors import ImageError
from hybridml.utils.optional import missing

from .counts import labelled
from .oddities import differing

THREADS = 8
_COLUMNS = ("photo", "problem", "format", "width", "height", "bytes", "sha256")
_END_OF_JPEG = b"\xff\xd9"


def inspect(
    paths: Mapping[str, Path | None], causes: Mapping[str, str] | None = None, progress: bool = False
) -> pd.DataFrame:
    """Return one line per photo: what its header says, and what is wrong with it.

    Parameters
    ----------
    paths : mapping of name to path or None
        Where each photo lies.
    causes : mapping of str to str, optional
        Photo name to why it is missing.
    progress : bool
        Show a progress bar.

    Returns
    -------
    data frame
        ``photo, problem, format, width, height, bytes, sha256``; ``problem`` is blank where all is well.

    Raises
    ------
    MissingExtraError
        Without Pillow.
    """
    _pillow()
    causes = causes or {}
    known = {name: path for name, path in paths.items() if path is not None}
    with ThreadPoolExecutor(THREADS) as pool:
        found = pool.map(_inspected, known, known.values())
        records = list(tqdm(found, "photos", total=len(known), disable=not progress, unit="photo"))
    records += [
        (name, f"missing: {causes[name]}" if name in causes else "missing", "", np.nan, np.nan, np.nan, "")
        for name, path in paths.items()
        if path is None
    ]
    return pd.DataFrame(records, columns=list(_COLUMNS))


def summary(photos: pd.DataFrame) -> pd.DataFrame:
    """Return how many photos are there, missing, faulty, and of each format."""
    missing = photos["problem"].str.startswith("missing")
    counts = {
        "present": int((~missing).sum()),
        "missing": int(missing.sum()),
        "undecodable or truncated": int(((photos["problem"] != "") & ~missing).sum()),
    }
    formats = photos.loc[photos["format"] != "", "format"].value_counts()
    counts |= {f"format {name}": int(count) for name, count in formats.items()}
    return pd.DataFrame({"what": list(counts), "photos": list(counts.values())})


def problems(photos: pd.DataFrame) -> pd.DataFrame:
    """Return the photos that are missing or faulty."""
    return photos.loc[photos["problem"] != "", ["photo", "problem"]].reset_index(drop=True)


def sizes(photos: pd.DataFrame) -> pd.DataFrame:
    """Return quantiles of width, height, megapixels, aspect and file size."""
    whole = photos[photos["width"].notna()]
    width, height = whole["width"].astype(float), whole["height"].astype(float)
    columns = {
        "width (px)": width,
        "height (px)": height,
        "megapixels": width * height / 1e6,
        "aspect (width / height)": width / height,
        "file size (kB)": whole["bytes"].astype(float) / 1000,
    }
    points = {"least": 0.0, "p5": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95, "most": 1.0}
    records = [
        {"what": what, "n": len(column)} | {name: float(column.quantile(q)) for name, q in points.items()}
        for what, column in columns.items()
        if len(column)
    ]
    return pd.DataFrame(records, columns=["what", "n", *points])


def duplicates(photos: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return the photos that have the same bytes under different names.

    Parameters
    ----------
    photos : data frame
        From :func:`inspect`.
    table : data frame
        From :func:`hybridml.report.eda.facts.facts`.

    Returns
    -------
    data frame
        ``photos, rows, conflicts, names``; ``conflicts`` counts entities with different labels among the rows.
    """
    hashed = photos[photos["sha256"] != ""]
    same = hashed[hashed["sha256"].duplicated(keep=False)]
    rows = table[table["photo"].isin(same["photo"])].merge(same[["photo", "sha256"]], on="photo")
    told = rows[labelled(rows)]
    conflicts = told[differing(told, ["sha256", "entity"])].groupby("sha256")["entity"].nunique()
    count = rows["sha256"].value_counts()
    records = [
        (len(some), int(count.get(sha, 0)), int(conflicts.get(sha, 0)), " ".join(some["photo"]))
        for sha, some in same.groupby("sha256", sort=False)
    ]
    return pd.DataFrame(records, columns=["photos", "rows", "conflicts", "names"])


def _inspected(name: str, path: Path) -> tuple[object, ...]:
    from PIL import Image

    size, sha = np.nan, ""
    try:
        size, sha = os.path.getsize(path), fingerprint(path)
        with Image.open(path, formats=[f for f in FORMATS if f in Image.OPEN]) as image:
            width, height, kind = image.width, image.height, str(image.format)
    except (OSError, ValueError, SyntaxError, ImageError, Image.DecompressionBombError) as error:
        return name, _cause(error, size), "", np.nan, np.nan, size, sha
    return name, _truncation(path, kind), kind, width, height, size, sha


def _cause(error: Exception, size: float) -> str:
    if size == 0:
        return "empty file"
    if type(error).__name__ == "UnidentifiedImageError":
        return "no photo in a known format"
    return f"{type(error).__name__}: {error}"


def _truncation(path: Path, kind: str) -> str:
    """Return what tells that a JPEG or PNG was cut short: its last bytes lack the mark of the end."""
    mark = {"JPEG": _END_OF_JPEG, "PNG": b"IEND"}.get(kind)
    if not mark:
        return ""
    with open(path, "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - 4096))
        return "" if mark in file.read() else f"truncated: the {kind} has no end"


def _pillow() -> None:
    try:
        from PIL import Image
    except ImportError as error:
        raise missing("looking at photos", "Pillow", error, "explore") from None
    Image.init()
