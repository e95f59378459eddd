"""The command ``evaluate``: the scores of answers."""

from __future__ import annotations

import argparse
import json

from hybridml.datasets.predictions import sidecar_of
from hybridml.evaluation.evaluate import evaluate_files, text_of
from hybridml.utils.files import atomic

from .options import add_entities, schema_of, tell
from .outputs import check_outputs, paths_given

DESCRIPTION = """\
Prints the challenge's F1 with precision, recall and accuracy, over all rows and per entity; the F1 that accepts the
same quantity in another unit within 1 %; and the error of the number (SMAPE).

  hybridml evaluate --truth truth.csv --predictions predictions.csv
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--truth", required=True, metavar="CSV", help="rows with entity_value")
    add("--predictions", required=True, metavar="CSV", help="index,prediction")
    add("--details", metavar="JSONL", help="the sidecar of 'predict': adds the F1 of the oracle")
    add(
        "--corrections",
        metavar="CSV",
        help="corrected labels that a report exports: index,entity_name,correction,value",
    )
    add_entities(parser)
    add("--json", metavar="FILE", help="also write the scores to FILE")


def run(arguments: argparse.Namespace) -> int:
    reads = paths_given(arguments, "truth", "predictions", "details", "corrections", "entities")
    if not arguments.details:
        reads["--predictions"].append(str(sidecar_of(arguments.predictions)))
    check_outputs(reads, paths_given(arguments, "json"))
    result = evaluate_files(
        arguments.truth,
        arguments.predictions,
        arguments.details,
        schema_of(arguments),
        arguments.corrections,
    )
    print(text_of(result))
    if arguments.json:
        with atomic(arguments.json) as temporary:
            temporary.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        tell(f"written to {arguments.json}")
    return 0
