"""The command ``explore``: tables and plots of rows and photos."""

from __future__ import annotations

import argparse
from pathlib import Path

from hybridml.report import eda
from hybridml.report.eda.plots import require_matplotlib

from .options import add_entities, schema_of, tell
from .outputs import check_outputs, paths_given

DESCRIPTION = """\
Shows rows per entity and group, units, values on a log scale, odd labels with examples, and, with --images, sizes,
duplicates and failures of the photos. Also takes a table of labels without photos.

  hybridml explore --rows train.csv --images photos/
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--rows", required=True, metavar="CSV", help="rows, or labels without photos")
    add("--images", action="append", metavar="DIR", help="folder with the photos; may be given again")
    add("--store", metavar="DIR", help="feature store: list the photos that failed")
    add("--out", default="build/explore", metavar="DIR", help="tables, plots, page (default: %(default)s)")
    add("--no-plots", action="store_true", help="tables only; needs no matplotlib")
    add_entities(parser)


def run(arguments: argparse.Namespace) -> int:
    files = [Path(arguments.out) / name for name in (eda.PAGE, *eda.BESIDE)]
    check_outputs(paths_given(arguments, "rows", "entities"), {"--out": files})
    if not arguments.no_plots:
        require_matplotlib()
    schema = schema_of(arguments)
    found = eda.explore(
        arguments.rows, schema, arguments.images, arguments.store, progress=not arguments.quiet
    )
    print(eda.text(found))
    tell(f"written to {eda.write(found, schema, arguments.out, not arguments.no_plots)}")
    return 0
