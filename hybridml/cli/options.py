"""Options that several commands share, and what they say about a run."""

from __future__ import annotations

import argparse
import csv
import os
import sys
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..engines import DEFAULT_EMBEDDING, DEFAULT_OCR, DEFAULT_WEIGHTS

Commands = Any
SHOWN_FAULTS = 10


def command(
    commands: Commands, name: str, function: Callable[[argparse.Namespace], int], summary: str, text: str
) -> argparse.ArgumentParser:
    """Add a command and return its parser."""
    made: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.\n\n{text}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.set_defaults(function=function)
    return made


def add_files(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where photos and features are."""
    parser.add_argument(
        "--images", default="images", metavar="DIR", help="folder with the photos (default: %(default)s)"
    )
    parser.add_argument(
        "--store", default="features", metavar="DIR", help="feature store (default: %(default)s)"
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="processes that read and look (default: one per core)"
    )


def add_engines(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose reader and embedding."""
    parser.add_argument(
        "--ocr",
        default=DEFAULT_OCR,
        metavar="NAME",
        help="reader: rapidocr, tesseract, or module:name (default: %(default)s)",
    )
    parser.add_argument(
        "--embedding",
        default=DEFAULT_EMBEDDING,
        metavar="NAME",
        help="image features: resnet50, none, or module:name (default: %(default)s)",
    )
    parser.add_argument(
        "--resnet-weights",
        default=DEFAULT_WEIGHTS,
        metavar="FILE",
        help="IMAGENET1K_V2 (cached, else downloaded), the file of a state_dict, or random (default: %(default)s)",
    )
    parser.add_argument(
        "--entities", metavar="FILE", help="TOML file that extends the packaged entities and units"
    )


def tell(*lines: str) -> None:
    """Print lines for the person at the terminal, apart from results on standard output."""
    for line in lines:
        print(line, file=sys.stderr)


def write_faults(path: Path, faults: Iterable[Mapping[str, object]]) -> None:
    """Write faulty rows as CSV beside a result and say so; remove the file of an earlier run when there are none."""
    faults = list(faults)
    if not faults:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    with open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["index", "image_link", "entity_name", "problem"])
        writer.writeheader()
        writer.writerows(faults)
    os.replace(temporary, path)
    for fault in faults[:SHOWN_FAULTS]:
        tell(f"  row {fault['index']} ({fault['image_link']}, {fault['entity_name']}): {fault['problem']}")
    more = len(faults) - SHOWN_FAULTS
    if more > 0:
        tell(f"  ... and {more} more")
    tell(f"{len(faults)} rows have a fault; all of them in {path}")
