"""The command ``predict``: answers are written as they come, none is held in memory."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..effort import LOOKS
from ..errors import HybridmlError
from ..files import atomic
from . import rowfiles
from .options import Commands, add_files, command, images_of, probability, tell, write_faults
from .outputs import check_outputs, paths_given

if TYPE_CHECKING:
    import pandas as pd

    from ..answer import Answer
    from ..answering import Answered
    from ..extractor import EntityExtractor

    Asked = tuple[pd.DataFrame, Callable[[], Iterator[Answered]], Callable[[], rowfiles.Faults]]
    """Rows, what answers them, and what tells their faults afterwards."""

DEFAULT_MODEL = "models/model.joblib"


def add_command(commands: Commands) -> None:
    """Add the command of this module."""
    predict = command(
        commands,
        "predict",
        _predict,
        "answer rows with a trained model",
        "Writes index,prediction for every row in order, and beside it a sidecar with value, unit, confidence, box\n"
        "and runner-ups, one JSON object a line. Reader and embedding are the model's; photos that the store\n"
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
        "--out", default="predictions.csv", metavar="CSV", help="answers (default: %(default)s)"
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
        choices=LOOKS,
        help="do without a look that the model was trained with, where its weights are not at hand, say; "
        "costs accuracy. May be given again",
    )


def extractor_of(arguments: argparse.Namespace) -> EntityExtractor:
    """Return the model that a command was given, set to read and look as it was told."""
    from .. import artifact
    from ..reading import model_path

    path = model_path(arguments.model)
    tell(f"model: {path}")
    extractor = artifact.load(path)
    if arguments.without:
        tell(f"going on WITHOUT {', '.join(arguments.without)}, with which the model was trained")
        extractor.looks_ = [e for e in extractor.looks_ if e.kind not in arguments.without]
    extractor.set_params(
        images=images_of(arguments),
        store=arguments.store,
        workers=arguments.workers,
        dask=arguments.dask,
        progress=not arguments.quiet,
    )
    return extractor


def _predict(arguments: argparse.Namespace) -> int:
    from .. import rows
    from ..house_units import wanted_units

    _check_outputs(arguments)
    asked = _described if arguments.candidates else _seen
    extractor = extractor_of(arguments)
    wanted = wanted_units(arguments.unit, extractor.model_.book)
    frame, answered_by, told = asked(arguments, extractor)
    answers, waiting = _answer(arguments, extractor, frame, answered_by, wanted)
    rows.write_predictions(arguments.out, answers)
    write_faults(_beside(arguments, "faults.csv"), told())
    answered = int((answers["prediction"] != "").sum())
    details = _details(arguments)
    tell(f"{answered} of {len(answers)} rows answered" + (f"; details in {details}" if details else ""))
    if waiting:
        tell(
            f"{waiting} rows left blank: their photos are not read yet ('hybridml features' goes on with them)"
        )
    _combine(_beside(arguments, "products.csv"), answers, frame, extractor)
    if arguments.truth:
        _score(arguments, extractor, frame, answers)
    print(arguments.out)
    return 0


def _check_outputs(arguments: argparse.Namespace) -> None:
    from ..reading import model_path
    from ..rows import sidecar_of

    reads = paths_given(arguments, "rows", "candidates", "truth", "thresholds")
    beside = [_beside(arguments, name) for name in ("faults.csv", "products.csv")]
    if not arguments.details:
        beside.append(sidecar_of(arguments.out))
    check_outputs(
        {**reads, "--model": [model_path(arguments.model)]},
        {"--out": [arguments.out, *beside], **paths_given(arguments, "details")},
    )


def _beside(arguments: argparse.Namespace, name: str) -> Path:
    """Return the file of a name that lies beside the answers."""
    return Path(f"{arguments.out}.{name}")


def _seen(arguments: argparse.Namespace, extractor: EntityExtractor) -> Asked:
    """Return the rows of a file, answered from the store."""
    from .. import photos, rows
    from ..parts import PHOTO

    if not arguments.rows:
        raise HybridmlError(
            "nothing to answer: give --rows, or --candidates with what 'hybridml candidates' wrote"
        )
    given = photos.checked(arguments.rows, book=extractor.model_.book, images=images_of(arguments))
    frame, faults = given
    if not arguments.truth:
        # what answers do not need goes: a million rows can carry any columns
        needed = ("index", "image_link", "entity_name", PHOTO, rows.PRODUCT)
        frame = frame[[c for c in needed if c in frame.columns]]
        given = (frame, faults)
    return (
        frame,
        lambda: extractor.answers(given, arguments.partial),
        lambda: rowfiles.of_rows(arguments.rows, frame, faults) + rowfiles.of_photos(frame, extractor),
    )


def _described(arguments: argparse.Namespace, extractor: EntityExtractor) -> Asked:
    """Return the rows of a file of candidates, answered from it alone."""
    from .. import photos
    from ..candidate_answers import DescribedRows

    useless = [name for name in ("images", "workers", "dask", "partial") if getattr(arguments, name)]
    if useless:
        raise HybridmlError(
            f"--candidates opens no photo and no store: leave out --{' and --'.join(useless)}"
        )
    given = photos.checked(arguments.rows, book=extractor.model_.book) if arguments.rows else None
    described = DescribedRows(arguments.candidates, extractor, given)
    frame, problems = described.frame, described.problems
    return frame, described.answers, lambda: rowfiles.of_problems(frame, problems)


def _details(arguments: argparse.Namespace) -> Path | None:
    """Return where the sidecar goes; None when none is wanted, and the one of an earlier run goes with its answers."""
    from ..rows import sidecar_of

    usual = sidecar_of(arguments.out)
    if arguments.no_details:
        usual.unlink(missing_ok=True)
        return None
    return Path(arguments.details) if arguments.details else usual


def _answer(
    arguments: argparse.Namespace,
    extractor: EntityExtractor,
    frame: pd.DataFrame,
    answered_by: Callable[[], Iterator[Answered]],
    wanted: Mapping[str, str],
) -> tuple[pd.DataFrame, int]:
    """Answer the rows and write the sidecar; return index, prediction and confidence by row, and how many rows wait.

    With --truth also what F1 needs: candidates, and predictions as read.
    """
    import numpy as np
    import pandas as pd
    from tqdm import tqdm

    from ..answering import NOT_YET
    from ..house_units import in_house_units
    from ..spool import Spool

    # arrays: a list of a million whole numbers takes as much as their photos' names
    indexes, links, entities = (frame[c].to_numpy() for c in ("index", "image_link", "entity_name"))
    blanked_by = _blanking(arguments, entities, extractor)
    predictions, waiting = [""] * len(frame), 0
    confidence = np.zeros(len(frame))
    as_read = predictions.copy() if arguments.truth else []
    candidates: list[tuple[str, ...]] = [()] * len(as_read)
    details = _details(arguments)
    spool = Spool(len(frame), details.parent) if details else None
    with spool or nullcontext():
        for each in tqdm(answered_by(), "answers", len(frame), unit="row", disable=arguments.quiet):
            row, option = each.row, blanked_by(each)
            shown = in_house_units(each.answer, wanted, extractor.model_.book)
            if not option:
                predictions[row] = sys.intern(shown.prediction)
                confidence[row] = shown.confidence
            if as_read:
                as_read[row] = "" if option else sys.intern(each.answer.prediction)
                candidates[row] = tuple(map(sys.intern, each.answer.candidates))
            waiting += each.problem == NOT_YET
            if spool is None:
                continue
            place = {"index": indexes[row], "image_link": links[row], "entity_name": entities[row]}
            told = {**_told(shown, each.answer if wanted else None), "problem": each.problem}
            record = {**place, **told, "prediction": predictions[row], "blanked_by": option}
            spool.put(row, json.dumps(record, default=_plain, allow_nan=False))
        if details and spool:
            with atomic(details) as temporary, open(temporary, "w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in spool)
    columns: dict[str, Any] = {"index": indexes, "prediction": predictions, "confidence": confidence}
    if as_read:
        columns |= {"as_read": as_read, "candidates": candidates}
    return pd.DataFrame(columns), waiting


def _told(answer: Answer, read: Answer | None) -> dict[str, Any]:
    """Return what the sidecar says of an answer, and of how it was ``read`` where units were asked for."""
    told = {
        "prediction": answer.prediction,
        "value": answer.value,
        "unit": answer.unit,
        "confidence": answer.confidence,
        "box": answer.box,
        "text": answer.text,
        "runner_ups": [vars(other) for other in answer.runner_ups],
        "candidates": answer.candidates,
    }
    if read is None:
        return told
    others = zip(answer.runner_ups, read.runner_ups, strict=True)
    return {
        **told,
        "read_value": read.value,
        "read_unit": read.unit,
        "runner_ups": [
            {**vars(other), "read_value": was.value, "read_unit": was.unit} for other, was in others
        ],
    }


def _combine(path: Path, answers: pd.DataFrame, frame: pd.DataFrame, extractor: EntityExtractor) -> None:
    """Write one answer per product and entity and say so; remove the file of an earlier run when there are none."""
    from ..products import combine, write_products
    from ..rows import PRODUCT

    if PRODUCT not in frame.columns or not frame[PRODUCT].any():
        path.unlink(missing_ok=True)
        return
    table = combine(answers, frame, extractor.model_.book)
    write_products(path, table)
    tell(
        f"{table[PRODUCT].nunique()} products: one answer per entity from all photos in {path}, "
        f"{table['conflict'].sum()} of {len(table)} with a conflict"
    )


def _blanking(
    arguments: argparse.Namespace, entities: Iterable[str], extractor: EntityExtractor
) -> Callable[[Answered], str]:
    """Return what names the option that blanks an answer, empty for none."""
    from ..thresholds import read_thresholds, threshold_of

    decision = extractor.model_.decision
    chosen = read_thresholds(arguments.thresholds, extractor.model_.book) if arguments.thresholds else {}
    thresholds: dict[str, float] = {}
    if arguments.precision is not None:
        thresholds = {e: decision.threshold(arguments.precision, e) for e in dict.fromkeys(entities)}
        for entity, threshold in thresholds.items():
            if threshold == float("inf"):
                tell(
                    f"no confidence is sure of precision {arguments.precision} for {entity}: all of it left blank"
                )
            elif entity not in decision.thresholds:
                tell(
                    f"too few {entity} rows were trained on for a threshold of its own: it takes that of all entities, "
                    "which promises nothing for it alone"
                )

    def option(each: Answered) -> str:
        answer = each.answer
        if not answer.prediction:
            return ""
        if answer.confidence < (arguments.min_confidence or 0.0):
            return "min-confidence"
        if answer.confidence < threshold_of(chosen, answer.entity):
            return "thresholds"
        return "precision" if answer.confidence < thresholds.get(answer.entity, 0.0) else ""

    return option


def _score(
    arguments: argparse.Namespace, extractor: EntityExtractor, frame: pd.DataFrame, answers: pd.DataFrame
) -> None:
    from ..evaluation import evaluate_seen, text_of

    model = extractor.model_
    what = arguments.truth_is
    if arguments.unit:
        what = f"{what}; answers as read, before --unit" if what else "answers as read, before --unit"
        answers = answers.assign(prediction=answers["as_read"])
    for title, result in evaluate_seen(arguments.truth, answers, model.seen(frame), what, model.book):
        print(f"{title}\n{text_of(result)}")


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"cannot write {type(value).__name__} as JSON")
