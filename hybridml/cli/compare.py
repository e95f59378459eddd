"""The command ``compare``: systems side by side on the same folds."""

from __future__ import annotations

import argparse
import warnings
from ast import literal_eval
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hybridml.errors import HybridmlError
from hybridml.utils.paths import path_of

from . import rowfiles
from .options import (
    Commands,
    add_files,
    add_renamed,
    add_stages,
    command,
    count,
    images_of,
    schema_of,
    stages_of,
    tell,
    write_faults,
)
from .outputs import check_outputs, paths_given

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def add_commands(commands: Commands) -> None:
    """Add the command of this module."""
    compare = command(
        commands,
        "compare",
        _compare,
        "run systems on the same folds, and say how good each is and what it costs",
        "Folds share no group and no photo. Photos that the store lacks are read first, and embedded if a system\n"
        "needs it. A system that fails is named with the reason, the others are compared; exit status 1 then.\n\n"
        "  hybridml compare --rows train.csv --images photos/\n"
        "  hybridml compare --rows train.csv --images photos/ --systems first ranker mine:System",
    )
    compare.add_argument("--rows", required=True, metavar="CSV", help="rows with entity_value")
    compare.add_argument(
        "--systems",
        nargs="+",
        metavar="NAME",
        help="what to compare: first, largest, line-angle, tabular-linear, tabular-forest, tabular-lightgbm, "
        "tabular-xgboost, lstm, vlm, ranker, ranker-without-PART, or module:Class (default: all but vlm and the "
        "ranker's ablations)",
    )
    compare.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SYSTEM.NAME=VALUE",
        help="a parameter of a system, such as tabular-forest.encoding=label; may be given again",
    )
    compare.add_argument("--folds", type=count, default=5, metavar="N", help="folds (default: %(default)s)")
    compare.add_argument("--seed", type=int, default=0, help="seed of the folds (default: %(default)s)")
    compare.add_argument("--fold-file", metavar="CSV", help="index,fold, in place of folds drawn now")
    add_renamed(
        compare,
        "--weak-labels",
        "--others",
        action="append",
        default=[],
        metavar="CSV",
        help="rows labelled by others, for systems that learn from them; may be given again",
    )
    compare.add_argument("--labels", nargs="+", metavar="CSV", help="labels without photos, likewise")
    add_files(compare)
    add_stages(compare)
    compare.set_defaults(embedding="resnet50")
    compare.add_argument("--out", metavar="CSV", help="write a line per system and entity")
    compare.add_argument("--json", metavar="FILE", help="write all scores, of each fold too")
    compare.add_argument(
        "--predictions", metavar="DIR", help="write the answers of each system: NAME-READER.csv"
    )


def _compare(arguments: argparse.Namespace) -> int:
    import pandas as pd

    from hybridml.datasets.labels import read_labels
    from hybridml.evaluation.baselines import DEFAULT_SYSTEMS
    from hybridml.evaluation.compare import (
        ComparisonSettings,
        compare,
        score,
        table,
        write_predictions,
        write_scores,
    )

    systems, settings = arguments.systems or DEFAULT_SYSTEMS, settings_of(arguments.set)
    _check_names(settings, systems)
    ocr_engines = [name.strip() for name in arguments.ocr.split(",")]
    faults_file = path_of(arguments.store) / "faults.csv"
    _check_outputs(arguments, systems, ocr_engines, faults_file)
    schema, images = schema_of(arguments), images_of(arguments)
    tables = [
        rowfiles.read(path, schema, images, truth=True) for path in (arguments.rows, *arguments.weak_labels)
    ]
    write_faults(faults_file, [fault for _, faults in tables for fault in faults])
    frame, *others = (frame for frame, _ in tables)
    fold, fewer = _folds(arguments, frame)
    source = ComparisonSettings(
        images=images,
        store=arguments.store,
        effort=arguments.effort,
        stages=stages_of(arguments),
        embedding=arguments.embedding,
        resnet_weights=arguments.resnet_weights,
        schema=schema,
        workers=arguments.workers,
        dask=arguments.dask,
        progress=not arguments.quiet,
    )
    outcomes = compare(
        frame,
        fold,
        systems,
        source,
        ocr_engines,
        settings,
        pd.concat(others, ignore_index=True) if others else None,
        None if arguments.labels is None else read_labels(*arguments.labels),
    )
    results = []
    for outcome in outcomes:
        results.append(score(outcome, frame, fold, schema))
        # what is done stays, whatever happens to the next
        write_scores(results, arguments.out, arguments.json)
        if arguments.predictions:
            write_predictions(arguments.predictions, outcome, frame)
    print(table(results))
    if fewer:
        tell(f"error: {fewer}")
    return 1 if fewer or any(result["error"] for result in results) else 0


def _check_outputs(
    arguments: argparse.Namespace, systems: Sequence[str], ocr_engines: Sequence[str], faults: Path
) -> None:
    from hybridml.evaluation.compare.files import predictions_path

    reads = paths_given(arguments, "rows", "weak_labels", "labels", "fold_file", "entities", "resnet_weights")
    writes: dict[str, Any] = {**paths_given(arguments, "out", "json"), "--store": [faults]}
    if arguments.predictions:
        files = {
            predictions_path(arguments.predictions, name, ocr)
            for name in systems
            for ocr in ("", *ocr_engines)
        }
        writes["--predictions"] = sorted(files)
    check_outputs(reads, writes)


def _folds(arguments: argparse.Namespace, frame: pd.DataFrame) -> tuple[np.ndarray, str]:
    """Return each row's fold, and what was said about there being fewer than asked for."""
    import numpy as np

    from hybridml.datasets import folds

    if arguments.fold_file:
        return np.asarray(folds.load_folds(arguments.fold_file, frame)), ""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fold = np.asarray(folds.assign_folds(frame, arguments.folds, arguments.seed))
    for warning in caught:
        tell(f"warning: {warning.message}")
    made = len(np.unique(fold))
    return (
        fold,
        f"{made} folds in place of {arguments.folds}: too few groups" if made < arguments.folds else "",
    )


def settings_of(wishes: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the parameters of systems, by name.

    A value is what it means in Python: a number, ``None``, a list; ``true`` and ``false`` are truth values however they
    are written, and all else is a text.

    Examples
    --------
    >>> settings_of(["lstm.photo=vectors", "lstm.device=cuda", "vlm.four_bit=false"])
    {'lstm': {'photo': 'vectors', 'device': 'cuda'}, 'vlm': {'four_bit': False}}
    >>> settings_of(["tabular-forest.encoding=label", "tabular-forest.components=32", "mine:System.rate=0.5"])
    {'tabular-forest': {'encoding': 'label', 'components': 32}, 'mine:System': {'rate': 0.5}}
    """
    found: dict[str, dict[str, Any]] = {}
    for wish in wishes:
        name, equals, value = wish.partition("=")
        system, dot, parameter = name.rpartition(".")
        if not (equals and dot and system and parameter):
            raise HybridmlError(
                f"--set {wish}: expected SYSTEM.NAME=VALUE, such as tabular-forest.encoding=label"
            )
        found.setdefault(system, {})[parameter] = _meant(value)
    return found


def _meant(value: str) -> Any:
    """Return what is written as a value: what it is in Python, or itself."""
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    try:
        return literal_eval(value)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return value


def _check_names(settings: Mapping[str, Any], systems: Sequence[str]) -> None:
    """Raise HybridmlError when something is set of a system that is not compared."""
    for name in settings:
        if name not in systems:
            raise HybridmlError(
                f"--set {name}...: {name!r} is not among the systems compared, which are: {', '.join(systems)}"
            )
