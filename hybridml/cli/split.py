"""The command ``split``: a part of labelled rows that is held out."""

from __future__ import annotations

import argparse
from pathlib import Path

from hybridml.datasets import csv_file, groups, photos
from hybridml.errors import HybridmlError

from .options import add_entities, add_images, images_of, schema_of, tell
from .outputs import check_outputs, paths_given

DESCRIPTION = """\
Writes train.csv, test.csv (without labels) and truth.csv. Rows that share a group or a photo stay together, so that
nothing about the held-out rows can be learned from the others.

  hybridml split --rows rows.csv --out build/holdout
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--rows", required=True, metavar="CSV", help="rows with entity_value")
    add_images(
        parser,
        "needed if 'hybridml download' had to rename files because their links end alike (default: images)",
    )
    add("--out", required=True, metavar="DIR", help="folder to write to")
    add("--share", type=float, default=0.2, help="share of the rows held out (default: %(default)s)")
    add("--seed", type=int, default=0, help="seed of the draw (default: %(default)s)")
    add_entities(parser)


def run(arguments: argparse.Namespace) -> int:
    if not 0 < arguments.share < 1:
        raise HybridmlError(f"--share must be between 0 and 1, got {arguments.share}")
    out = Path(arguments.out)
    files = [out / f"{name}.csv" for name in ("train", "test", "truth")]
    check_outputs(paths_given(arguments, "rows", "entities"), {"--out": files})
    frame, _ = photos.checked(
        arguments.rows, truth=True, schema=schema_of(arguments), images=images_of(arguments)
    )
    train, test = groups.hold_out(frame, arguments.share, arguments.seed)
    for file, rows in zip(files, (train, test.drop(columns="entity_value"), test), strict=True):
        csv_file.write_csv(file, list(rows.columns), rows.itertuples(index=False, name=None))
    tell(f"{len(train)} rows to train on, {len(test)} held out, sharing no group and no photo: {out}/")
    return 0
