"""Commands of a run: ``split`` and ``train``; ``features`` and ``predict`` from modules of their own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hybridml.errors import HybridmlError

from . import features, predict, rowfiles
from .features import new_extractor
from .options import (
    Commands,
    add_entities,
    add_files,
    add_renamed,
    add_stages,
    command,
    images_of,
    schema_of,
    tell,
    write_faults,
)
from .outputs import check_outputs, paths_given

if TYPE_CHECKING:
    import pandas as pd


def add_commands(commands: Commands) -> None:
    """Add the commands of this module."""
    split = command(
        commands,
        "split",
        _split,
        "hold out a part of labelled rows",
        "Writes train.csv, test.csv (without labels) and truth.csv. Rows that share a group or a photo stay together,\n"
        "so that nothing about the held-out rows can be learned from the others.\n\n"
        "  hybridml split --rows rows.csv --out build/holdout",
    )
    split.add_argument("--rows", required=True, metavar="CSV", help="rows with entity_value")
    split.add_argument(
        "--images",
        action="append",
        metavar="DIR",
        help="folder with the photos, where 'hybridml download' made files of links that end alike (default: images)",
    )
    split.add_argument("--out", required=True, metavar="DIR", help="folder to write to")
    split.add_argument(
        "--share", type=float, default=0.2, help="share of the rows held out (default: %(default)s)"
    )
    split.add_argument("--seed", type=int, default=0, help="seed of the draw (default: %(default)s)")
    add_entities(split)

    features.add_command(commands)

    train = command(
        commands,
        "train",
        _train,
        "fit the ranker on labelled rows and write the model",
        "Photos that the store lacks are read first. The model is one joblib file. With --dask the ranker is fitted\n"
        "on the cluster, which makes other, equally good trees and pays from millions of candidates on.\n\n"
        "  hybridml train --rows train.csv --images photos/ --model models/model.joblib",
    )
    train.add_argument("--rows", required=True, metavar="CSV", help="rows with entity_value")
    add_renamed(
        train,
        "--weak-labels",
        "--others",
        metavar="CSV",
        help="rows labelled by others, other systems say: learned from as far as that helps on --rows",
    )
    train.add_argument(
        "--labels",
        nargs="+",
        metavar="CSV",
        help="labels without photos, those of --rows included, to count what is usual (default: those of --rows); "
        "where a column text has what was read on the photo, it is also learned which of two units labels take",
    )
    train.add_argument(
        "--corrections",
        metavar="CSV",
        help="labels that a report's reader corrected, in place of those of --rows: index,entity_name,correction,"
        "value, the correction label_wrong (the row is left out), not_in_photo or value",
    )
    add_files(train)
    add_stages(train)
    train.add_argument(
        "--model",
        default=predict.DEFAULT_MODEL,
        metavar="FILE",
        help="where to write it (default: %(default)s)",
    )
    train.add_argument("--seed", type=int, default=0, help="seed of everything random (default: %(default)s)")

    predict.add_command(commands)


def _split(arguments: argparse.Namespace) -> int:
    from hybridml.datasets import csv_file, groups, photos

    if not 0 < arguments.share < 1:
        raise HybridmlError(f"--share must be between 0 and 1, got {arguments.share}")
    out = Path(arguments.out)
    files = [out / f"{name}.csv" for name in ("train", "test", "truth")]
    check_outputs(paths_given(arguments, "rows", "entities"), {"--out": files})
    frame, _ = photos.checked(
        arguments.rows, truth=True, schema=schema_of(arguments), images=images_of(arguments)
    )
    train, test = groups.hold_out(frame, arguments.share, arguments.seed)
    for file, part in zip(files, (train, test.drop(columns="entity_value"), test), strict=True):
        csv_file.write_csv(file, list(part.columns), part.itertuples(index=False, name=None))
    tell(f"{len(train)} rows to train on, {len(test)} held out, sharing no group and no photo: {out}/")
    return 0


def _labelled_rows(arguments: argparse.Namespace) -> tuple[pd.DataFrame, rowfiles.Faults]:
    """Return the rows to train on, with corrected labels where corrections are given."""
    from hybridml.datasets import corrections, photos

    schema = schema_of(arguments)
    frame, faults = photos.checked(arguments.rows, truth=True, schema=schema, images=images_of(arguments))
    if arguments.corrections:
        corrected = corrections.apply(frame, corrections.read_corrections(arguments.corrections, schema))
        tell(str(corrected))
        frame, faults = corrected.frame, corrected.standing(faults)
    return frame, rowfiles.of_rows(arguments.rows, frame, faults)


def _train(arguments: argparse.Namespace) -> int:
    from hybridml.artifact import serialize

    told = Path(f"{arguments.model}.faults.csv")
    reads = paths_given(
        arguments, "rows", "weak_labels", "labels", "corrections", "entities", "resnet_weights"
    )
    check_outputs(reads, {"--model": [arguments.model, told]})
    frame, faults = _labelled_rows(arguments)
    write_faults(told, faults)
    extractor = new_extractor(arguments, random_state=arguments.seed).fit(
        frame, weak_labels=arguments.weak_labels, labels=arguments.labels
    )
    serialize.save(extractor, arguments.model)
    if extractor.faults_:
        write_faults(told, faults + rowfiles.of_photos(frame, extractor))
    facts = extractor.model_.training
    tell(
        f"trained on {facts['rows']} rows, {facts['photos']} photos, {facts['candidates']} candidates; "
        f"F1 out of fold {facts['f1_out_of_fold']:.3f} (each row by a ranker that saw neither its group nor its photo)"
    )
    print(arguments.model)
    return 0
