"""Command-line options and exit status that the benchmarks share."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from hybridml.errors import HybridmlError
from hybridml.vision.presets import DEFAULT_PRESET, PRESETS

ERROR = 2
"""Exit status of a benchmark that could not run, as of ``hybridml``; 1 means that it ran and found a fault."""


def parser(doc: str | None) -> argparse.ArgumentParser:
    """Return a parser with the docstring of the benchmark as its help."""
    return argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)


def add_shared(parser: argparse.ArgumentParser, folder: str = "data/") -> None:
    """Add the option that names the folder with the data."""
    default = Path(os.environ.get("HYBRIDML_SHARED", "../shared"))
    parser.add_argument(
        "--shared", type=Path, default=default, help=f"folder with {folder} (default: %(default)s)"
    )


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the folder with the data and the feature store."""
    add_shared(parser)
    parser.add_argument(
        "--store", type=Path, default=Path("features"), help="feature store (default: %(default)s)"
    )


def add_effort(parser: argparse.ArgumentParser, text: str = "as in 'hybridml features'") -> None:
    """Add the option that names the preset of the vision stages."""
    parser.add_argument(
        "--effort", choices=list(PRESETS), default=DEFAULT_PRESET, help=f"{text} (default: %(default)s)"
    )


def run(main: Callable[[], int | None]) -> NoReturn:
    """End the process with the exit status of ``main``, or with the message of an error."""
    try:
        status = main()
    except HybridmlError as error:
        print(f"error: {error}", file=sys.stderr)
        status = ERROR
    sys.exit(status)
