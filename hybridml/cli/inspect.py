"""The command ``inspect``: the contents of a model, or the differences between two."""

from __future__ import annotations

import argparse
import json

from hybridml.artifact import inspect
from hybridml.artifact.file import DEFAULT_MODEL, model_path
from hybridml.errors import ArtifactError

DESCRIPTION = """\
Of one model, prints everything that determines its answers: versions, OCR engine, vision stages and embedding with
their settings, entities and units, features, ranker, calibration, thresholds, training and its F1. Of two models,
prints what differs, by dotted path, in the first and in the second; exit status 1 when anything does. Needs no OCR
engine and runs nothing that is in the file.

  hybridml inspect models/model.joblib
  hybridml inspect models/model.joblib --json
  hybridml inspect old.joblib new.joblib
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "models",
        nargs="*",
        metavar="MODEL",
        help=f"one or two models (default: {DEFAULT_MODEL}, else the pretrained one)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    models = arguments.models or [str(model_path())]
    if len(models) > 2:
        raise ArtifactError(f"one or two models can be inspected, got {len(models)}: name two to compare")
    if len(models) == 1:
        facts = inspect.inspect(models[0])
        print(json.dumps(facts, indent=1, ensure_ascii=False) if arguments.json else inspect.text(facts))
        return 0
    differences = inspect.differences(*models)
    if arguments.json:
        print(json.dumps(differences, indent=1, ensure_ascii=False))
    else:
        for one in differences:
            print("{path}\n  - {old}\n  + {new}".format(**one))
    return 1 if differences else 0
