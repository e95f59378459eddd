"""Options that several commands share, and the messages that commands print."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hybridml.datasets.faults_file import FaultyRow, write_faulty_rows
from hybridml.entities import EntitySchema, default_entities, load_entities
from hybridml.vision.presets import DEFAULT_PRESET, PRESETS
from hybridml.vision.stages import DEFAULT_EMBEDDING, DEFAULT_OCR, DEFAULT_WEIGHTS

LISTED_FAULTS = 10
"""Faulty rows that are printed before they are only counted."""

OLDER_STAGE_NAMES = {"regions": "number_classifier", "second": "second_pass"}


def add_renamed(parser: argparse.ArgumentParser, name: str, *old: str, **options: Any) -> None:
    """Add an option, and its older names, which work but are not in the help."""
    dest = parser.add_argument(name, **options).dest
    hidden = {**options, "dest": dest, "default": argparse.SUPPRESS, "help": argparse.SUPPRESS}
    for each in old:
        parser.add_argument(each, **hidden)


def add_images(parser: argparse.ArgumentParser, more: str = "may be given again (default: images)") -> None:
    """Add the option for the folders with photos."""
    parser.add_argument("--images", action="append", metavar="DIR", help=f"folder with the photos; {more}")


def add_files(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where photos and features are, and what extracts features that are missing."""
    add_images(parser)
    parser.add_argument(
        "--store",
        default="features",
        metavar="DIR",
        help="feature store; like photos, it may be in an object store: s3://bucket/features (default: %(default)s)",
    )
    parser.add_argument(
        "--workers", type=count, metavar="N", help="processes that extract features (default: one per core)"
    )
    parser.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="scheduler of a Dask cluster, whose workers extract features in place of processes of this machine",
    )


def add_stages(parser: argparse.ArgumentParser, embedding: str = DEFAULT_EMBEDDING) -> None:
    """Add the options that choose vision stages and entities."""
    parser.add_argument(
        "--ocr",
        default=DEFAULT_OCR,
        metavar="NAME",
        help="OCR engine: rapidocr, tesseract, or module:name (default: %(default)s)",
    )
    parser.add_argument(
        "--effort",
        choices=list(PRESETS),
        default=DEFAULT_PRESET,
        help="how much work a photo gets: fast (one quick OCR pass), balanced, or best (three times the work of "
        "balanced); a model needs the effort that it was trained with (default: %(default)s)",
    )
    parser.add_argument(
        "--embedding",
        default=embedding,
        metavar="NAME",
        help="features of the whole photo: resnet50 (ImageNet weights), none, or module:name (default: %(default)s)",
    )
    parser.add_argument(
        "--resnet-weights",
        default=DEFAULT_WEIGHTS,
        metavar="FILE",
        help="IMAGENET1K_V2 (cached, else downloaded), the file of a state_dict, or random (default: %(default)s)",
    )
    add_renamed(
        parser,
        "--stages",
        "--looks",
        type=stage_names,
        metavar="NAMES",
        help="further vision stages, separated by commas: number_classifier (the ResNet-50 with our own weights), "
        "second_pass (a closer OCR pass where the first finds no possible answer), or none (default: as --effort "
        "says)",
    )
    add_entities(parser)


def add_entities(parser: argparse.ArgumentParser) -> None:
    """Add the option for entities of one's own."""
    parser.add_argument(
        "--entities", metavar="FILE", help="TOML file that extends the packaged entities and units"
    )


def stage_name(text: str) -> str:
    """Return the name of a vision stage, which may be given by its older name, for argparse."""
    return OLDER_STAGE_NAMES.get(text.strip(), text.strip())


def stage_names(text: str) -> tuple[str, ...]:
    """Return the names of vision stages, for argparse.

    Examples
    --------
    >>> stage_names("number_classifier, second_pass"), stage_names("regions"), stage_names("none")
    (('number_classifier', 'second_pass'), ('number_classifier',), ())
    """
    names = tuple(stage_name(name) for name in text.split(",") if name.strip())
    return () if names == ("none",) else names


def probability(text: str) -> float:
    """Return a number above 0 and up to 1, for argparse."""
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0 and at most 1, got {text}")
    return value


def count(text: str) -> int:
    """Return a whole number of at least 1, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text}")
    return value


def extraction_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options for files and, if the command has them, for vision stages, as parameters of an extractor.

    The OCR engine and the entities are left out.
    """
    names = ("store", "workers", "dask", "effort", "stages", "embedding", "resnet_weights")
    given = {name: getattr(arguments, name) for name in names if name in arguments}
    return {**given, "images": images_of(arguments), "progress": not arguments.quiet}


def images_of(arguments: argparse.Namespace) -> list[str]:
    """Return the folders with photos."""
    return arguments.images or ["images"]


def schema_of(arguments: argparse.Namespace) -> EntitySchema:
    """Return the entities and units that a command uses."""
    return load_entities(arguments.entities) if arguments.entities else default_entities()


def tell(*lines: str) -> None:
    """Print lines on standard error, apart from the results on standard output."""
    for line in lines:
        print(line, file=sys.stderr)


def write_faults(path: Path | None, faulty: Sequence[FaultyRow]) -> None:
    """Write the faults file beside a result that goes into a file, and print the first faulty rows."""
    if path:
        write_faulty_rows(path, faulty)
    for row in faulty[:LISTED_FAULTS]:
        tell(f"  row {row['index']} ({row['image_link']}, {row['entity_name']}): {row['problem']}")
    if len(faulty) > LISTED_FAULTS:
        tell(f"  ... and {len(faulty) - LISTED_FAULTS} more")
    if faulty:
        rows = len({row["index"] for row in faulty})
        tell(f"{rows} row{' has' if rows == 1 else 's have'} a fault" + (f"; see {path}" if path else ""))
