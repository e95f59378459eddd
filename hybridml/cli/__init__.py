"""The command line: ``hybridml COMMAND``. It parses arguments, calls the library and prints."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Collection, Sequence
from importlib import import_module

from hybridml import __version__
from hybridml.errors import HybridmlError

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

COMMANDS = {
    "sample": "draw the built-in sample set",
    "read": "read single photos with a trained model",
    "download": "fetch the photos of rows",
    "explore": "describe rows and photos in tables and plots",
    "split": "hold out a part of labelled rows",
    "features": "extract the features of photos into the feature store",
    "train": "fit the ranker on labelled rows and write the model",
    "predict": "answer rows with a trained model",
    "candidates": "describe the candidates of rows in one file, to answer from it alone",
    "evaluate": "score answers against labels",
    "check": "check whether a submission would be accepted",
    "compare": "compare systems on the same folds: how good each is, and what it costs",
    "report": "show what a model does on rows: numbers, every row as a card, suspect labels",
    "inspect": "print what a model is made of, or where two differ",
}
"""What each command does. The module of its name, imported only when the command is given, has the rest of the help
(``DESCRIPTION``), the options (``add_options``) and the code (``run``, which returns the exit status)."""


def parser(commands: Collection[str] = tuple(COMMANDS)) -> argparse.ArgumentParser:
    """Return the parser of the command line with the options of these commands."""
    as_written = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser("hybridml", description=DESCRIPTION, formatter_class=as_written)
    top.add_argument("--version", action="version", version=f"hybridml {__version__}")
    top.add_argument("-q", "--quiet", action="store_true", help="no progress bars; warnings and errors only")
    subparsers = top.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        own = subparsers.add_parser(name, help=summary, formatter_class=as_written)
        if name in commands:
            module = import_module(f".{name}", __name__)
            own.description = f"{summary[0].upper()}{summary[1:]}.\n\n{module.DESCRIPTION}"
            own.set_defaults(run=module.run)
            module.add_options(own)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    That is 0; 1 where ``check`` finds faults, ``download`` leaves rows without a photo, ``inspect`` finds differences
    or a system fails in ``compare``; 2 for an error.
    """
    argv = (sys.argv[1:] if argv is None else argv) or ["--help"]
    arguments = parser([argument for argument in argv if argument in COMMANDS]).parse_args(argv)
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # where plugins of the user ('module:name') lie
    logging.basicConfig(
        level=logging.WARNING if arguments.quiet else logging.INFO,
        format="%(levelname)s %(message)s",
        stream=sys.stderr,
    )
    try:
        return int(arguments.run(arguments))
    except HybridmlError as error:
        print(f"hybridml {arguments.command}: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; what is done is kept, and the same command continues from there", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 1
