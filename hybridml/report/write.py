"""The writing of a report: from rows, feature store and model to its folder."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd

from hybridml.datasets import photos
from hybridml.datasets.groups import as_text
from hybridml.datasets.rows import VALUE, read_rows
from hybridml.entities import EntitySchema
from hybridml.errors import HybridmlError, RowsError
from hybridml.estimator import EntityExtractor
from hybridml.evaluation.compare.files import read_scores
from hybridml.prediction.explain import column_name
from hybridml.store.feature_store import FeatureStore
from hybridml.store.status import STAGE_TITLES
from hybridml.utils.optional import require
from hybridml.utils.paths import is_remote, path_of

from .causes import MEANINGS
from .comparison_sections import ablation_of
from .files import CardFiles, make_folder, write_numbers, write_page, write_rows
from .outcomes import UNLABELLED
from .overview import write_overview
from .pictures import PHOTO_SIDE, THUMB_SIDE, photo_file, thumb_file, write_pictures
from .rows import ReportRows, build_rows
from .run_comparison import compare_runs, read_run
from .suspects import suspects

log = logging.getLogger(__name__)


def write_report(
    extractor: EntityExtractor,
    rows: pd.DataFrame | str | Path | photos.Checked,
    out: str | Path,
    truth: str | Path | None = None,
    against: str | Path | None = None,
    title: str = "hybridml report",
    photo_side: int = PHOTO_SIDE,
    systems: str | Path | None = None,
) -> Path:
    """Answer rows and write a folder that shows how well, and why: ``index.html`` opens without a server.

    Parameters
    ----------
    extractor : EntityExtractor
        Fitted; its folders say where photos and feature store are. Photos that the store lacks are read first.
    rows : data frame, path of a CSV, or rows with their faults
        As for :meth:`EntityExtractor.predict`; labels in it count unless ``truth`` is given.
    out : path
        Folder to write to; what an earlier report wrote there is replaced.
    truth : path, optional
        CSV with labels; rows that it lacks are shown without.
    against : path, optional
        Another run to compare with: its predictions, or the folder of its report.
    title : str
        Of the page.
    photo_side : int
        Longest side of the photos' copies, in pixels.
    systems : path, optional
        Scores that ``hybridml compare --json`` wrote, to be shown in a section of their own.

    Returns
    -------
    Path
        ``index.html``.

    Raises
    ------
    MissingExtraError
        When a package is missing.
    HybridmlError
        When rows, labels, the other run or the scores cannot be used; the message says what to do.
    """
    require("the report", ["jinja2", "matplotlib", "PIL"], "report")
    if photo_side < THUMB_SIDE:
        raise HybridmlError(
            f"photos of {photo_side} pixels show less than their thumbnails; give {THUMB_SIDE} or more"
        )
    folder, schema = path_of(out), extractor.model_.schema
    if is_remote(folder):
        raise HybridmlError(
            f"{folder} is not on this machine, and a report opens from a folder; write it here, then copy"
        )
    frame, faults = photos.checked(rows, images=extractor.images, schema=schema)
    if truth is not None:
        frame = _with_labels(frame, truth, schema)
    other = None if against is None else read_run(against)
    other_name = "" if against is None else Path(against).name
    scores = () if systems is None else read_scores(systems)

    make_folder(folder)
    with CardFiles(folder) as cards:
        answered = build_rows(extractor, (frame, faults), cards.add)
        table = _with_pictures(answered, folder, photo_side, extractor.progress)
        table = table.join(suspects(table, schema))
        comparison = None if other is None else compare_runs(table, other, schema, other_name)
        changes = (
            pd.DataFrame("", table.index, ["other", "change"]) if comparison is None else comparison.table
        )
        table = table.join(changes.set_axis(table.index))
        gains = extractor.model_.ranker.importance()
        overview = write_overview(
            folder,
            table,
            answered.candidates,
            importance=[(column_name(column), share) for column, share in gains.items() if share],
            seconds=_seconds_by_stage(extractor, set(answered.keys) - {""}),
            ablation=ablation_of(scores),
            comparison=comparison,
            systems=scores,
            schema=schema,
            progress=extractor.progress,
        )
        # last and together: a run that is interrupted before leaves the rows and cards of an earlier report
        cards.write(lambda card: _with_size(card, folder, table["image"]))
        write_rows(folder, table, _head(title, table, schema, other_name))
    write_numbers(folder, {"title": title, **overview.numbers}, overview.files)
    return write_page(folder, title, overview.html, overview.changes_html)


def _with_labels(frame: pd.DataFrame, truth: str | Path, schema: EntitySchema) -> pd.DataFrame:
    """Return rows with the labels of a file, None where it lacks the row; it must have one of them."""
    table, faults = read_rows(truth, truth=True, schema=schema)
    if faults:
        log.warning("%s: %d faults in single rows; the first: %s", truth, len(faults), faults[0])
    known = dict(zip(map(as_text, table["index"]), map(as_text, table[VALUE]), strict=True))
    labels = [known.get(as_text(index)) for index in frame["index"]]
    lacking = sum(label is None for label in labels)
    if lacking == len(labels):
        raise RowsError(
            f"{truth}: none of its {len(known)} rows has the index of one to report on, the first of which is "
            f"{as_text(frame['index'].iloc[0])}; expected labels of the same rows"
        )
    if lacking:
        log.warning("%s: no label for %d of %d rows, which are shown without", truth, lacking, len(labels))
    return frame.assign(**{VALUE: pd.Series(labels, index=frame.index, dtype=object)})


def _with_pictures(answered: ReportRows, folder: Path, side: int, progress: bool) -> pd.DataFrame:
    """Write the pictures; return the table with their files, and what is wrong with photos that have none."""
    problems = write_pictures(answered.paths, folder, side, progress)
    shown = [key if key in answered.paths and key not in problems else "" for key in answered.keys]
    of_rows = zip(answered.table["problem"], answered.keys, strict=True)
    return answered.table.assign(
        image=[photo_file(key, side) if key else "" for key in shown],
        thumb=[thumb_file(key) if key else "" for key in shown],
        problem=[problem or problems.get(key, "") for problem, key in of_rows],
    )


def _with_size(card: dict[str, Any], folder: Path, images: pd.Series) -> dict[str, Any]:
    """Return a card with the size of its picture where the photo was not read."""
    image = images[card["id"]]
    if image and not card["width"]:
        from PIL import Image

        with Image.open(folder / image) as picture:
            card["width"], card["height"] = picture.size
    return card


def _head(title: str, table: pd.DataFrame, schema: EntitySchema, other_name: str) -> dict[str, Any]:
    """Return what the page needs to know of all rows."""
    entities = [entity for entity in dict.fromkeys(table["entity"]) if entity in schema.entities]
    head = {
        "title": title,
        "labelled": bool((table["outcome"] != UNLABELLED).any()),
        "units": {entity: list(schema.entity(entity).units) for entity in entities},
        "causes": MEANINGS,
    }
    return head | ({"other_name": other_name} if other_name else {})


def _seconds_by_stage(extractor: EntityExtractor, keys: Collection[str]) -> list[tuple[str, float]]:
    """Return the vision stages of which the store holds seconds, each with its mean over the photos of ``keys``."""
    store = FeatureStore(extractor.store)
    found = []
    for stage in extractor.stages_:
        seconds: dict[str, float] = {}
        for _, table in store.table_of(stage).shards.tables(["key", "seconds"]):
            pairs = zip(table["key"].to_pylist(), table["seconds"].to_pylist(), strict=True)
            seconds.update((key, s) for key, s in pairs if key in keys and s is not None)
        if seconds:
            share = "" if len(seconds) == len(keys) else f", {len(seconds):,} of {len(keys):,} photos"
            found.append((f"{STAGE_TITLES[stage.kind]}{share}", sum(seconds.values()) / len(keys)))
    return found
