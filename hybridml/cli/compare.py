"""The command ``compare``: a comparison of systems on the same folds."""

from __future__ import annotations

import argparse
import warnings
from ast import literal_eval
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from hybridml.datasets import folds, photos
from hybridml.datasets.faults_file import with_row_faults
from hybridml.datasets.labels import read_labels
from hybridml.errors import HybridmlError
from hybridml.evaluation.baselines import DEFAULT_SYSTEMS
from hybridml.evaluation.compare import (
    ComparisonSettings,
    compare,
    score,
    table,
    write_predictions,
    write_scores,
)
from hybridml.evaluation.compare.files import predictions_path
from hybridml.utils.paths import path_of

from .options import (
    add_files,
    add_renamed,
    add_stages,
    count,
    extraction_settings,
    images_of,
    schema_of,
    tell,
    write_faults,
)
from .outputs import check_outputs, paths_given

DESCRIPTION = """\
Folds share no group and no photo. Photos that the store lacks are processed first, and embedded if a system needs it.
A system that fails is named with the reason, and the others are compared; exit status 1 then.

  hybridml compare --rows train.csv --images photos/
  hybridml compare --rows train.csv --images photos/ --systems first ranker mine:System
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--rows", required=True, metavar="CSV", help="rows with entity_value")
    add(
        "--systems",
        nargs="+",
        default=DEFAULT_SYSTEMS,
        metavar="NAME",
        help="what to compare: first, largest, line-angle, tabular-linear, tabular-forest, tabular-lightgbm, "
        "tabular-xgboost, lstm, vlm, ranker, ranker-without-PART, or module:Class (default: all but vlm and the "
        "ranker's ablations)",
    )
    add(
        "--set",
        action="append",
        default=[],
        metavar="SYSTEM.NAME=VALUE",
        help="a parameter of a system, such as tabular-forest.encoding=label; may be given again",
    )
    add("--folds", type=count, default=5, metavar="N", help="number of folds (default: %(default)s)")
    add("--seed", type=int, default=0, help="seed of the folds (default: %(default)s)")
    add("--fold-file", metavar="CSV", help="index,fold, in place of folds drawn now")
    add_renamed(
        parser,
        "--weak-labels",
        "--others",
        action="append",
        default=[],
        metavar="CSV",
        help="rows with less reliable labels, for systems that learn from them; may be given again",
    )
    add("--labels", nargs="+", metavar="CSV", help="labels without photos, likewise")
    add_files(parser)
    add_stages(parser, embedding="resnet50")
    add("--out", metavar="CSV", help="write a line per system and entity")
    add("--json", metavar="FILE", help="write all scores, of each fold too")
    add("--predictions", metavar="DIR", help="write the answers of each system: NAME-OCR.csv")


def run(arguments: argparse.Namespace) -> int:
    systems, settings = arguments.systems, settings_of(arguments.set)
    for name in settings:
        if name not in systems:
            raise HybridmlError(
                f"--set {name}...: {name!r} is not among the systems compared, which are: {', '.join(systems)}"
            )
    ocr_engines = [name.strip() for name in arguments.ocr.split(",")]
    faults_file = path_of(arguments.store) / "faults.csv"
    reads = paths_given(arguments, "rows", "weak_labels", "labels", "fold_file", "entities", "resnet_weights")
    writes: dict[str, Any] = {**paths_given(arguments, "out", "json"), "--store": [faults_file]}
    if arguments.predictions:
        names = [(system, ocr) for system in systems for ocr in ("", *ocr_engines)]
        writes["--predictions"] = sorted({predictions_path(arguments.predictions, *name) for name in names})
    check_outputs(reads, writes)

    schema, images = schema_of(arguments), images_of(arguments)
    frames, faulty = [], []
    for path in (arguments.rows, *arguments.weak_labels):
        frame, faults = photos.checked(path, truth=True, schema=schema, images=images)
        frames.append(frame)
        faulty += with_row_faults(path, frame, faults)
    write_faults(faults_file, faulty)
    frame, *weak = frames
    fold = _folds(arguments, frame)
    outcomes = compare(
        frame,
        fold,
        systems,
        ComparisonSettings(**extraction_settings(arguments), schema=schema),
        ocr_engines,
        settings,
        pd.concat(weak, ignore_index=True) if weak else None,
        read_labels(*arguments.labels) if arguments.labels else None,
    )
    results = []
    for outcome in outcomes:
        results.append(score(outcome, frame, fold, schema))
        # written after each system, so that nothing is lost where a later one is interrupted
        write_scores(results, arguments.out, arguments.json)
        if arguments.predictions:
            write_predictions(arguments.predictions, outcome, frame)
    print(table(results))
    made = len(np.unique(fold))
    too_few = not arguments.fold_file and made < arguments.folds
    if too_few:
        tell(f"error: {made} folds in place of {arguments.folds}: too few groups")
    return 1 if too_few or any(result["error"] for result in results) else 0


def _folds(arguments: argparse.Namespace, frame: pd.DataFrame) -> np.ndarray:
    if arguments.fold_file:
        return np.asarray(folds.load_folds(arguments.fold_file, frame))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fold = np.asarray(folds.assign_folds(frame, arguments.folds, arguments.seed))
    tell(*(f"warning: {warning.message}" for warning in caught))
    return fold


def settings_of(assignments: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the parameters of systems, by name.

    A value is read as Python: a number, ``None``, a list; ``true`` and ``false`` are truth values in any case, and
    everything else is a text.

    Examples
    --------
    >>> settings_of(["lstm.photo=vectors", "lstm.device=cuda", "vlm.four_bit=false"])
    {'lstm': {'photo': 'vectors', 'device': 'cuda'}, 'vlm': {'four_bit': False}}
    >>> settings_of(["tabular-forest.encoding=label", "tabular-forest.components=32", "mine:System.rate=0.5"])
    {'tabular-forest': {'encoding': 'label', 'components': 32}, 'mine:System': {'rate': 0.5}}
    """
    found: dict[str, dict[str, Any]] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        system, dot, parameter = name.rpartition(".")
        if not (equals and dot and system and parameter):
            raise HybridmlError(
                f"--set {assignment}: expected SYSTEM.NAME=VALUE, such as tabular-forest.encoding=label"
            )
        found.setdefault(system, {})[parameter] = _value(value)
    return found


def _value(text: str) -> Any:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text
