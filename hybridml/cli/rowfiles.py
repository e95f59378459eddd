"""Rows that a command is given, and their faults in the form of the faults file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from hybridml.datasets.rows import RowFault
    from hybridml.entities import EntitySchema
    from hybridml.estimator import EntityExtractor

Faults = list[Mapping[str, object]]


def read(
    path: str, schema: EntitySchema, images: Sequence[str], truth: bool | None = None
) -> tuple[pd.DataFrame, Faults]:
    """Return the rows of a file, each with the photo it has in ``images``, and its faults for the faults file."""
    from hybridml.datasets import photos

    frame, faults = photos.checked(path, truth=truth, schema=schema, images=images)
    return frame, of_rows(path, frame, faults)


def lean(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the columns that reading and answering need alone: tables can carry any."""
    from hybridml.datasets.groups import PHOTO
    from hybridml.datasets.rows import PRODUCT

    needed = ("index", "image_link", "entity_name", PHOTO, PRODUCT)
    return frame[[column for column in needed if column in frame.columns]]


def of_rows(path: str, frame: pd.DataFrame, faults: Sequence[RowFault]) -> Faults:
    """Return the faults of single rows of a file, in the form of the faults file."""
    if not faults:
        return []
    by_index = frame.set_index("index")
    return [
        {
            "index": f.index,
            "image_link": by_index["image_link"].get(f.index, ""),
            "entity_name": by_index["entity_name"].get(f.index, ""),
            "problem": f"{path}, line {f.line}, {f.column}: {f.problem}",
        }
        for f in faults
    ]


def of_problems(frame: pd.DataFrame, problems: Sequence[str]) -> Faults:
    """Return the rows with a problem, in the form of the faults file."""
    return [
        {"index": index, "image_link": link, "entity_name": entity, "problem": problem}
        for index, link, entity, problem in zip(
            frame["index"], frame["image_link"], frame["entity_name"], problems, strict=True
        )
        if problem
    ]


def of_photos(frame: pd.DataFrame, extractor: EntityExtractor) -> Faults:
    """Return the rows whose photo failed, in the form of the faults file."""
    from hybridml.datasets.groups import photo_names

    failed = extractor.faults_
    if not failed:
        return []
    return [
        {"index": index, "image_link": link, "entity_name": entity, "problem": failed[name]}
        for index, link, entity, name in zip(
            frame["index"], frame["image_link"], frame["entity_name"], photo_names(frame), strict=True
        )
        if name in failed
    ]
