"""Options that several commands share, and what they say about a run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hybridml.datasets.csv_file import write_csv
from hybridml.vision.presets import DEFAULT_PRESET, PRESETS
from hybridml.vision.stages import DEFAULT_EMBEDDING, DEFAULT_OCR, DEFAULT_WEIGHTS

if TYPE_CHECKING:
    from hybridml.entities import EntitySchema

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


def add_renamed(parser: argparse.ArgumentParser, name: str, *old: str, **options: Any) -> None:
    """Add an option, and its older names beside it, which work but are not in the help."""
    dest = parser.add_argument(name, **options).dest
    hidden = {**options, "dest": dest, "default": argparse.SUPPRESS, "help": argparse.SUPPRESS}
    for each in old:
        parser.add_argument(each, **hidden)


def add_files(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where photos and features are."""
    parser.add_argument(
        "--images",
        action="append",
        metavar="DIR",
        help="folder with the photos; may be given again (default: images)",
    )
    parser.add_argument(
        "--store",
        default="features",
        metavar="DIR",
        help="feature store, also in an object store, as photos may be: s3://bucket/features (default: %(default)s)",
    )
    parser.add_argument(
        "--workers", type=count, metavar="N", help="processes that read and look (default: one per core)"
    )
    parser.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="scheduler of a Dask cluster whose workers extract the photos' features in place of processes of this "
        "machine",
    )


def add_stages(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose reader and embedding."""
    parser.add_argument(
        "--ocr",
        default=DEFAULT_OCR,
        metavar="NAME",
        help="reader: rapidocr, tesseract, or module:name (default: %(default)s)",
    )
    parser.add_argument(
        "--effort",
        choices=list(PRESETS),
        default=DEFAULT_PRESET,
        help="how much work a photo gets: fast (one quick reading), balanced, or best (four times the work of "
        "balanced; a model belongs to the effort it was trained with) (default: %(default)s)",
    )
    parser.add_argument(
        "--embedding",
        default=DEFAULT_EMBEDDING,
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
        metavar="NAMES",
        help="further vision stages, with commas between: number_classifier (the ResNet-50 with our own weights), "
        "second_pass (a closer OCR pass where the first shows nothing usable); none for neither (default: as --effort "
        "says)",
    )
    add_entities(parser)


def stages_of(arguments: argparse.Namespace) -> tuple[str, ...] | None:
    """Return the looks that a command was asked for, None for those of the effort."""
    if arguments.stages is None:
        return None
    names = tuple(name.strip() for name in arguments.stages.split(",") if name.strip())
    return () if names == ("none",) else names


def images_of(arguments: argparse.Namespace) -> list[str]:
    """Return the folders with photos."""
    return arguments.images or ["images"]


def add_entities(parser: argparse.ArgumentParser) -> None:
    """Add the option for entities of one's own."""
    parser.add_argument(
        "--entities", metavar="FILE", help="TOML file that extends the packaged entities and units"
    )


def schema_of(arguments: argparse.Namespace) -> EntitySchema:
    """Return the entities and units that a command uses."""
    from hybridml.entities import default_entities, load_entities

    return load_entities(arguments.entities) if arguments.entities else default_entities()


def probability(text: str) -> float:
    """Return a number above 0 and up to 1, for argparse."""
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0 and at most 1, got {text}")
    return value


def count(text: str) -> int:
    """Return a whole number from 1 on, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, got {text}")
    return value


def tell(*lines: str) -> None:
    """Print lines for the person at the terminal, apart from results on standard output."""
    for line in lines:
        print(line, file=sys.stderr)


def write_faults(path: Path | None, faults: Iterable[Mapping[str, object]]) -> None:
    """Write faulty rows as CSV beside a result and say so; remove the file of an earlier run when there are none.

    Without a path, where the result is no file, they are only told.
    """
    faults = list(faults)
    if path and not faults:
        path.unlink(missing_ok=True)
    if not faults:
        return
    columns = ("index", "image_link", "entity_name", "problem")
    if path:
        write_csv(path, columns, ([fault[name] for name in columns] for fault in faults))
    for fault in faults[:SHOWN_FAULTS]:
        tell(f"  row {fault['index']} ({fault['image_link']}, {fault['entity_name']}): {fault['problem']}")
    more = len(faults) - SHOWN_FAULTS
    if more > 0:
        tell(f"  ... and {more} more")
    tell(
        f"{len({fault['index'] for fault in faults})} rows have a fault"
        + (f"; all of them in {path}" if path else "")
    )
