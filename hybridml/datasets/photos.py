"""The photos of rows: which file each row is about, and where it lies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pandas as pd

from hybridml.entities import EntitySchema
from hybridml.errors import HybridmlError, RowsError
from hybridml.utils.paths import is_remote, list_ahead, path_of

from . import rows
from .csv_file import check_faults
from .download import status
from .download.placeholder import is_placeholder
from .download.status import Record
from .groups import PHOTO, photo_names
from .links import is_url
from .rows import Checked

Images = str | Path | Sequence[str | Path]
"""A folder with photos, or several."""


def checked(
    X: pd.DataFrame | str | Path | Checked,
    truth: bool | None = None,
    schema: EntitySchema | None = None,
    images: Images | None = None,
) -> Checked:
    """Return rows as a validated data frame with a fresh index, and the faults of single rows.

    Parameters
    ----------
    X : data frame or path of a CSV
        The rows; a result of this function is returned as it is.
    truth : bool, optional
        Whether labels must be there; see :func:`hybridml.datasets.rows.validate`.
    schema : EntitySchema, optional
        Entities that a row may ask for.
    images : path or sequence of paths, optional
        Folders with the photos; the photos are then named by their files there, as :func:`named` does.
    """
    if isinstance(X, tuple):
        return X
    if isinstance(X, str | Path):
        frame, faults = rows.read_rows(X, truth, schema)
    elif isinstance(X, pd.DataFrame):
        frame, faults = rows.validate(X, truth, schema)
    else:
        raise RowsError(f"expected a data frame or the path of a CSV, got {type(X).__name__}")
    return (frame if images is None else named(frame, images)), faults


def named(frame: pd.DataFrame, images: Images) -> pd.DataFrame:
    """Return validated rows with the files that downloads made of their links, in the column ``photo_file``.

    The column, which :func:`hybridml.datasets.groups.photo_names` uses, is added only if a file has another name than
    its link ends in. Of several folders with a status table the first that has a link counts.
    """
    return named_by(frame, downloads(images))


def downloads(images: Images) -> list[dict[str, Record]]:
    """Return link to record for each folder with a status table."""
    return [records for folder in folders(images) if (records := status.read(folder))]


def named_by(frame: pd.DataFrame, tables: Sequence[Mapping[str, Record]]) -> pd.DataFrame:
    """Return rows as :func:`named` does, from the result of :func:`downloads`."""
    if not tables:
        return frame
    names = dict(zip(frame["image_link"], photo_names(frame), strict=True))
    files = {
        link: next((records[link].file for records in tables if link in records), name)
        for link, name in names.items()
    }
    if files == names:
        return frame
    return frame.assign(**{PHOTO: frame["image_link"].map(files)})


@dataclass(frozen=True)
class Located:
    """The files of photos."""

    paths: dict[str, Path | None]  # photo name to its file, None if there is no photo
    causes: dict[str, str]  # photo name to the reason why there is none, if a download knows it


def located(frame: pd.DataFrame, images: Images) -> Located:
    """Find the photos of rows in the folder ``images``; of several folders the first that has a photo counts.

    A placeholder is not a photo, with or without its status table.

    Raises
    ------
    RowsError
        When two URLs have one base name and no download says which file belongs to each.
    """
    tables = [(folder, status.read(folder)) for folder in folders(images)]
    for folder, _ in tables:
        list_ahead(folder)
    links_of: dict[str, dict[str, None]] = {}
    for name, link in zip(photo_names(frame), frame["image_link"], strict=True):
        if name:
            links_of.setdefault(name, {})[link] = None
    _check_clashes(links_of, [records for _, records in tables])
    owners = [{r.file: link for link, r in records.items() if is_url(link)} for _, records in tables]
    paths: dict[str, Path | None] = {}
    causes: dict[str, str] = {}
    for name, links in links_of.items():
        paths[name] = None
        for link, ((folder, records), owner) in product(links, zip(tables, owners, strict=True)):
            found = _found(name, link, folder, records, owner)
            if not isinstance(found, str):
                paths[name] = found
                causes.pop(name, None)
                break
            if found:
                causes.setdefault(name, found)
    return Located(paths, causes)


def _found(
    name: str, link: str, folder: Path, records: Mapping[str, Record], owner: Mapping[str, str]
) -> Path | str:
    """Return the photo of a link in one folder, or the reason why there is none, "" if it is unknown."""
    record = records.get(link)
    if not record and is_url(link) and owner.get(name, link) != link:
        return f"not downloaded: {name} in {folder} is the photo of {owner[name]}"
    path = folder / (record.file if record else name)
    if not path.is_file():
        return f"the download failed: {record.problem}" if record and record.failed else ""
    if is_placeholder(path):
        return f"placeholder: {record.problem}" if record else "placeholder of a download that failed"
    return path


def _check_clashes(links_of: Mapping[str, Iterable[str]], tables: Sequence[Mapping[str, Record]]) -> None:
    """Raise an error that lists the URLs which share a base name, except those that a download made one file of."""
    faults = []
    for name, links in links_of.items():
        urls = [link for link in links if is_url(link)]
        if len(urls) < 2 or any(
            len({records[link].file if link in records else link for link in urls}) == 1 for records in tables
        ):
            continue
        faults.append(f"{name}: {' and '.join(urls)}")
    check_faults(
        "the rows",
        "different links have one base name; expected one link per photo, or photos fetched with "
        "'hybridml download', which makes a file of each",
        faults,
    )


def photo_paths(frame: pd.DataFrame, images: Images) -> dict[str, Path | None]:
    """Return photo name to its file, None if there is none; see :func:`located`."""
    return located(frame, images).paths


def folders(images: Images) -> list[Path]:
    """Return the folders as a list; raise :class:`HybridmlError` when one of them is a file."""
    several = [images] if isinstance(images, str | Path) or is_remote(images) else images
    found = [path_of(folder) for folder in several]
    for folder in found:
        if not is_remote(folder) and folder.exists() and not folder.is_dir():
            raise HybridmlError(f"the images folder {folder} is a file; give a folder")
    return found
