"""Exploration of a table of rows and its photos: tables, printed as text, plotted, and shown on a page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pandas as pd

from hybridml.datasets.csv_file import write_csv
from hybridml.datasets.download import status
from hybridml.datasets.photos import Images, folders, located
from hybridml.entities import EntitySchema
from hybridml.errors import HybridmlError, RowsError, StoreError
from hybridml.store.feature_store import FeatureStore
from hybridml.store.schema import Kind
from hybridml.utils.files import atomic

from . import counts, photo_files, plots
from .label_checks import label_oddities
from .page import html_page, text_of
from .row_table import read_table, row_table

__all__ = ["Exploration", "explore", "text", "write"]

PRINTED_LINES = 25
PICTURES = ("rows.png", "values.png", "photos.png")
TABLE_NAMES = (
    *("overview", "entities", "rows_per_group_and_photo", "largest_groups", "units", "values"),
    *("label_oddities", "row_faults", "photos", "photo_sizes", "photo_problems", "duplicate_photos"),
    *("download_failures", "reading_failures"),
)
PAGE = "index.html"
BESIDE = (*PICTURES, *(f"{name}.csv" for name in TABLE_NAMES))
"""Files that :func:`write` writes beside the page; those of an earlier run are removed."""


@dataclass(frozen=True)
class Exploration:
    """The result of an exploration.

    Parameters
    ----------
    source : str
        The file of rows.
    rows : data frame
        One line per row; see :func:`hybridml.report.eda.row_table.row_table`.
    tables : dict of str to data frame
        Tables by name, in the order to be shown; those without lines are left out.
    photos : data frame or None
        One line per photo, if a folder with photos was given.
    """

    source: str
    rows: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    photos: pd.DataFrame | None = None


def explore(
    path: str | Path,
    schema: EntitySchema,
    images: Images | None = None,
    store: str | Path | None = None,
    progress: bool = False,
) -> Exploration:
    """Explore a CSV of rows, or of labels without photos.

    With ``images``, its photos are explored as well; with a feature ``store``, the photos that could not be read.
    """
    frame, faults = read_table(path, schema, images)
    table = row_table(frame, schema)
    tables = {
        "overview": counts.overview(table, faults),
        "entities": counts.entities(table),
        "rows_per_group_and_photo": counts.rows_per(table),
        "largest_groups": counts.top_groups(table),
        "units": counts.units(table, schema),
        "values": counts.values(table, schema),
        "label_oddities": label_oddities(table, schema),
        "row_faults": counts.row_faults(faults),
    }
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
        files = located(frame, images)
        paths = files.paths
        photos = photo_files.inspect(paths, files.causes, progress)
        tables |= {
            "photos": photo_files.summary(photos),
            "photo_sizes": photo_files.sizes(photos),
            "photo_problems": photo_files.problems(photos),
            "duplicate_photos": photo_files.duplicates(photos, table),
            "download_failures": download_failures(images),
        }
    if store is not None:
        tables["reading_failures"] = reading_failures(FeatureStore(store), paths)
    return Exploration(str(path), table, {name: t for name, t in tables.items() if len(t)}, photos)


def download_failures(images: Images) -> pd.DataFrame:
    """Return the number of links that a download could not fetch, by cause."""
    records = [r for folder in folders(images) for r in status.read(folder).values() if r.failed]
    causes = pd.Series([record.problem for record in records], dtype=object).value_counts()
    return pd.DataFrame({"problem": list(causes.index), "links": list(causes)})


def reading_failures(store: FeatureStore, paths: Mapping[str, Path | None]) -> pd.DataFrame:
    """Return the photos that a store records as failed, whatever the settings."""
    if not store.root.is_dir():
        raise StoreError(f"no feature store at {store.root}; name one that 'hybridml features' wrote")
    keys = store.known_keys(paths)
    records = []
    for kind in get_args(Kind):
        for path in sorted((store.root / kind).glob("*/settings.json")):
            try:
                settings = json.loads(path.read_bytes())
            except (OSError, ValueError) as error:
                raise StoreError(f"{path}: damaged ({error}); run 'hybridml features' again") from None
            errors = store.table(kind, settings).errors()
            records += [(name, kind, errors[key]) for name, key in keys.items() if key in errors]
    return pd.DataFrame(records, columns=["photo", "table", "problem"])


def text(found: Exploration) -> str:
    """Return the first lines of each table as text."""
    texts = []
    for name, table in found.tables.items():
        shown = table.head(PRINTED_LINES)
        cells = pd.DataFrame({c: [text_of(v) for v in shown[c].tolist()] for c in shown.columns})
        cells = cells.map(lambda cell: cell if len(cell) <= 70 else f"{cell[:67]}...")
        more = f"\n... {len(table) - PRINTED_LINES:,} more" if len(table) > PRINTED_LINES else ""
        texts.append(f"{name.replace('_', ' ')}\n{cells.to_string(index=False)}{more}")
    return "\n\n".join(texts)


def write(found: Exploration, schema: EntitySchema, out: str | Path, draw: bool = True) -> Path:
    """Write every table as CSV, plots as PNG, and ``index.html``; return the path of the page.

    Raises
    ------
    MissingExtraError
        When plots are wanted and matplotlib is not installed.
    """
    folder = Path(out)
    _remove_earlier(folder)
    for name, table in found.tables.items():
        write_csv(folder / f"{name}.csv", list(table.columns), table.itertuples(index=False))
    pictures = _draw(found, schema, folder) if draw else []
    target = folder / PAGE
    with atomic(target) as temporary:
        temporary.write_text(html_page(found.source, found.tables, pictures), encoding="utf-8")
    return target


def _remove_earlier(folder: Path) -> None:
    """Remove the files of an earlier run; without its page, they are somebody else's."""
    earlier = folder / PAGE
    if earlier.is_file() and b"<title>hybridml explore: " in earlier.read_bytes():
        for name in BESIDE:
            (folder / name).unlink(missing_ok=True)


def _draw(found: Exploration, schema: EntitySchema, folder: Path) -> list[str]:
    plots.require_matplotlib()
    plots.rows_plot(found.tables["entities"], folder / "rows.png")
    plots.values_plot(found.rows, schema, folder / "values.png")
    if found.photos is not None:
        plots.photos_plot(found.photos, folder / "photos.png")
    return [name for name in PICTURES if (folder / name).is_file()]
