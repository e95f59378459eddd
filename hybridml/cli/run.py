"""Commands of a run: ``split``, ``features``, ``train`` and ``predict``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..engines import LOOKS
from ..errors import HybridmlError
from ..files import atomic
from .options import (
    Commands,
    add_engines,
    add_files,
    book_of,
    command,
    images_of,
    looks_of,
    probability,
    tell,
    write_faults,
)

if TYPE_CHECKING:
    import pandas as pd

    from ..decision import Decision
    from ..entities import EntityBook
    from ..extractor import EntityExtractor
    from ..featurize import Report

DEFAULT_MODEL = "models/model.joblib"


def add_commands(commands: Commands) -> None:
    """Add the commands of this module."""
    split = command(
        commands,
        "split",
        _split,
        "hold out a part of labelled rows",
        "Writes train.csv, test.csv (without labels) and truth.csv. Rows that share a group or a photo stay together,\n"
        "so that nothing about the held-out rows can be learned from the others.\n\n"
        "  hybridml split --rows rows.csv --out build/holdout",
    )
    split.add_argument("--rows", required=True, metavar="CSV", help="rows with entity_value")
    split.add_argument("--out", required=True, metavar="DIR", help="folder to write to")
    split.add_argument(
        "--share", type=float, default=0.2, help="share of the rows held out (default: %(default)s)"
    )
    split.add_argument("--seed", type=int, default=0, help="seed of the draw (default: %(default)s)")

    features = command(
        commands,
        "features",
        _features,
        "read and embed the photos of rows into the feature store",
        "Each photo is worked on once, whatever the number of rows. Interrupted, the same command goes on where it\n"
        "stopped; run again, it takes seconds. A photo that cannot be read is named and costs its own rows only.\n\n"
        "  hybridml features --rows train.csv --rows test.csv --images photos/",
    )
    features.add_argument(
        "--rows", required=True, action="append", metavar="CSV", help="rows; may be given again"
    )
    add_files(features)
    add_engines(features)

    train = command(
        commands,
        "train",
        _train,
        "fit the ranker on labelled rows and write the model",
        "Photos that the store lacks are read first. The model is one joblib file.\n\n"
        "  hybridml train --rows train.csv --images photos/ --model models/model.joblib",
    )
    train.add_argument("--rows", required=True, metavar="CSV", help="rows with entity_value")
    train.add_argument(
        "--others",
        metavar="CSV",
        help="rows labelled by others, other systems say: learned from as far as that helps on --rows",
    )
    train.add_argument(
        "--labels",
        metavar="CSV",
        help="labels without photos, those of --rows included, to count what is usual (default: those of --rows)",
    )
    add_files(train)
    add_engines(train)
    train.add_argument(
        "--model", default=DEFAULT_MODEL, metavar="FILE", help="where to write it (default: %(default)s)"
    )
    train.add_argument("--seed", type=int, default=0, help="seed of everything random (default: %(default)s)")

    predict = command(
        commands,
        "predict",
        _predict,
        "answer rows with a trained model",
        "Writes index,prediction for every row in order, and beside it a sidecar with value, unit, confidence, box\n"
        "and runner-ups, one JSON object a line. Reader and embedding are the model's; photos that the store\n"
        "lacks are read first. With --truth, F1 is printed, apart for rows whose photo or group was trained on.\n\n"
        "  hybridml predict --rows test.csv --images photos/ --model models/model.joblib --out predictions.csv\n"
        "  hybridml predict --rows test.csv --precision 0.95     only what is sure enough to publish unseen",
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
    predict.add_argument("--truth", metavar="CSV", help="labels of these rows: print F1")
    predict.add_argument(
        "--truth-is", metavar="TEXT", default="", help="what these labels are, printed above the F1"
    )


def _split(arguments: argparse.Namespace) -> int:
    from .. import csvfile, photos, rows

    if not 0 < arguments.share < 1:
        raise HybridmlError(f"--share must be between 0 and 1, got {arguments.share}")
    frame, _ = photos.checked(arguments.rows, truth=True)
    train, test = rows.hold_out(frame, arguments.share, arguments.seed)
    out = Path(arguments.out)
    for name, part in (
        ("train", train),
        ("test", test.drop(columns="entity_value")),
        ("truth", test),
    ):
        out.mkdir(parents=True, exist_ok=True)
        csvfile.write_csv(out / f"{name}.csv", list(part.columns), part.itertuples(index=False, name=None))
    tell(f"{len(train)} rows to train on, {len(test)} held out, sharing no group and no photo: {out}/")
    return 0


def _extractor(arguments: argparse.Namespace, **more: Any) -> EntityExtractor:
    from ..extractor import EntityExtractor

    return EntityExtractor(
        images=images_of(arguments),
        store=arguments.store,
        looks=looks_of(arguments),
        ocr=arguments.ocr,
        embedding=arguments.embedding,
        resnet_weights=arguments.resnet_weights,
        entities=arguments.entities,
        workers=arguments.workers,
        progress=not arguments.quiet,
        **more,
    )


def _features(arguments: argparse.Namespace) -> int:
    import pandas as pd

    tables = [_rows(path, book_of(arguments)) for path in arguments.rows]
    frame = pd.concat([frame for frame, _ in tables], ignore_index=True)
    # two tables may number their rows alike
    report = _extractor(arguments).featurize(frame.assign(index=range(len(frame))))
    _say_report(report)
    faults = [f for _, faults in tables for f in faults] + _photo_faults(frame, report.failed)
    write_faults(Path(arguments.store) / "faults.csv", faults)
    return 0


def _train(arguments: argparse.Namespace) -> int:
    from .. import artifact

    frame, faults = _rows(arguments.rows, book_of(arguments), truth=True)
    told = Path(f"{arguments.model}.faults.csv")
    write_faults(told, faults)
    extractor = _extractor(arguments, random_state=arguments.seed).fit(
        frame, others=arguments.others, labels=arguments.labels
    )
    artifact.save(extractor, arguments.model)
    if extractor.faults_:
        write_faults(told, faults + _photo_faults(frame, extractor.faults_))
    facts = extractor.model_.training
    tell(
        f"trained on {facts['rows']} rows, {facts['photos']} photos, {facts['candidates']} candidates; "
        f"F1 out of fold {facts['f1_out_of_fold']:.3f} (each row by a ranker that saw neither its group nor its photo)"
    )
    print(arguments.model)
    return 0


def _predict(arguments: argparse.Namespace) -> int:
    from .. import artifact, rows
    from ..evaluation import evaluate_seen, text_of
    from ..reading import model_path

    path = model_path(arguments.model)
    tell(f"model: {path}")
    extractor = artifact.load(path)
    if arguments.without:
        tell(f"answering WITHOUT {', '.join(arguments.without)}, with which the model was trained")
        extractor.looks_ = [e for e in extractor.looks_ if e.kind not in arguments.without]
    extractor.set_params(
        images=images_of(arguments),
        store=arguments.store,
        workers=arguments.workers,
        progress=not arguments.quiet,
    )
    book = extractor.model_.book
    frame, faults = _rows(arguments.rows, book)
    answers = extractor.predict(frame)
    answers["blanked_by"] = _blanked_by(arguments, frame["entity_name"], answers, extractor.model_.decision)
    answers.loc[answers["blanked_by"] != "", "prediction"] = ""
    rows.write_predictions(arguments.out, answers)
    details = Path(arguments.details or f"{arguments.out}.details.jsonl")
    _write_details(details, frame, answers)
    write_faults(Path(f"{arguments.out}.faults.csv"), faults + _photo_faults(frame, extractor.faults_))
    answered = int((answers["prediction"] != "").sum())
    tell(f"{answered} of {len(answers)} rows answered; details in {details}")
    if arguments.truth:
        seen = extractor.model_.seen(frame)
        for title, result in evaluate_seen(arguments.truth, answers, seen, arguments.truth_is, book):
            print(f"{title}\n{text_of(result)}")
    print(arguments.out)
    return 0


def _blanked_by(
    arguments: argparse.Namespace, entities: pd.Series, answers: pd.DataFrame, decision: Decision
) -> list[str]:
    """Return the option that blanks each answer, empty for none."""
    thresholds = {}
    if arguments.precision is not None:
        thresholds = {e: decision.threshold(arguments.precision, e) for e in entities.unique()}
        for entity, threshold in thresholds.items():
            if threshold == float("inf"):
                tell(
                    f"no confidence is sure of precision {arguments.precision} for {entity}: all of it left blank"
                )
    blanked = []
    for entity, prediction, confidence in zip(
        entities, answers["prediction"], answers["confidence"], strict=True
    ):
        if prediction and confidence < (arguments.min_confidence or 0.0):
            blanked.append("min-confidence")
        else:
            blanked.append("precision" if prediction and confidence < thresholds.get(entity, 0.0) else "")
    return blanked


def _rows(
    path: str, book: EntityBook, truth: bool | None = None
) -> tuple[pd.DataFrame, list[Mapping[str, object]]]:
    """Return the rows of a file, and its faulty rows in the form of the faults file."""
    from .. import rows

    frame, faults = rows.read_rows(path, truth=truth, book=book, on_row_fault="collect")
    by_index = frame.set_index("index")
    told: list[Mapping[str, object]] = [
        {
            "index": f.index,
            "image_link": by_index["image_link"].get(f.index, ""),
            "entity_name": by_index["entity_name"].get(f.index, ""),
            "problem": f"{path}, line {f.line}, {f.column}: {f.problem}",
        }
        for f in faults
    ]
    return frame, told


def _photo_faults(frame: pd.DataFrame, failed: Mapping[str, str]) -> list[Mapping[str, object]]:
    from ..parts import photo_names

    if not failed:
        return []
    return [
        {"index": index, "image_link": link, "entity_name": entity, "problem": failed[name]}
        for index, link, entity, name in zip(
            frame["index"], frame["image_link"], frame["entity_name"], photo_names(frame), strict=True
        )
        if name in failed
    ]


def _say_report(report: Report) -> None:
    rate = f", {report.done / report.seconds:.2f} photos a second" if report.done and report.seconds else ""
    tell(
        f"{report.photos} photos: {report.cached} already in the store, {report.done} worked on now, "
        f"{len(report.failed)} failed; {report.seconds:.1f} s{rate}"
    )
    if report.second:
        tell(
            f"{report.second} photos show nothing they are asked for: a second look at {report.second_done} now"
        )


def _write_details(path: Path, frame: pd.DataFrame, answers: pd.DataFrame) -> None:
    with atomic(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        for link, entity, record in zip(
            frame["image_link"], frame["entity_name"], answers.to_dict("records"), strict=True
        ):
            record["runner_ups"] = [r.__dict__ for r in record["runner_ups"]]
            blank = not isinstance(record["unit"], str)
            record |= dict.fromkeys(("value", "unit", "box")) if blank else {}
            record = {"index": record.pop("index"), "image_link": link, "entity_name": entity, **record}
            file.write(json.dumps(record, default=_plain, allow_nan=False) + "\n")


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"cannot write {type(value).__name__} as JSON")
