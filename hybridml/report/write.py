"""From rows, store and model to the report's folder."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from hybridml.datasets import photos
from hybridml.datasets.groups import as_text
from hybridml.datasets.rows import VALUE, read_rows
from hybridml.errors import HybridmlError, RowsError
from hybridml.evaluation.compare.files import read_scores
from hybridml.prediction.explain import column_words
from hybridml.spool import Spool
from hybridml.store.feature_store import FeatureStore
from hybridml.utils.optional import require
from hybridml.utils.paths import is_remote, path_of

from . import against as others
from . import folder, overview, suspects
from .causes import CAUSES, MEANINGS
from .compared import ablation_of
from .gather import Gathered, gather
from .pictures import PHOTO_SIDE, THUMB_SIDE, photo_file, thumb_file, write_pictures
from .scored import UNLABELLED
from .shell import make_folder, write_shell
from .timing import MEASURED, NOT_KEPT, seconds_by_stage

if TYPE_CHECKING:
    from hybridml.entities import EntitySchema
    from hybridml.estimator import EntityExtractor

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
        Fitted; its folders say where photos and store are. Photos that the store lacks are read first.
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
        When rows, labels, the other run or the scores do not do; the message says what to do.
    """
    require("the report", ["jinja2", "matplotlib", "PIL"], "report")
    if photo_side < THUMB_SIDE:
        raise HybridmlError(
            f"photos of {photo_side} pixels show less than their thumbnails; give {THUMB_SIDE} or more"
        )
    target, schema = path_of(out), extractor.model_.schema
    if is_remote(target):
        raise HybridmlError(
            f"{target} is not on this machine, and a report opens from a folder; write it here, then copy"
        )
    frame, faults = photos.checked(rows, images=extractor.images, schema=schema)
    if truth is not None:
        frame = labelled(frame, truth, schema)
    other = others.read_run(against) if against is not None else None
    scores = read_scores(systems) if systems is not None else ()
    name = Path(against).name if against is not None else ""

    make_folder(target)
    with Spool(len(frame), target) as cards:
        found = gather(extractor, (frame, faults), cards)
        table = _with_pictures(found, target, photo_side, extractor.progress)
        table = table.join(suspects.suspects(table, schema))
        changes = None if other is None else others.changes(table, other, schema, name)
        changed = pd.DataFrame("", table.index, ["other", "change"]) if changes is None else changes.table
        table = table.join(changed.set_axis(table.index))
        shown = overview.write(
            target,
            table,
            found.candidates,
            changes=changes,
            ablation=ablation_of(scores),
            systems=scores,
            schema=schema,
            progress=extractor.progress,
            **_of_itself(extractor, found),
        )
        head = _head(title, table, schema) | ({"other_name": name} if name else {})
        # last and together: a run that is interrupted before leaves an earlier report to be looked at
        folder.write_cards(target, _cards(cards, table, target))
        folder.write_rows(target, table, head)
    folder.write_numbers(target, {"title": title, **shown.numbers}, shown.files)
    return write_shell(target, title, shown.html, shown.changes_html)


def labelled(frame: pd.DataFrame, truth: str | Path, schema: EntitySchema | None = None) -> pd.DataFrame:
    """Return rows with the labels of a file, None where it lacks the row.

    Raises
    ------
    RowsError
        When it has none of the rows.
    """
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


def _with_pictures(found: Gathered, target: Path, side: int, progress: bool) -> pd.DataFrame:
    """Write the pictures; return the table with their files, and what is wrong with photos that have none."""
    problems = write_pictures(found.paths, target, side, progress)
    shown = [key if key in found.paths and key not in problems else "" for key in found.keys]
    return found.table.assign(
        image=[photo_file(key, side) if key else "" for key in shown],
        thumb=[thumb_file(key) if key else "" for key in shown],
        problem=[
            told or problems.get(key, "")
            for told, key in zip(found.table["problem"], found.keys, strict=True)
        ],
    )


def _cards(cards: Iterable[str], table: pd.DataFrame, target: Path) -> Iterator[dict[str, Any]]:
    """Yield the cards; photos that were not read are as large as their picture."""
    for text, image, problem in zip(cards, table["image"], table["problem"], strict=True):
        card = {**json.loads(text), "problem": problem}
        if image and not card["width"]:
            from PIL import Image

            with Image.open(target / image) as picture:
                card["width"], card["height"] = picture.size
        yield card


def _head(title: str, table: pd.DataFrame, schema: EntitySchema) -> dict[str, Any]:
    """Return what the page is told of all rows."""
    entities = [entity for entity in dict.fromkeys(table["entity"]) if entity in schema.entities]
    return {
        "title": title,
        "labelled": bool((table["outcome"] != UNLABELLED).any()),
        "units": {entity: list(schema.entity(entity).units) for entity in entities},
        "causes": {cause: MEANINGS[cause] for cause in CAUSES},
    }


def _of_itself(extractor: EntityExtractor, found: Gathered) -> dict[str, Any]:
    """Return what model and store say of themselves, as :func:`overview.write` takes it."""
    seconds = seconds_by_stage(FeatureStore(extractor.store), extractor.stages_, set(found.keys) - {""})
    gain = extractor.model_.ranker.importance()
    return {
        "importance": [(column_words(column), share) for column, share in gain.items() if share],
        "seconds": seconds,
        "seconds_note": MEASURED if seconds else NOT_KEPT,
    }
