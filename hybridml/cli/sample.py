"""The command ``sample``: the built-in sample set."""

from __future__ import annotations

import argparse
from pathlib import Path

from hybridml.datasets import sample

from .options import tell

DESCRIPTION = """\
Draws product photos with known truth: train.csv, test.csv, truth.csv and images/. It is for demonstrations and
tests, and the same for the same seed; accuracy on it says nothing about real photos.

  hybridml sample --out build/sample
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--out", default="build/sample", metavar="DIR", help="folder to write to (default: %(default)s)")
    add("--seed", type=int, default=0, help="seed of the draw (default: %(default)s)")
    add("--photos", type=int, default=150, metavar="N", help="number of photos (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    sample.draw(Path(arguments.out), arguments.seed, arguments.photos, progress=not arguments.quiet)
    tell(f"sample set of {arguments.photos} drawn photos in {arguments.out}/")
    return 0
