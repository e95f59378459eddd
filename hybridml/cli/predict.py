"""The command ``predict``: answers are written as they come, none is held in memory."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..effort import LOOKS
from ..files import atomic
from . import rowfiles
from .options import Commands, add_files, command, images_of, probability, tell, write_faults

if TYPE_CHECKING:
    import pandas as pd

    from ..answer import Answer
    from ..answering import Answered
    from ..extractor import EntityExtractor
    from ..photos import Checked

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
        "  hybridml predict --rows test.csv --partial            what is read so far; reads nothing",
    )
    predict.add_argument("--rows", required=True, metavar="CSV", help="rows")
    add_files(predict)
    predict.add_argument(
        "--model", metavar="FILE", help=f"trained model (default: {DEFAULT_MODEL}, else the shipped one)"
    )
    predict.add_argument(
        "--without",
        action="append",
        default=[],
        choices=LOOKS,
        help="answer without a look that the model was trained with, where its weights are not at hand, say; "
        "costs accuracy. May be given again",
    )
    predict.add_argument(
        "--out", default="predictions.csv", metavar="CSV", help="answers (default: %(default)s)"
    )
    predict.add_argument("--details", metavar="FILE", help="sidecar (default: OUT with .details.jsonl added)")
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


def _predict(arguments: argparse.Namespace) -> int:
    from .. import artifact, photos, rows
    from ..house_units import wanted_units
    from ..parts import PHOTO
    from ..reading import model_path

    path = model_path(arguments.model)
    tell(f"model: {path}")
    extractor = artifact.load(path)
    wanted = wanted_units(arguments.unit, extractor.model_.book)
    if arguments.without:
        tell(f"answering WITHOUT {', '.join(arguments.without)}, with which the model was trained")
        extractor.looks_ = [e for e in extractor.looks_ if e.kind not in arguments.without]
    extractor.set_params(
        images=images_of(arguments),
        store=arguments.store,
        workers=arguments.workers,
        progress=not arguments.quiet,
    )
    given = photos.checked(arguments.rows, book=extractor.model_.book, images=images_of(arguments))
    frame, faults = given
    if not arguments.truth:
        # what answers do not need goes: a million rows can carry any columns
        needed = ("index", "image_link", "entity_name", PHOTO, rows.PRODUCT)
        frame = frame[[c for c in needed if c in frame.columns]]
        given = (frame, faults)
    details = Path(arguments.details or f"{arguments.out}.details.jsonl")
    answers, waiting = _answer(arguments, extractor, given, details, wanted)
    rows.write_predictions(arguments.out, answers)
    told = rowfiles.of_rows(arguments.rows, frame, faults) + rowfiles.of_photos(frame, extractor)
    write_faults(Path(f"{arguments.out}.faults.csv"), told)
    answered = int((answers["prediction"] != "").sum())
    tell(f"{answered} of {len(answers)} rows answered; details in {details}")
    if waiting:
        tell(
            f"{waiting} rows left blank: their photos are not read yet ('hybridml features' goes on with them)"
        )
    _combine(Path(f"{arguments.out}.products.csv"), answers, frame, extractor)
    if arguments.truth:
        _score(arguments, extractor, frame, answers)
    print(arguments.out)
    return 0


def _answer(
    arguments: argparse.Namespace,
    extractor: EntityExtractor,
    given: Checked,
    details: Path,
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

    frame, _ = given
    # arrays: a list of a million whole numbers takes as much as their photos' names
    indexes, links, entities = (frame[c].to_numpy() for c in ("index", "image_link", "entity_name"))
    blanked_by = _blanking(arguments, entities, extractor)
    predictions, waiting = [""] * len(frame), 0
    confidence = np.zeros(len(frame))
    as_read = predictions.copy() if arguments.truth else []
    candidates: list[tuple[str, ...]] = [()] * len(as_read)
    answers = extractor.answers(given, arguments.partial)
    with Spool(len(frame), details.parent) as spool:
        for each in tqdm(answers, "answers", len(frame), unit="row", disable=arguments.quiet):
            row, option = each.row, blanked_by(each)
            shown = in_house_units(each.answer, wanted, extractor.model_.book)
            if not option:
                predictions[row] = sys.intern(shown.prediction)
                confidence[row] = shown.confidence
            if as_read:
                as_read[row] = "" if option else sys.intern(each.answer.prediction)
                candidates[row] = tuple(map(sys.intern, each.answer.candidates))
            waiting += each.problem == NOT_YET
            place = {"index": indexes[row], "image_link": links[row], "entity_name": entities[row]}
            told = {**_told(shown, each.answer if wanted else None), "problem": each.problem}
            record = {**place, **told, "prediction": predictions[row], "blanked_by": option}
            spool.put(row, json.dumps(record, default=_plain, allow_nan=False))
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
    decision = extractor.model_.decision
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
