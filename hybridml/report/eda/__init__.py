"""What a person looks at first in a table of rows and its photos: tables, then text, then pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pandas as pd

from hybridml.datasets.csv_file import write_csv
from hybridml.datasets.download import status
from hybridml.datasets.photos import Images, folders, located
from hybridml.datasets.rows import RowFault
from hybridml.entities import EntitySchema
from hybridml.errors import HybridmlError, RowsError, StoreError
from hybridml.store.feature_store import FeatureStore
from hybridml.store.schema import Kind
from hybridml.utils.files import atomic

from . import counts, photo_files
from .facts import facts, read_table
from .oddities import oddities
from .page import html_page, text_of

__all__ = ["Exploration", "explore", "facts", "oddities", "text", "write"]

LINES = 25
PICTURES = ("rows.png", "values.png", "photos.png")
TABLES = (
    *("overview", "entities", "rows_per_group_and_photo", "largest_groups", "units", "values"),
    *("label_oddities", "row_faults", "photos", "photo_sizes", "photo_problems", "duplicate_photos"),
    *("download_failures", "reading_failures"),
)
PAGE = "index.html"
BESIDE = (*PICTURES, *(f"{name}.csv" for name in TABLES))
"""What :func:`write` writes beside the page, and removes of an earlier run."""

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Exploration:
    """What was found.

    Attributes
    ----------
    source : str
        The table of rows.
    facts : data frame
        One line per row; see :func:`hybridml.report.eda.facts.facts`.
    tables : dict of str to data frame
        By name, in the order to be shown; a table without lines is left out.
    photos : data frame or None
        One line per photo, where a folder with photos was given.
    """

    source: str
    facts: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    photos: pd.DataFrame | None = None


def explore(
    path: str | Path,
    schema: EntitySchema,
    images: Images | None = None,
    store: str | Path | None = None,
    progress: bool = False,
) -> Exploration:
    """Look at a table of rows and, where they are given, its photos and what reading failed.

    Parameters
    ----------
    path : path
        CSV of rows, or of labels without photos.
    schema : EntitySchema
        Entities and units.
    images : path or sequence of paths, optional
        Folders with the photos.
    store : path, optional
        A feature store.
    progress : bool
        Show a progress bar while photos are inspected.
    """
    frame, faults = read_table(path, schema, images)
    table = facts(frame, schema)
    tables = _of_rows(table, faults, schema)
    photos = None
    paths: Mapping[str, Path | None] = {name: None for name in table["photo"] if name}
    if images is not None:
        if "image_link" not in frame:
            raise RowsError(f"{path}: no column 'image_link', so no photos to look at; leave out --images")
        for folder in folders(images):
            if not folder.is_dir():
                raise HybridmlError(
                    f"no folder {folder}; name the one with the photos, or leave out --images"
                )
        where = located(frame, images)
        paths = where.paths
        photos = photo_files.inspect(paths, where.causes, progress)
        tables |= _of_photos(photos, table, images)
    if store is not None:
        tables["reading_failures"] = reading_failures(FeatureStore(store), paths)
    shown = {name: found for name, found in tables.items() if len(found)}
    return Exploration(str(path), table, shown, photos)


def _of_rows(
    table: pd.DataFrame, faults: Sequence[RowFault], schema: EntitySchema
) -> dict[str, pd.DataFrame]:
    return {
        "overview": counts.overview(table, faults),
        "entities": counts.entities(table),
        "rows_per_group_and_photo": counts.rows_per(table),
        "largest_groups": counts.top_groups(table),
        "units": counts.units(table, schema),
        "values": counts.values(table, schema),
        "label_oddities": oddities(table, schema),
        "row_faults": counts.row_faults(faults),
    }


def _of_photos(photos: pd.DataFrame, table: pd.DataFrame, images: Images) -> dict[str, pd.DataFrame]:
    return {
        "photos": photo_files.summary(photos),
        "photo_sizes": photo_files.sizes(photos),
        "photo_problems": photo_files.problems(photos),
        "duplicate_photos": photo_files.duplicates(photos, table),
        "download_failures": download_failures(images),
    }


def download_failures(images: Images) -> pd.DataFrame:
    """Return how many links a download could not fetch, by cause."""
    records = [r for folder in folders(images) for r in status.read(folder).values() if r.failed]
    causes = pd.Series([record.problem for record in records], dtype=object).value_counts()
    return pd.DataFrame({"problem": list(causes.index), "links": list(causes)})


def reading_failures(store: FeatureStore, paths: Mapping[str, Path | None]) -> pd.DataFrame:
    """Return the photos that a store records as failed, by any settings."""
    if not store.root.is_dir():
        raise StoreError(f"no feature store at {store.root}; name one that 'hybridml features' wrote")
    keys = store.known_keys(paths)
    records = []
    for kind in KINDS:
        for told in sorted((store.root / kind).glob("*/settings.json")):
            try:
                settings = json.loads(told.read_bytes())
            except (OSError, ValueError) as error:
                raise StoreError(f"{told}: damaged ({error}); run 'hybridml features' again") from None
            errors = store.table(kind, settings).errors()
            records += [(name, kind, errors[key]) for name, key in keys.items() if key in errors]
    return pd.DataFrame(records, columns=["photo", "table", "problem"])


def text(found: Exploration) -> str:
    """Return the tables as text, the first lines of each."""
    parts = []
    for name, table in found.tables.items():
        shown = table.head(LINES)
        cells = pd.DataFrame({c: [text_of(v) for v in shown[c].tolist()] for c in shown.columns})
        cells = cells.map(lambda cell: cell if len(cell) <= 70 else f"{cell[:67]}...")
        more = f"\n... {len(table) - LINES:,} more" if len(table) > LINES else ""
        parts.append(f"{name.replace('_', ' ')}\n{cells.to_string(index=False)}{more}")
    return "\n\n".join(parts)


def write(found: Exploration, schema: EntitySchema, out: str | Path, plots: bool = True) -> Path:
    """Write every table as CSV, the pictures as PNG, and ``index.html``; return the page.

    Raises
    ------
    MissingExtraError
        When pictures are wanted and matplotlib is not installed.
    """
    folder = Path(out)
    _remove_earlier(folder)
    for name, table in found.tables.items():
        write_csv(folder / f"{name}.csv", list(table.columns), table.itertuples(index=False))
    pictures = _draw(found, schema, folder) if plots else []
    target = folder / PAGE
    with atomic(target) as temporary:
        temporary.write_text(html_page(found.source, found.tables, pictures), encoding="utf-8")
    return target


def _remove_earlier(folder: Path) -> None:
    """Remove what an earlier run wrote; where its page is not there, the files are somebody else's."""
    earlier = folder / PAGE
    if earlier.is_file() and b"<title>hybridml explore: " in earlier.read_bytes():
        for name in BESIDE:
            (folder / name).unlink(missing_ok=True)


def _draw(found: Exploration, schema: EntitySchema, folder: Path) -> list[str]:
    from . import plots

    plots.require_matplotlib()
    plots.rows_plot(found.tables["entities"], folder / "rows.png")
    plots.values_plot(found.facts, schema, folder / "values.png")
    if found.photos is not None:
        plots.photos_plot(found.photos, folder / "photos.png")
    return [name for name in PICTURES if (folder / name).is_file()]
