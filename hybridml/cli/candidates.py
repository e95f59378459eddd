"""The command ``candidates``: the candidates of rows in one file."""

from __future__ import annotations

import argparse

from hybridml.artifact.file import model_path
from hybridml.prediction.from_candidates import write_candidates
from hybridml.utils.paths import path_of

from .extractor import add_model, load_extractor
from .options import add_files, tell, write_faults
from .outputs import check_outputs, paths_given

DESCRIPTION = """\
Writes every candidate of every row with its features, the text line and the box it was read from, and the settings
that produced them. Photos that the store lacks are processed first. 'hybridml predict --candidates FILE' answers from
the file alone, many times faster, without photos, store or OCR engine: with this model or with another that describes
candidates the same way, for example one retrained on more labels.

  hybridml candidates --rows test.csv --images photos/ --out candidates.parquet
  hybridml predict --candidates candidates.parquet --out predictions.csv
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--rows", required=True, metavar="CSV", help="rows")
    add_files(parser)
    add_model(parser)
    add("--out", default="candidates.parquet", metavar="FILE", help="file to write (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    faults_file = path_of(f"{arguments.out}.faults.csv")
    check_outputs(
        {**paths_given(arguments, "rows"), "--model": [model_path(arguments.model)]},
        {"--out": [arguments.out, faults_file]},
    )
    request = load_extractor(arguments).request(arguments.rows)
    described = write_candidates(arguments.out, request, progress=not arguments.quiet)
    write_faults(faults_file, request.row_faults(arguments.rows) + request.photo_faults())
    tell(f"{described} of {len(request.frame)} rows have a candidate")
    print(arguments.out)
    return 0
