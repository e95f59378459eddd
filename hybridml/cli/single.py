"""Commands to try it: ``sample`` draws photos, ``read`` reads single ones."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hybridml.errors import HybridmlError

from .options import Commands, command, tell

if TYPE_CHECKING:
    from hybridml.prediction.all_quantities import WholePhoto
    from hybridml.ranking.answer import Answer


def add_commands(commands: Commands) -> None:
    """Add the commands of this module."""
    sample = command(
        commands,
        "sample",
        _sample,
        "draw the built-in sample set",
        "Draws product photos with known truth: train.csv, test.csv, truth.csv and images/. A demonstration and a\n"
        "test bed, the same for the same seed; accuracy on it says nothing about real photos.\n\n"
        "  hybridml sample --out build/sample",
    )
    sample.add_argument(
        "--out", default="build/sample", metavar="DIR", help="folder to write to (default: %(default)s)"
    )
    sample.add_argument("--seed", type=int, default=0, help="seed of the draw (default: %(default)s)")
    sample.add_argument(
        "--photos", type=int, default=150, metavar="N", help="how many (default: %(default)s)"
    )

    read = command(
        commands,
        "read",
        _read,
        "read single photos with a trained model",
        "Prints the answer for each entity that a photo shows, or for one; or every quantity on it (--all).\n\n"
        "  hybridml read photo.jpg\n"
        "  hybridml read photo.jpg --entity item_weight --json\n"
        "  hybridml read photo.jpg --all",
    )
    read.add_argument("photos", nargs="+", metavar="PHOTO", help="image files")
    what = read.add_mutually_exclusive_group()
    what.add_argument(
        "--entity", action="append", metavar="NAME", help="what to read (default: whatever is found)"
    )
    what.add_argument(
        "--all",
        action="store_true",
        help="every quantity, by the region of the photo it belongs to: photo, region, entity, quantity, probability",
    )
    read.add_argument(
        "--model", metavar="FILE", help="trained model (default: models/model.joblib, else the shipped one)"
    )
    read.add_argument("--json", action="store_true", help="one JSON object a line")


def _sample(arguments: argparse.Namespace) -> int:
    from hybridml.datasets import sample

    sample.draw(Path(arguments.out), arguments.seed, arguments.photos, progress=not arguments.quiet)
    tell(f"sample set of {arguments.photos} drawn photos in {arguments.out}/")
    return 0


def _read(arguments: argparse.Namespace) -> int:
    from hybridml.artifact.pretrained import photo_predictor

    predictor = photo_predictor(arguments.model)
    failures = 0
    for photo in arguments.photos:
        try:
            if arguments.all:
                _print_all(photo, predictor.read_all(photo), arguments.json)
            else:
                _print_answers(photo, predictor.read(photo, arguments.entity), arguments.json)
        except HybridmlError as error:
            failures += 1
            print(f"hybridml read: {photo}: {error}", file=sys.stderr)
    return 2 if failures == len(arguments.photos) else 0


def _print_answers(photo: str, answers: Sequence[Answer], as_json: bool) -> None:
    for answer in answers:
        if as_json:
            print(json.dumps({"photo": photo, **answer.to_dict()}))
        else:
            said = answer.prediction or "nothing"
            print(f"{photo}\t{answer.entity}\t{said}\t{answer.confidence:.2f}")


def _print_all(photo: str, whole: WholePhoto, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"photo": photo, **whole.to_dict()}))
        return
    for number, group in enumerate(whole.groups, 1):
        for item in group.items:
            print(f"{photo}\t{number}\t{item.entity}\t{item.prediction}\t{item.confidence:.2f}")
