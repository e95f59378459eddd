"""The command ``download``: from the links of rows to photos on disk."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hybridml.datasets.download.settings import Settings

from .options import Commands, command, count, tell, write_faults
from .outputs import check_outputs, paths_given

if TYPE_CHECKING:
    from hybridml.datasets.download.run import Report

Row = dict[Any, Any]
SHOWN_CAUSES = 10


def add_commands(commands: Commands) -> None:
    """Add the commands of this module."""
    defaults = Settings()
    download = command(
        commands,
        "download",
        _download,
        "fetch the photos of rows",
        "Writes the photos to the images folder, and beside them download.csv: what came of each link. Interrupted,\n"
        "the same command goes on where it stopped. What failed is known as failed and fetched again with\n"
        "--retry-failed only. Exit status 0 when every row has its photo, 1 when some have none.\n\n"
        "  hybridml download --rows train.csv --rows test.csv --images photos/",
    )
    add = download.add_argument
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


def _download(arguments: argparse.Namespace) -> int:
    from hybridml.datasets.download import download
    from hybridml.datasets.download.status import FAULTS, JOURNAL, TABLE

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


def _asked(paths: Sequence[str]) -> tuple[list[Row], list[Row]]:
    """Return the rows of all tables whose link names a file, and the others in the form of the faults file."""
    from hybridml.datasets import rows

    usable: list[Row] = []
    faulty: list[Row] = []
    for path in paths:
        frame, faults = rows.read_rows(path, truth=False)
        # what else is wrong with a row does not keep its photo from being fetched
        problems = {
            f.index: f"{path}, line {f.line}, {f.column}: {f.problem}"
            for f in faults
            if f.column == "image_link"
        }
        for row in frame[["index", "image_link", "entity_name"]].to_dict("records"):
            if row["index"] in problems:
                faulty.append(row | {"problem": problems[row["index"]]})
            else:
                usable.append(row)
    return usable, faulty
