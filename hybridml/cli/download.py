"""The command ``download``: the photos that links of rows lead to."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hybridml.datasets.download import download
from hybridml.datasets.download.settings import Settings
from hybridml.datasets.download.status import FAULTS, JOURNAL, TABLE
from hybridml.datasets.faults_file import FaultyRow, with_row_faults
from hybridml.datasets.rows import read_rows

from .options import count, tell, write_faults
from .outputs import check_outputs, paths_given

if TYPE_CHECKING:
    from hybridml.datasets.download.run import Report  # which needs aiohttp

SHOWN_CAUSES = 10


DESCRIPTION = """\
Writes the photos to the images folder, and beside them download.csv: what came of each link. Interrupted,
the same command goes on where it stopped. What failed is known as failed and fetched again with
--retry-failed only. Exit status 0 when every row has its photo, 1 when some have none.

  hybridml download --rows train.csv --rows test.csv --images photos/
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    defaults = Settings()
    add = parser.add_argument
    add("--rows", required=True, action="append", metavar="CSV", help="rows; may be given again")
    add("--images", default="images", metavar="DIR", help="folder to write to (default: %(default)s)")
    add(
        "--jobs", type=count, default=defaults.jobs, metavar="N", help="photos at once (default: %(default)s)"
    )
    add(
        "--per-host",
        type=count,
        default=defaults.per_host,
        metavar="N",
        help="of them from one host (default: %(default)s)",
    )
    add(
        "--timeout",
        type=float,
        default=defaults.timeout,
        metavar="SECONDS",
        help=f"what one attempt may take; {defaults.stall:g} s without a byte end it, too (default: %(default)g)",
    )
    add(
        "--retries",
        type=int,
        default=defaults.retries,
        metavar="N",
        help="further attempts after timeouts, lost connections, cut bodies, HTTP 408, 425, 429 and 5xx "
        "(default: %(default)s)",
    )
    add(
        "--max-bytes",
        type=count,
        default=defaults.max_bytes,
        metavar="N",
        help="size from which a body is refused (default: %(default)s)",
    )
    add("--retry-failed", action="store_true", help="fetch what failed earlier again")
    add(
        "--placeholders",
        action="store_true",
        help="write a grey file where a photo failed; marked in download.csv, never read as a photo",
    )
    add("--allow-private", action="store_true", help="connect to addresses on private networks, too")
    add(
        "--user-agent",
        default=defaults.user_agent,
        metavar="TEXT",
        help="what to introduce oneself as (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    images = Path(arguments.images)
    check_outputs(
        paths_given(arguments, "rows"), {"--images": [images / name for name in (FAULTS, JOURNAL, TABLE)]}
    )
    rows, faults = _asked(arguments.rows)
    settings = Settings(
        **{f.name: getattr(arguments, f.name) for f in fields(Settings) if f.name in arguments}
    )
    report = download((row["image_link"] for row in rows), images, settings, progress=not arguments.quiet)
    _say(report)
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


def _say(report: Report) -> None:
    rate = f", {report.fetched / report.seconds:.1f} photos a second" if report.fetched else ""
    tell(
        f"{report.links} links: {report.fetched} photos fetched, {report.bytes / 1e6:.1f} MB, "
        f"{report.seconds:.1f} s{rate}; {report.present} were there, {len(report.failed)} failed"
    )
    causes = report.causes().most_common()
    tell(*(f"  {n} x {cause}" for cause, n in causes[:SHOWN_CAUSES]))
    if len(causes) > SHOWN_CAUSES:
        tell(f"  {sum(n for _, n in causes[SHOWN_CAUSES:])} of other causes")


def _asked(paths: Sequence[str]) -> tuple[list[dict[Any, Any]], list[FaultyRow]]:
    """Return the rows of all tables whose link names a file, and the others in the form of the faults file."""
    usable: list[dict[Any, Any]] = []
    faulty: list[FaultyRow] = []
    for path in paths:
        frame, faults = read_rows(path, truth=False, on_row_fault="collect")
        # other faults of a row do not keep its photo from being fetched
        unusable = {fault.index: fault for fault in faults if fault.column == "image_link"}
        faulty += with_row_faults(path, frame, list(unusable.values()))
        asked = frame[["index", "image_link", "entity_name"]].to_dict("records")
        usable += [row for row in asked if row["index"] not in unusable]
    return usable, faulty
