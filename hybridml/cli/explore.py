"""The command ``explore``: what a person looks at first."""

from __future__ import annotations

import argparse
from pathlib import Path

from .options import Commands, add_entities, command, schema_of, tell
from .outputs import check_outputs, paths_given


def add_commands(commands: Commands) -> None:
    """Add the command of this module."""
    explore = command(
        commands,
        "explore",
        _explore,
        "print and plot what rows and photos are like",
        "Rows per entity and group, units, values on a log scale, odd labels with examples, and, with --images,\n"
        "sizes, duplicates and failures of the photos. Also takes a table of labels without photos.\n\n"
        "  hybridml explore --rows train.csv --images photos/",
    )
    explore.add_argument("--rows", required=True, metavar="CSV", help="rows, or labels without photos")
    explore.add_argument(
        "--images", action="append", metavar="DIR", help="folder with the photos; may be given again"
    )
    explore.add_argument("--store", metavar="DIR", help="feature store: list what could not be read")
    explore.add_argument(
        "--out", default="build/explore", metavar="DIR", help="tables, plots, page (default: %(default)s)"
    )
    explore.add_argument("--no-plots", action="store_true", help="tables only; needs no matplotlib")
    add_entities(explore)


def _explore(arguments: argparse.Namespace) -> int:
    from hybridml.report import eda as explore
    from hybridml.report.eda.plots import require_matplotlib

    files = [Path(arguments.out) / name for name in (explore.PAGE, *explore.BESIDE)]
    check_outputs(paths_given(arguments, "rows", "entities"), {"--out": files})
    if not arguments.no_plots:
        require_matplotlib()
    schema = schema_of(arguments)
    found = explore.explore(
        arguments.rows, schema, arguments.images, arguments.store, progress=not arguments.quiet
    )
    print(explore.text(found))
    tell(f"written to {explore.write(found, schema, arguments.out, not arguments.no_plots)}")
    return 0
