"""The command ``train``: a model from labelled rows."""

from __future__ import annotations

import argparse

from hybridml.artifact import serialize
from hybridml.artifact.file import DEFAULT_MODEL
from hybridml.datasets import corrections, photos
from hybridml.datasets.faults_file import with_failed_photos, with_row_faults
from hybridml.utils.paths import path_of

from .extractor import new_extractor
from .options import add_files, add_renamed, add_stages, images_of, schema_of, tell, write_faults
from .outputs import check_outputs, paths_given

DESCRIPTION = """\
Photos that the store lacks are processed first. The model is one joblib file. With --dask the workers of the cluster
extract the features of photos; the ranker is fitted on this machine.

  hybridml train --rows train.csv --images photos/ --model models/model.joblib
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--rows", required=True, metavar="CSV", help="rows with entity_value")
    add_renamed(
        parser,
        "--weak-labels",
        "--others",
        metavar="CSV",
        help="further rows with less reliable labels, such as the answers of another system; they get the weight that "
        "serves --rows best",
    )
    add(
        "--labels",
        nargs="+",
        metavar="CSV",
        help="labels without photos, those of --rows included, to learn from how common units, sizes and values are "
        "(default: those of --rows); where a column text has the text of the photo, also which of two units is "
        "in the label",
    )
    add(
        "--corrections",
        metavar="CSV",
        help="corrected labels that a report exports, in place of those of --rows: index,entity_name,correction,value, "
        "where the correction is label_wrong (the row is left out), not_in_photo or value",
    )
    add_files(parser)
    add_stages(parser)
    add("--model", default=str(DEFAULT_MODEL), metavar="FILE", help="file to write (default: %(default)s)")
    add("--seed", type=int, default=0, help="seed of everything random (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    faults_file = path_of(f"{arguments.model}.faults.csv")
    inputs = ("rows", "weak_labels", "labels", "corrections", "entities", "resnet_weights")
    check_outputs(paths_given(arguments, *inputs), {"--model": [arguments.model, faults_file]})
    schema = schema_of(arguments)
    frame, faults = photos.checked(arguments.rows, truth=True, schema=schema, images=images_of(arguments))
    if arguments.corrections:
        corrected = corrections.apply(frame, corrections.read_corrections(arguments.corrections, schema))
        tell(str(corrected))
        frame, faults = corrected.frame, corrected.standing(faults)
    faulty = with_row_faults(arguments.rows, frame, faults)
    write_faults(faults_file, faulty)
    extractor = new_extractor(arguments, random_state=arguments.seed)
    extractor.fit(frame, weak_labels=arguments.weak_labels, labels=arguments.labels)
    serialize.save(extractor, arguments.model)
    if extractor.faults_:
        write_faults(faults_file, faulty + with_failed_photos(frame, extractor.faults_))
    facts = extractor.model_.training
    tell(
        f"trained on {facts['rows']} rows, {facts['photos']} photos, {facts['candidates']} candidates; "
        f"F1 out of fold {facts['f1_out_of_fold']:.3f} (each row by a ranker that saw neither its group nor its photo)"
    )
    print(arguments.model)
    return 0
