"""The files of photos: sizes, formats, faults and exact duplicates, without decoding any pixel."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from hybridml.datasets.images import allowed_formats, fingerprint, pillow
from hybridml.errors import ImageError

from .counts import labelled, quantiles
from .label_checks import differing

THREADS = 8
_COLUMNS = ("photo", "problem", "format", "width", "height", "bytes", "sha256")


def inspect(
    paths: Mapping[str, Path | None], causes: Mapping[str, str] | None = None, progress: bool = False
) -> pd.DataFrame:
    """Return one line per photo: what its header says, and what is wrong with it.

    Both mappings are by the name of the photo: ``paths`` has its file, None where there is none, and ``causes`` the
    reason why it is missing. Columns are ``photo, problem, format, width, height, bytes, sha256``; ``problem`` is blank
    if there is none. MissingExtraError is raised without Pillow.
    """
    pillow("looking at photos", "explore")
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
    return pd.DataFrame(
        {"what": what, "n": len(column)} | quantiles(column, (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0))
        for what, column in columns.items()
        if len(column)
    )


def duplicates(photos: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return the photos of :func:`inspect` with the same bytes under different names.

    Columns are ``photos, rows, conflicts, names``; ``conflicts`` counts entities with different labels among the rows.
    """
    hashed = photos[photos["sha256"] != ""]
    same = hashed[hashed["sha256"].duplicated(keep=False)]
    rows = table[table["photo"].isin(same["photo"])].merge(same[["photo", "sha256"]], on="photo")
    some = rows[labelled(rows)]
    conflicts = some[differing(some, ["sha256", "entity"])].groupby("sha256")["entity"].nunique()
    count = rows["sha256"].value_counts()
    records = [
        (len(copies), int(count.get(sha, 0)), int(conflicts.get(sha, 0)), " ".join(copies["photo"]))
        for sha, copies in same.groupby("sha256", sort=False)
    ]
    return pd.DataFrame(records, columns=["photos", "rows", "conflicts", "names"])


def _inspected(name: str, path: Path) -> tuple[object, ...]:
    image_module = pillow()
    size, sha = np.nan, ""
    try:
        size, sha = os.path.getsize(path), fingerprint(path)
        with image_module.open(path, formats=allowed_formats()) as image:
            width, height, kind = image.width, image.height, str(image.format)
    except (OSError, ValueError, SyntaxError, ImageError, image_module.DecompressionBombError) as error:
        return name, _cause(error, size), "", np.nan, np.nan, size, sha
    return name, _truncation(path, kind), kind, width, height, size, sha


def _cause(error: Exception, size: float) -> str:
    if size == 0:
        return "empty file"
    if type(error).__name__ == "UnidentifiedImageError":
        return "no photo in a known format"
    return f"{type(error).__name__}: {error}"


def _truncation(path: Path, kind: str) -> str:
    """Return a message if the last bytes of a JPEG or PNG lack its end marker, else ""."""
    marker = {"JPEG": b"\xff\xd9", "PNG": b"IEND"}.get(kind)
    if not marker:
        return ""
    with open(path, "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - 4096))
        return "" if marker in file.read() else f"truncated: the {kind} has no end"
