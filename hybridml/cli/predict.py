"""The command ``predict``: rows come in parts, answers are written as they come.

Of a row some forty bytes stay, more where it is of a product or has a fault, and with ``--truth``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hybridml.utils.files import atomic, is_stream
from hybridml.vision.presets import FURTHER_STAGES

from . import rowfiles
from .asked import Asked, Part, from_candidates, from_store
from .blanking import blanking
from .options import Commands, add_files, command, images_of, probability, tell, write_faults
from .outputs import check_outputs, paths_given
from .sidecar import sidecar_line, sidecar_path

if TYPE_CHECKING:
    import pandas as pd

    from hybridml.estimator import EntityExtractor
    from hybridml.prediction.from_store import AnsweredRow
    from hybridml.spool import Spool

DEFAULT_MODEL = "models/model.joblib"


def add_command(commands: Commands) -> None:
    """Add the command of this module."""
    predict = command(
        commands,
        "predict",
        _predict,
        "answer rows with a trained model",
        "Writes index,prediction for every row in order, and beside it a sidecar with value, unit, confidence, box\n"
        "and runner-ups, one JSON object a line. OCREngine and embedding are the model's; photos that the store\n"
        "lacks are read first. With --truth, F1 is printed, apart for rows whose photo or group was trained on.\n"
        "Where rows have a product_id, OUT.products.csv has one answer per product and entity from all its photos.\n\n"
        "  hybridml predict --rows test.csv --images photos/ --model models/model.joblib --out predictions.csv\n"
        "  hybridml predict --rows test.csv --precision 0.9      only what is sure enough to publish unseen\n"
        "  hybridml predict --rows test.csv --unit gram --unit width=inch    in units of one's own\n"
        "  hybridml predict --rows test.csv --partial            what is read so far; reads nothing\n"
        "  hybridml predict --candidates candidates.parquet      from what 'hybridml candidates' wrote, alone",
    )
    predict.add_argument(
        "--rows", metavar="CSV", help="rows; with --candidates those of its rows to answer (default: all)"
    )
    predict.add_argument(
        "--candidates",
        metavar="FILE",
        help="answer from the candidates that 'hybridml candidates' described: no photo, no store, no engine",
    )
    add_files(predict)
    add_model(predict)
    predict.add_argument(
        "--out",
        default="predictions.csv",
        metavar="CSV",
        help="answers (default: %(default)s); beside /dev/stdout or another pipe nothing else is written",
    )
    sidecar = predict.add_mutually_exclusive_group()
    sidecar.add_argument("--details", metavar="FILE", help="sidecar (default: OUT with .details.jsonl added)")
    sidecar.add_argument("--no-details", action="store_true", help="write no sidecar")
    predict.add_argument(
        "--min-confidence", type=probability, metavar="P", help="blank answers less sure than P"
    )
    predict.add_argument(
        "--precision",
        type=probability,
        metavar="P",
        help="blank answers below the confidence from which precision P is sure, by what held out of fold",
    )
    predict.add_argument(
        "--thresholds",
        metavar="CSV",
        help="blank answers less sure than this table says for their entity: entity_name,min_confidence, as a report "
        "exports it; 'never' for an entity of which nothing is published, the line of 'all' for those without one",
    )
    predict.add_argument(
        "--unit",
        action="append",
        default=[],
        metavar="[ENTITY=]UNIT",
        help="answer in this unit, for one entity or for every one that allows it: converted exactly, rounded to the "
        "precision of what was read, which the sidecar keeps. May be given again",
    )
    predict.add_argument(
        "--partial",
        action="store_true",
        help="answer from what the store has so far, also while 'hybridml features' fills it; rows whose photo is "
        "not done are left blank",
    )
    predict.add_argument(
        "--truth", metavar="CSV", help="labels of these rows: print F1, of the answers as read"
    )
    predict.add_argument(
        "--truth-is", metavar="TEXT", default="", help="what these labels are, printed above the F1"
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which model answers, and without what."""
    parser.add_argument(
        "--model", metavar="FILE", help=f"trained model (default: {DEFAULT_MODEL}, else the shipped one)"
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=FURTHER_STAGES,
        help="do without a look that the model was trained with, where its weights are not at hand, say; "
        "costs accuracy. May be given again",
    )


def extractor_of(arguments: argparse.Namespace) -> EntityExtractor:
    """Return the model that a command was given, set to read and look as it was told."""
    from hybridml.artifact import serialize
    from hybridml.artifact.pretrained import model_path

    path = model_path(arguments.model)
    tell(f"model: {path}")
    extractor = serialize.load(path)
    if arguments.without:
        tell(f"going on WITHOUT {', '.join(arguments.without)}, with which the model was trained")
        extractor.stages_ = extractor.stages_.without(arguments.without)
    extractor.set_params(
        images=images_of(arguments),
        store=arguments.store,
        workers=arguments.workers,
        dask=arguments.dask,
        progress=not arguments.quiet,
    )
    return extractor


def _predict(arguments: argparse.Namespace) -> int:
    from hybridml.datasets.predictions import write_predictions
    from hybridml.prediction.unit_conversion import wanted_units

    _check_outputs(arguments)
    extractor = extractor_of(arguments)
    wanted = wanted_units(arguments.unit, extractor.model_.schema)
    asked = (from_candidates if arguments.candidates else from_store)(arguments, extractor)
    found = _answer(arguments, extractor, asked, wanted)
    answers = found.answers
    write_predictions(arguments.out, answers)
    write_faults(_beside(arguments, "faults.csv"), found.faults)
    answered = int((answers["prediction"] != "").sum())
    tell(
        f"{answered} of {len(answers)} rows answered"
        + (f"; details in {found.details}" if found.details else "")
    )
    if found.waiting:
        tell(
            f"{found.waiting} rows left blank: their photos are not read yet ('hybridml features' goes on with them)"
        )
    _combine(_beside(arguments, "products.csv"), found, extractor)
    if arguments.truth:
        _score(arguments, extractor, found)
    if not is_stream(arguments.out):
        print(arguments.out)
    return 0


def _check_outputs(arguments: argparse.Namespace) -> None:
    from hybridml.artifact.pretrained import model_path
    from hybridml.datasets.predictions import sidecar_of

    reads = paths_given(arguments, "rows", "candidates", "truth", "thresholds")
    beside = [path for name in ("faults.csv", "products.csv") if (path := _beside(arguments, name))]
    if not arguments.details and not is_stream(arguments.out):
        beside.append(sidecar_of(arguments.out))
    check_outputs(
        {**reads, "--model": [model_path(arguments.model)]},
        {"--out": [arguments.out, *beside], **paths_given(arguments, "details")},
    )


def _beside(arguments: argparse.Namespace, name: str) -> Path | None:
    """Return the file of a name that lies beside the answers; None where they go into a pipe."""
    return None if is_stream(arguments.out) else Path(f"{arguments.out}.{name}")


@dataclass(frozen=True)
class _Found:
    """What was answered.

    Parameters
    ----------
    answers : data frame
        By row ``index, prediction, confidence``; with --truth also what F1 needs: ``as_read, candidates, trained_on``.
    of_products : data frame
        The rows that are of a product.
    faults : list
        In the form of the faults file.
    waiting : int
        How many rows wait for their photo to be read.
    details : Path, optional
        Where the sidecar lies.
    """

    answers: pd.DataFrame
    of_products: pd.DataFrame
    faults: rowfiles.Faults
    waiting: int
    details: Path | None


def _answer(
    arguments: argparse.Namespace, extractor: EntityExtractor, asked: Asked, wanted: Mapping[str, str]
) -> _Found:
    """Answer the rows and write the sidecar."""
    import pandas as pd

    from hybridml.spool import Spool

    blanked_by = blanking(arguments, asked.entities, extractor)
    details = sidecar_path(arguments)
    spool = Spool(asked.size, details.parent) if details else None
    answers: list[pd.DataFrame] = []
    of_products: list[pd.DataFrame] = []
    # those of rows first, whatever the parts
    row_faults: rowfiles.Faults = []
    photo_faults: rowfiles.Faults = []
    waiting = first = 0
    with spool or nullcontext(), _Bar(asked.size, arguments.quiet) as bar:
        for part in asked.parts:
            told, late = _answer_part(
                arguments, extractor, part, blanked_by, wanted, spool=spool, first=first, done=bar.update
            )
            row_faults += part.row_faults()
            photo_faults += part.photo_faults()
            answers.append(told)
            of_products.append(_with_product(part.frame, first))
            waiting += late
            first += len(part.frame)
        if details and spool:
            with atomic(details) as temporary, open(temporary, "w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in spool)
    together = pd.concat(answers, ignore_index=True)
    return _Found(together, pd.concat(of_products), row_faults + photo_faults, waiting, details)


class _Bar:
    """The bar of answers, which appears with the first: before it photos are read, which has a bar of its own."""

    def __init__(self, size: int, quiet: bool) -> None:
        self._size, self._quiet = size, quiet
        self._bar: Any = None

    def update(self) -> None:
        """Count an answer."""
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(desc="answers", total=self._size, unit="row", disable=self._quiet)
        self._bar.update()

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()


def _answer_part(
    arguments: argparse.Namespace,
    extractor: EntityExtractor,
    part: Part,
    blanked_by: Callable[[AnsweredRow], str],
    wanted: Mapping[str, str],
    *,
    spool: Spool | None,
    first: int,
    done: Callable[[], object],
) -> tuple[pd.DataFrame, int]:
    """Return the answers to the rows from the ``first`` on, and how many of them wait; spool what is told of them."""
    import numpy as np
    import pandas as pd

    from hybridml.prediction.from_store import NOT_YET
    from hybridml.prediction.unit_conversion import convert_units

    frame, waiting = part.frame, 0
    indexes, links, entities = (frame[c].to_numpy() for c in ("index", "image_link", "entity_name"))
    predictions = np.full(len(frame), "", dtype=object)
    confidence = np.zeros(len(frame))
    as_read = predictions.copy() if arguments.truth else None
    candidates: list[tuple[str, ...]] = [()] * (0 if as_read is None else len(frame))
    for each in part.answers():
        row, option = each.row, blanked_by(each)
        shown = convert_units(each.answer, wanted, extractor.model_.schema)
        if not option:
            # a million answers are a few thousand texts
            predictions[row] = sys.intern(shown.prediction)
            confidence[row] = shown.confidence
        if as_read is not None:
            as_read[row] = "" if option else sys.intern(each.answer.prediction)
            candidates[row] = tuple(map(sys.intern, each.answer.candidates))
        waiting += each.problem == NOT_YET
        if spool is not None:
            place = {"index": indexes[row], "image_link": links[row], "entity_name": entities[row]}
            said = {"problem": each.problem, "prediction": predictions[row], "blanked_by": option}
            spool.put(first + row, sidecar_line(place, shown, each.answer if wanted else None, **said))
        done()
    columns: dict[str, Any] = {"index": indexes, "prediction": predictions, "confidence": confidence}
    if as_read is not None:
        trained_on = extractor.model_.trained_on(frame)
        columns |= {"as_read": as_read, "candidates": candidates, "trained_on": trained_on}
    return pd.DataFrame(columns), waiting


def _with_product(frame: pd.DataFrame, first: int) -> pd.DataFrame:
    """Return the rows that are of a product, counted from the ``first``."""
    import pandas as pd

    from hybridml.datasets.rows import PRODUCT

    if PRODUCT not in frame.columns:
        return pd.DataFrame()  # an empty slice would keep all of the frame
    frame = rowfiles.lean(frame)
    return frame.set_axis(range(first, first + len(frame)))[frame[PRODUCT].to_numpy() != ""]


def _combine(path: Path | None, found: _Found, extractor: EntityExtractor) -> None:
    """Write one answer per product and entity and say so; remove the file of an earlier run when there are none."""
    from hybridml.datasets.rows import PRODUCT
    from hybridml.prediction.products import combine, write_products

    rows = found.of_products
    if path is None:
        if not rows.empty:
            tell("products are not combined: their file lies beside the answers, which go into no file")
        return
    if rows.empty:
        path.unlink(missing_ok=True)
        return
    table = combine(found.answers.loc[rows.index], rows, extractor.model_.schema)
    write_products(path, table)
    tell(
        f"{table[PRODUCT].nunique()} products: one answer per entity from all photos in {path}, "
        f"{table['conflict'].sum()} of {len(table)} with a conflict"
    )


def _score(arguments: argparse.Namespace, extractor: EntityExtractor, found: _Found) -> None:
    from hybridml.evaluation.evaluate import evaluate_by_training, text_of

    what, answers = arguments.truth_is, found.answers
    say = tell if is_stream(arguments.out) else print
    if arguments.unit:
        what = f"{what}; answers as read, before --unit" if what else "answers as read, before --unit"
        answers = answers.assign(prediction=answers["as_read"])
    trained_on = answers["trained_on"].to_numpy()
    for title, result in evaluate_by_training(
        arguments.truth, answers, trained_on, what, extractor.model_.schema
    ):
        say(f"{title}\n{text_of(result)}")
