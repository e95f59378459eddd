"""The command ``check``: the faults of a submission."""

from __future__ import annotations

import argparse

from hybridml.evaluation.submission import check_files

from .options import add_entities, schema_of

DESCRIPTION = """\
Prints a line per fault and exits with status 1 when there is any. The challenge would reject a fault marked [official];
one marked [contract] it overlooks, but an answer in hybridml's own form never has it.

  hybridml check --rows test.csv --predictions predictions.csv
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", required=True, metavar="CSV", help="the rows that were to be answered")
    parser.add_argument("--predictions", required=True, metavar="CSV", help="index,prediction")
    add_entities(parser)


def run(arguments: argparse.Namespace) -> int:
    faults = check_files(arguments.rows, arguments.predictions, schema_of(arguments))
    print(*faults, f"{arguments.predictions}: {f'{len(faults)} faults' if faults else 'accepted'}", sep="\n")
    return 1 if faults else 0
