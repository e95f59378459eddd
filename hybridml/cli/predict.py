"""The command ``predict``: the answers of a model to rows."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from hybridml.artifact.file import model_path
from hybridml.datasets import photos
from hybridml.datasets.predictions import write_predictions
from hybridml.datasets.row_chunks import RowChunks
from hybridml.datasets.rows import PRODUCT
from hybridml.datasets.thresholds import read_thresholds
from hybridml.errors import HybridmlError
from hybridml.estimator import EntityExtractor
from hybridml.evaluation.evaluate import evaluate_by_training, text_of
from hybridml.prediction.blanking import Blanking, precision_thresholds
from hybridml.prediction.from_candidates import CandidateFileRequest
from hybridml.prediction.output import AnswerRequest, TableAnswers, answer_table
from hybridml.prediction.products import write_products
from hybridml.prediction.unit_conversion import wanted_units
from hybridml.ranking.model import Model
from hybridml.utils.files import is_stream
from hybridml.utils.paths import path_of

from .extractor import add_model, load_extractor
from .options import add_files, images_of, probability, tell, write_faults
from .outputs import check_outputs, paths_given

DESCRIPTION = """\
Writes index,prediction for every row in order, and beside it a sidecar with value, unit, confidence, box and
runner-ups, one JSON object per line. OCR engine and embedding are those of the model; photos that the store lacks are
processed first. With --truth, F1 is printed, separately for rows whose photo or group was trained on. Where rows have
a product_id, OUT.products.csv has one answer per product and entity from all its photos.

  hybridml predict --rows test.csv --images photos/ --model models/model.joblib --out predictions.csv
  hybridml predict --rows test.csv --precision 0.9      only what is sure enough to publish unchecked
  hybridml predict --rows test.csv --unit gram --unit width=inch    in units of your choice
  hybridml predict --rows test.csv --partial            what is in the store so far; extracts nothing
  hybridml predict --candidates candidates.parquet      from the file of 'hybridml candidates' alone
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--rows", metavar="CSV", help="rows; with --candidates those of its rows to answer (default: all)")
    add(
        "--candidates",
        metavar="FILE",
        help="answer from this file of 'hybridml candidates', without photos, store or OCR engine",
    )
    add_files(parser)
    add_model(parser)
    add(
        "--out",
        default="predictions.csv",
        metavar="CSV",
        help="answers (default: %(default)s); beside /dev/stdout or another pipe nothing else is written",
    )
    sidecar = parser.add_mutually_exclusive_group()
    sidecar.add_argument("--details", metavar="FILE", help="sidecar (default: OUT with .details.jsonl added)")
    sidecar.add_argument("--no-details", action="store_true", help="write no sidecar")
    add("--min-confidence", type=probability, metavar="P", help="blank answers with a confidence below P")
    add(
        "--precision",
        type=probability,
        metavar="P",
        help="blank answers below the confidence from which the training rows, out of fold, have precision P",
    )
    add(
        "--thresholds",
        metavar="CSV",
        help="blank answers below the confidence that this table, which a report exports, has for their entity: "
        "entity_name,min_confidence; 'never' blanks an entity, the line of 'all' is for entities without a line",
    )
    add(
        "--unit",
        action="append",
        default=[],
        metavar="[ENTITY=]UNIT",
        help="answer in this unit, for one entity or for every one that allows it: converted exactly, rounded to the "
        "precision that was read; the sidecar keeps what was read. May be given again",
    )
    add(
        "--partial",
        action="store_true",
        help="answer from what the store has so far, even while 'hybridml features' fills it; rows whose photo is "
        "not done are left blank",
    )
    add("--truth", metavar="CSV", help="labels of these rows: print the F1 of the answers as they were read")
    add("--truth-is", metavar="TEXT", default="", help="what these labels are, printed above the F1")


def run(arguments: argparse.Namespace) -> int:
    details = _check_outputs(arguments)
    extractor = load_extractor(arguments)
    model = extractor.model_
    units = wanted_units(arguments.unit, model.schema)
    total, entities, requests = _requests(arguments, extractor)
    found = answer_table(
        requests,
        model,
        arguments.rows or "",
        details,
        _blanking(arguments, model, entities),
        units,
        for_scoring=bool(arguments.truth),
        total=total,
        progress=not arguments.quiet,
    )
    write_predictions(arguments.out, found.frame)
    write_faults(_beside(arguments, "faults.csv"), found.faulty)
    answered = int((found.frame["prediction"] != "").sum())
    tell(f"{answered} of {total} rows answered" + (f"; details in {details}" if details else ""))
    if found.waiting:
        tell(f"{found.waiting} rows left blank: 'hybridml features' has not processed their photos yet")
    _write_products(_beside(arguments, "products.csv"), found, model)
    if arguments.truth:
        _print_scores(arguments, found, model)
    if not is_stream(arguments.out):
        print(arguments.out)
    return 0


def _check_outputs(arguments: argparse.Namespace) -> Path | None:
    """Return where the sidecar goes, None for none; remove the sidecar that belongs to earlier answers."""
    usual = None if arguments.details else _beside(arguments, "details.jsonl")
    beside = [usual, *(_beside(arguments, name) for name in ("faults.csv", "products.csv"))]
    reads = paths_given(arguments, "rows", "candidates", "truth", "thresholds")
    check_outputs(
        {**reads, "--model": [model_path(arguments.model)]},
        {"--out": [arguments.out, *filter(None, beside)], **paths_given(arguments, "details")},
    )
    if usual and arguments.no_details:
        usual.unlink(missing_ok=True)
        return None
    return path_of(arguments.details) if arguments.details else usual


def _beside(arguments: argparse.Namespace, name: str) -> Path | None:
    """Return the file of a name that lies beside the answers; None where they go into a pipe."""
    return None if is_stream(arguments.out) else path_of(f"{arguments.out}.{name}")


def _requests(
    arguments: argparse.Namespace, extractor: EntityExtractor
) -> tuple[int, Sequence[str], Iterable[AnswerRequest]]:
    """Return the number of rows, the entities that they ask for, and the rows chunk by chunk."""
    if not arguments.candidates:
        if not arguments.rows:
            raise HybridmlError(
                "nothing to answer: give --rows, or --candidates with a file that 'hybridml candidates' wrote"
            )
        chunks = RowChunks(arguments.rows, extractor.model_.schema, images_of(arguments))
        return (
            chunks.size,
            chunks.entities,
            (extractor.request(chunk, arguments.partial) for chunk in chunks),
        )
    useless = [name for name in ("images", "workers", "dask", "partial") if getattr(arguments, name)]
    if useless:
        raise HybridmlError(
            f"--candidates opens no photo and no store: leave out --{' and --'.join(useless)}"
        )
    given = photos.checked(arguments.rows, schema=extractor.model_.schema) if arguments.rows else None
    request = CandidateFileRequest(arguments.candidates, extractor.model_, extractor.stages_, given)
    return len(request.frame), list(request.frame["entity_name"].unique()), [request]


def _blanking(arguments: argparse.Namespace, model: Model, entities: Iterable[str]) -> Blanking:
    return Blanking(
        arguments.min_confidence or 0.0,
        read_thresholds(arguments.thresholds, model.schema) if arguments.thresholds else {},
        precision_thresholds(model.calibrator, arguments.precision, entities) if arguments.precision else {},
    )


def _write_products(path: Path | None, found: TableAnswers, model: Model) -> None:
    """Write one answer per product and entity; remove the file of an earlier run when there are no products."""
    if found.product_rows.empty:
        if path:
            path.unlink(missing_ok=True)
    elif path is None:
        tell("products are not combined: their file would lie beside the answers, which go into a pipe")
    else:
        table = found.products(model)
        write_products(path, table)
        tell(
            f"{table[PRODUCT].nunique()} products: one answer per entity from all photos in {path}, "
            f"{table['conflict'].sum()} of {len(table)} with a conflict"
        )


def _print_scores(arguments: argparse.Namespace, found: TableAnswers, model: Model) -> None:
    answers, notes = found.frame, [arguments.truth_is]
    if arguments.unit:
        answers = answers.assign(prediction=answers["as_read"])
        notes.append("answers as read, before --unit")
    show = tell if is_stream(arguments.out) else print
    trained_on = answers["trained_on"].to_numpy()
    for title, result in evaluate_by_training(
        arguments.truth, answers, trained_on, "; ".join(filter(None, notes)), model.schema
    ):
        show(f"{title}\n{text_of(result)}")
