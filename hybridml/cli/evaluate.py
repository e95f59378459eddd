"""Commands that judge answers: ``evaluate`` and ``check``."""

from __future__ import annotations

import argparse
import json
import sys

from hybridml.utils.files import atomic

from .options import Commands, add_entities, command, schema_of
from .outputs import check_outputs, paths_given


def add_commands(commands: Commands) -> None:
    """Add the commands of this module."""
    evaluate = command(
        commands,
        "evaluate",
        _evaluate,
        "score answers against labels",
        "Prints the challenge's F1 with precision, recall and accuracy, over all and per entity; the F1 that\n"
        "accepts the same quantity in another unit within 1 %; and the error of the number (SMAPE).\n\n"
        "  hybridml evaluate --truth truth.csv --predictions predictions.csv",
    )
    evaluate.add_argument("--truth", required=True, metavar="CSV", help="rows with entity_value")
    evaluate.add_argument("--predictions", required=True, metavar="CSV", help="index,prediction")
    evaluate.add_argument("--details", metavar="JSONL", help="the sidecar of predict: adds the oracle's F1")
    evaluate.add_argument(
        "--corrections",
        metavar="CSV",
        help="labels that a report's reader corrected: index,entity_name,correction,value",
    )
    add_entities(evaluate)
    evaluate.add_argument("--json", metavar="FILE", help="also write the scores to FILE")

    check = command(
        commands,
        "check",
        _check,
        "say whether a submission would be accepted",
        "Prints a line per fault and exits with status 1 when there is any.\n\n"
        "  hybridml check --rows test.csv --predictions predictions.csv",
    )
    check.add_argument("--rows", required=True, metavar="CSV", help="the rows that were to be answered")
    check.add_argument("--predictions", required=True, metavar="CSV", help="index,prediction")
    add_entities(check)


def _check(arguments: argparse.Namespace) -> int:
    from hybridml.evaluation.submission import check_files

    faults = check_files(arguments.rows, arguments.predictions, schema_of(arguments))
    for fault in faults:
        print(fault)
    print(
        f"{arguments.predictions}: {len(faults)} faults" if faults else f"{arguments.predictions}: accepted"
    )
    return 1 if faults else 0


def _evaluate(arguments: argparse.Namespace) -> int:
    from hybridml.datasets.predictions import sidecar_of
    from hybridml.evaluation.evaluate import evaluate_files, text_of

    reads = paths_given(arguments, "truth", "predictions", "details", "corrections", "entities")
    if not arguments.details:
        reads["--predictions"].append(str(sidecar_of(arguments.predictions)))
    check_outputs(reads, paths_given(arguments, "json"))
    schema = schema_of(arguments)
    result = evaluate_files(
        arguments.truth, arguments.predictions, arguments.details, schema, arguments.corrections
    )
    print(text_of(result))
    if arguments.json:
        with atomic(arguments.json) as temporary:
            temporary.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        print(f"written to {arguments.json}", file=sys.stderr)
    return 0
