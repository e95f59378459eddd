"""The command line: ``hybridml COMMAND``; it sits on top of the library, which never imports it."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from hybridml import __version__
from hybridml.errors import HybridmlError

from . import candidates, compare, download, evaluate, explore, inspect, report, run, single

DESCRIPTION = """\
Reads physical quantities (weight, volume, dimensions, voltage, wattage) off product photos.

The usual order, on a CSV of rows (index, image_link, group_id, entity_name[, entity_value]):

  hybridml download --rows train.csv --rows test.csv --images photos/
  hybridml features --rows train.csv --rows test.csv --images photos/
  hybridml train    --rows train.csv --images photos/
  hybridml predict  --rows test.csv  --images photos/ --out predictions.csv
  hybridml check    --rows test.csv  --predictions predictions.csv

To try it without data: hybridml sample --out build/sample
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = argparse.ArgumentParser(
        "hybridml", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--version", action="version", version=f"hybridml {__version__}")
    top.add_argument("-q", "--quiet", action="store_true", help="no progress bars, warnings and errors only")
    commands = top.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    for module in (single, download, explore, run, candidates, evaluate, compare, report, inspect):
        module.add_commands(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status.

    0; 1 for faults found by ``check``, rows left without a photo by ``download``, differences found by ``inspect`` and
    systems that fail in ``compare``;
    2 for an error.
    """
    arguments = parser().parse_args(argv)
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # where a user's own 'module:name' lies
    logging.basicConfig(
        level=logging.WARNING if arguments.quiet else logging.INFO,
        format="%(levelname)s %(message)s",
        stream=sys.stderr,
    )
    try:
        return int(arguments.function(arguments))
    except HybridmlError as error:
        print(f"hybridml {arguments.command}: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; what was done is kept, the same command goes on from here", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 1
