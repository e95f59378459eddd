"""Extractors for commands: new ones with the options of a command, and trained ones from a model file."""

from __future__ import annotations

import argparse

from hybridml.artifact import serialize
from hybridml.artifact.file import DEFAULT_MODEL, model_path
from hybridml.estimator import EntityExtractor
from hybridml.vision.presets import FURTHER_STAGES

from .options import extraction_settings, stage_name, tell


def new_extractor(arguments: argparse.Namespace, random_state: int = 0) -> EntityExtractor:
    """Return an extractor to be fitted, or to extract features with."""
    return EntityExtractor(
        **extraction_settings(arguments),
        ocr=arguments.ocr,
        entities=arguments.entities,
        random_state=random_state,
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the options for the model that answers."""
    parser.add_argument(
        "--model", metavar="FILE", help=f"trained model (default: {DEFAULT_MODEL}, else the pretrained one)"
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        type=stage_name,
        choices=FURTHER_STAGES,
        help="leave out a vision stage that the model was trained with, for example because its weights are not at "
        "hand; costs accuracy. May be given again",
    )


def load_extractor(arguments: argparse.Namespace) -> EntityExtractor:
    """Return the extractor in the model file that a command is given."""
    path = model_path(arguments.model)
    tell(f"model: {path}")
    extractor = serialize.load(path)
    if arguments.without:
        tell(f"answering WITHOUT {', '.join(arguments.without)}, with which the model was trained")
        extractor.stages_ = extractor.stages_.without(arguments.without)
    return extractor.set_params(**extraction_settings(arguments))
