"""The command ``download``: the photos that the rows link to."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hybridml.datasets.download import download
from hybridml.datasets.download.settings import DownloadSettings
from hybridml.datasets.download.status import FAULTS, JOURNAL, TABLE
from hybridml.datasets.faults_file import FaultyRow, with_row_faults
from hybridml.datasets.rows import read_rows

from .options import count, tell, write_faults
from .outputs import check_outputs, paths_given

if TYPE_CHECKING:
    from hybridml.datasets.download.run import DownloadReport  # which needs aiohttp

LISTED_CAUSES = 10

DESCRIPTION = """\
Writes the photos to the images folder, and beside them download.csv with the result of each link. After an
interruption, the same command continues where it stopped. Photos that failed are fetched again only with
--retry-failed. Exit status 0 when every row has its photo, 1 when some have none.

  hybridml download --rows train.csv --rows test.csv --images photos/
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    defaults = DownloadSettings()
    add = parser.add_argument
    add("--rows", required=True, action="append", metavar="CSV", help="rows; may be given again")
    add("--images", default="images", metavar="DIR", help="folder to write to (default: %(default)s)")
    for name, metavar, kind, text in (
        ("jobs", "N", count, "photos fetched at once"),
        ("per_host", "N", count, "photos fetched at once from one host"),
        (
            "timeout",
            "SECONDS",
            float,
            f"longest time for one attempt; {defaults.stall:g} s without a byte end it too",
        ),
        (
            "retries",
            "N",
            int,
            "further attempts after timeouts, lost connections, truncated bodies, HTTP 408, 425, 429 and 5xx",
        ),
        ("max_bytes", "N", count, "largest body that is accepted"),
        ("user_agent", "TEXT", str, "the User-Agent header to send"),
    ):
        default = getattr(defaults, name)
        shown = f"{default:g}" if kind is float else default
        option = f"--{name.replace('_', '-')}"
        add(option, type=kind, default=default, metavar=metavar, help=f"{text} (default: {shown})")
    add("--retry-failed", action="store_true", help="fetch photos again that failed earlier")
    add(
        "--placeholders",
        action="store_true",
        help="write a grey image where a photo failed; marked in download.csv, never read as a photo",
    )
    add("--allow-private", action="store_true", help="also connect to addresses on private networks")


def run(arguments: argparse.Namespace) -> int:
    images = Path(arguments.images)
    check_outputs(
        paths_given(arguments, "rows"), {"--images": [images / name for name in (FAULTS, JOURNAL, TABLE)]}
    )
    rows, faults = _read_rows(arguments.rows)
    settings = DownloadSettings(
        **{f.name: getattr(arguments, f.name) for f in fields(DownloadSettings) if f.name in arguments}
    )
    report = download((row["image_link"] for row in rows), images, settings, progress=not arguments.quiet)
    _print_report(report)
    without = [
        row | {"problem": report.failed[row["image_link"]]}
        for row in rows
        if row["image_link"] in report.failed
    ]
    missing = len(faults) + len(without)
    tell(
        f"{len(rows) + len(faults)} rows: {len(rows) - len(without)} have their photo, {missing} have none; "
        f"{report.others} files in {images} belong to no row"
    )
    write_faults(images / FAULTS, [*faults, *without])
    print(images / TABLE)
    return 1 if missing else 0


def _print_report(report: DownloadReport) -> None:
    rate = f", {report.fetched / report.seconds:.1f} photos a second" if report.fetched else ""
    tell(
        f"{report.links} links: {report.fetched} photos fetched, {report.bytes / 1e6:.1f} MB, "
        f"{report.seconds:.1f} s{rate}; {report.present} were there, {len(report.failed)} failed"
    )
    causes = report.causes().most_common()
    tell(*(f"  {n} x {cause}" for cause, n in causes[:LISTED_CAUSES]))
    if len(causes) > LISTED_CAUSES:
        tell(f"  {sum(n for _, n in causes[LISTED_CAUSES:])} of other causes")


def _read_rows(paths: Sequence[str]) -> tuple[list[dict[Any, Any]], list[FaultyRow]]:
    """Return the rows of all tables whose link names a file, and the others in the form of the faults file."""
    usable: list[dict[Any, Any]] = []
    faulty: list[FaultyRow] = []
    for path in paths:
        frame, faults = read_rows(path, truth=False)
        # other faults of a row do not keep its photo from being fetched
        unusable = {fault.index: fault for fault in faults if fault.column == "image_link"}
        faulty += with_row_faults(path, frame, list(unusable.values()))
        asked = frame[["index", "image_link", "entity_name"]].to_dict("records")
        usable += [row for row in asked if row["index"] not in unusable]
    return usable, faulty
