"""The command ``candidates``: what answering needs of rows in one file, for a machine without photos and store."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import predict, rowfiles
from .options import Commands, add_files, command, images_of, tell, write_faults
from .outputs import check_outputs, paths_given

DEFAULT_OUT = "candidates.parquet"


def add_commands(commands: Commands) -> None:
    """Add the command of this module."""
    candidates = command(
        commands,
        "candidates",
        _candidates,
        "describe the candidates of rows in one file, to answer from it alone",
        "Writes every candidate of every row with its features, the text and the box it was read from, and what made\n"
        "them. Photos that the store lacks are read first. 'hybridml predict --candidates FILE' answers from it: many\n"
        "times as quick, without photos, store or engines, with this model or another one that describes candidates\n"
        "alike, one trained anew on more labels, say.\n\n"
        "  hybridml candidates --rows test.csv --images photos/ --out candidates.parquet\n"
        "  hybridml predict --candidates candidates.parquet --out predictions.csv",
    )
    candidates.add_argument("--rows", required=True, metavar="CSV", help="rows")
    add_files(candidates)
    predict.add_model(candidates)
    candidates.add_argument(
        "--out", default=DEFAULT_OUT, metavar="FILE", help="where to write them (default: %(default)s)"
    )


def _candidates(arguments: argparse.Namespace) -> int:
    from hybridml.artifact.pretrained import model_path
    from hybridml.datasets import photos

    told = Path(f"{arguments.out}.faults.csv")
    check_outputs(
        {**paths_given(arguments, "rows"), "--model": [model_path(arguments.model)]},
        {"--out": [arguments.out, told]},
    )
    extractor = predict.extractor_of(arguments)
    given = photos.checked(arguments.rows, schema=extractor.model_.schema, images=images_of(arguments))
    frame, faults = given
    shown = extractor.write_candidates(given, arguments.out)
    write_faults(told, rowfiles.of_rows(arguments.rows, frame, faults) + rowfiles.of_photos(frame, extractor))
    tell(f"{shown} of {len(frame)} rows have a candidate")
    print(arguments.out)
    return 0
