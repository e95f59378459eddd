"""The command ``report``: a folder of HTML on what a model does."""

from __future__ import annotations

import argparse
from pathlib import Path

from hybridml.artifact.file import model_path
from hybridml.datasets import photos
from hybridml.datasets.faults_file import with_failed_photos, with_row_faults
from hybridml.report.files import NUMBERS, REPORT_PAGE
from hybridml.report.write import write_report

from .extractor import add_model, load_extractor
from .options import add_files, count, images_of, write_faults
from .outputs import check_outputs, paths_given

DESCRIPTION = """\
Answers the rows as 'predict' does and writes a folder that opens in any browser, without a server: how good the
answers are and how sure, what goes wrong and why, and each photo with what was read, considered and answered. The
folder holds copies of the photos; photos that the store lacks are processed first.

  hybridml report --rows test.csv --truth truth.csv --images photos/ --out build/report
  hybridml report --rows test.csv --truth truth.csv --against other.csv    also: what got better, what worse
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--rows", required=True, metavar="CSV", help="rows")
    add_files(parser)
    add_model(parser)
    add("--truth", metavar="CSV", help="labels of the rows (default: those in --rows, if it has any)")
    add(
        "--against",
        metavar="PATH",
        help="another run to compare with: its predictions, or the folder of its report",
    )
    add(
        "--systems", metavar="FILE", help="also show the systems that 'hybridml compare --json FILE' compared"
    )
    add(
        "--photo-side",
        type=count,
        default=800,
        metavar="PIXELS",
        help="longest side of the copies of photos (default: %(default)s)",
    )
    add("--title", metavar="TEXT", help="title of the page (default: names of the rows and the model)")
    add("--out", default="build/report", metavar="DIR", help="folder to write to (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    model, out = model_path(arguments.model), Path(arguments.out)
    # beside the folder, not in it: faults name the folders of this machine, and a report is passed on
    faults_file = Path(f"{arguments.out.rstrip('/')}.faults.csv")
    check_outputs(
        {**paths_given(arguments, "rows", "truth", "against", "systems"), "--model": [model]},
        {"--out": [out, out / REPORT_PAGE, out / NUMBERS, faults_file]},
    )
    extractor = load_extractor(arguments)
    frame, faults = photos.checked(
        arguments.rows, schema=extractor.model_.schema, images=images_of(arguments)
    )
    page = write_report(
        extractor,
        (frame, faults),
        arguments.out,
        truth=arguments.truth,
        against=arguments.against,
        title=arguments.title or f"{Path(arguments.rows).name}, answered by {model.name}",
        photo_side=arguments.photo_side,
        systems=arguments.systems,
    )
    faulty = with_row_faults(arguments.rows, frame, faults)
    write_faults(faults_file, faulty + with_failed_photos(frame, extractor.faults_))
    print(page)
    return 0
