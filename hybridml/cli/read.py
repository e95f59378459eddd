"""The command ``read``: the quantities on single photos."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from hybridml.artifact.file import DEFAULT_MODEL
from hybridml.artifact.pretrained import photo_predictor
from hybridml.errors import EntityError, HybridmlError
from hybridml.prediction.all_quantities import PhotoQuantities
from hybridml.ranking.answer import Answer

DESCRIPTION = """\
Prints the answer for each entity that has one, or for those that --entity names; or every quantity on it (--all).

  hybridml read photo.jpg
  hybridml read photo.jpg --entity item_weight --json
  hybridml read photo.jpg --all
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photos", nargs="+", metavar="PHOTO", help="image files")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--entity",
        action="append",
        metavar="NAME",
        help="what to read; may be repeated (default: whatever is found)",
    )
    what.add_argument(
        "--all",
        action="store_true",
        help="print every quantity, in groups that belong together: photo, group, entity, quantity, probability",
    )
    parser.add_argument(
        "--model", metavar="FILE", help=f"trained model (default: {DEFAULT_MODEL}, else the pretrained one)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")


def run(arguments: argparse.Namespace) -> int:
    predictor = photo_predictor(arguments.model)
    failures = 0
    for photo in arguments.photos:
        try:
            if arguments.all:
                _print_all(photo, predictor.read_all(photo), arguments.json)
            else:
                _print_answers(photo, predictor.read(photo, arguments.entity), arguments.json)
        except EntityError:
            raise
        except HybridmlError as error:
            failures += 1
            where = "" if str(error).startswith(photo) else f"{photo}: "
            print(f"hybridml read: {where}{error}", file=sys.stderr)
    return 2 if failures == len(arguments.photos) else 0


def _print_answers(photo: str, answers: Sequence[Answer], as_json: bool) -> None:
    for answer in answers:
        if as_json:
            print(json.dumps({"photo": photo, **answer.to_dict()}))
        else:
            prediction = answer.prediction or "nothing"
            print(f"{photo}\t{answer.entity}\t{prediction}\t{answer.confidence:.2f}")


def _print_all(photo: str, found: PhotoQuantities, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"photo": photo, **found.to_dict()}))
        return
    for number, group in enumerate(found.groups, 1):
        for item in group.items:
            print(f"{photo}\t{number}\t{item.entity}\t{item.prediction}\t{item.confidence:.2f}")
