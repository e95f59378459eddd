"""The command ``report``: what a run did, as a folder of HTML."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import rowfiles
from .options import Commands, add_files, command, count, images_of, tell, write_faults
from .outputs import check_outputs, paths_given


def add_commands(commands: Commands) -> None:
    """Add the command of this module."""
    report = command(
        commands,
        "report",
        _report,
        "show what a model does on rows: numbers, every row as a card, suspect labels",
        "Answers the rows as 'predict' does and writes a folder that opens in any browser, without a server:\n"
        "how good the answers are and how sure, what goes wrong and why, and each photo with what was read,\n"
        "considered and answered. It holds copies of the photos; those that the store lacks are read first.\n\n"
        "  hybridml report --rows test.csv --truth truth.csv --images photos/ --out build/report\n"
        "  hybridml report --rows test.csv --truth truth.csv --against other.csv    also: what got better, what worse",
    )
    report.add_argument("--rows", required=True, metavar="CSV", help="rows")
    add_files(report)
    report.add_argument(
        "--model", metavar="FILE", help="trained model (default: models/model.joblib, else the shipped one)"
    )
    report.add_argument(
        "--truth", metavar="CSV", help="labels of the rows (default: those in --rows, if it has any)"
    )
    report.add_argument(
        "--against",
        metavar="PATH",
        help="another run to compare with: its predictions, or its report's folder",
    )
    report.add_argument(
        "--systems", metavar="FILE", help="also show the systems that 'hybridml compare --json FILE' compared"
    )
    report.add_argument(
        "--photo-side",
        type=count,
        default=800,
        metavar="PIXELS",
        help="longest side of the photos' copies (default: %(default)s)",
    )
    report.add_argument(
        "--title", metavar="TEXT", help="of the page (default: names of the rows and the model)"
    )
    report.add_argument(
        "--out", default="build/report", metavar="DIR", help="folder to write to (default: %(default)s)"
    )


def _report(arguments: argparse.Namespace) -> int:
    from hybridml.artifact import serialize
    from hybridml.artifact.pretrained import model_path
    from hybridml.datasets import photos
    from hybridml.report.files import NUMBERS, REPORT_PAGE
    from hybridml.report.write import write_report

    path = model_path(arguments.model)
    # beside the folder, not in it: faults name the folders of this machine, and a report is passed on
    told = Path(f"{arguments.out.rstrip('/')}.faults.csv")
    out = Path(arguments.out)
    check_outputs(
        {**paths_given(arguments, "rows", "truth", "against", "systems"), "--model": [path]},
        {"--out": [out, out / REPORT_PAGE, out / NUMBERS, told]},
    )
    tell(f"model: {path}")
    extractor = serialize.load(path).set_params(
        images=images_of(arguments),
        store=arguments.store,
        workers=arguments.workers,
        dask=arguments.dask,
        progress=not arguments.quiet,
    )
    given = photos.checked(arguments.rows, schema=extractor.model_.schema, images=images_of(arguments))
    frame, faults = given
    page = write_report(
        extractor,
        given,
        arguments.out,
        truth=arguments.truth,
        against=arguments.against,
        title=arguments.title or f"{Path(arguments.rows).name}, answered by {Path(path).name}",
        photo_side=arguments.photo_side,
        systems=arguments.systems,
    )
    write_faults(told, rowfiles.of_rows(arguments.rows, frame, faults) + rowfiles.of_photos(frame, extractor))
    print(page)
    return 0
