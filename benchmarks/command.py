"""What the command lines of the benchmarks have in common."""

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
"""Exit status of a benchmark that could not be run, as of ``hybridml``; 1 says that it ran and found a fault."""


def parser(doc: str | None) -> argparse.ArgumentParser:
    """Return a parser whose help is the docstring of the benchmark."""
    return argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)


def add_shared(parser: argparse.ArgumentParser, folder: str = "data/") -> None:
    """Add the option that says where the data is, in a folder of that name."""
    default = Path(os.environ.get("HYBRIDML_SHARED", "../shared"))
    parser.add_argument(
        "--shared", type=Path, default=default, help=f"folder with {folder} (default: %(default)s)"
    )


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where data and features are."""
    add_shared(parser)
    parser.add_argument(
        "--store", type=Path, default=Path("features"), help="feature store (default: %(default)s)"
    )


def add_effort(parser: argparse.ArgumentParser, told: str = "as in 'hybridml features'") -> None:
    """Add the option that says how much work a photo got."""
    parser.add_argument(
        "--effort", choices=list(PRESETS), default=DEFAULT_PRESET, help=f"{told} (default: %(default)s)"
    )


def run(main: Callable[[], int | None]) -> NoReturn:
    """End the process with the exit status of ``main``, or with what an error says."""
    try:
        status = main()
    except HybridmlError as error:
        print(f"error: {error}", file=sys.stderr)
        status = ERROR
    sys.exit(status)
