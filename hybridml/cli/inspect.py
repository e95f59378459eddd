"""The command ``inspect``: what a model is made of, and where two differ."""

from __future__ import annotations

import argparse
import json

from hybridml.errors import ArtifactError

from .options import Commands, command


def add_commands(commands: Commands) -> None:
    """Add the command of this module."""
    inspect = command(
        commands,
        "inspect",
        _inspect,
        "print what a model is made of, or where two differ",
        "Of one model everything that decides its answers: versions, reader, looks and embedding with their\n"
        "settings, entities and units, features, ranker, calibration, thresholds, training and its F1. Of two only\n"
        "what differs, by dotted path, the first's and the second's; exit status 1 when anything does. Needs no\n"
        "reader and runs nothing that is in the file.\n\n"
        "  hybridml inspect models/model.joblib\n"
        "  hybridml inspect models/model.joblib --json\n"
        "  hybridml inspect old.joblib new.joblib",
    )
    inspect.add_argument(
        "models",
        nargs="*",
        metavar="MODEL",
        help="one or two models (default: models/model.joblib, else the shipped one)",
    )
    inspect.add_argument("--json", action="store_true", help="as JSON")


def _inspect(arguments: argparse.Namespace) -> int:
    from hybridml.artifact import inspect as inspection

    if len(arguments.models) > 2:
        raise ArtifactError(
            f"one or two models can be inspected, got {len(arguments.models)}: name two to compare"
        )
    if len(arguments.models) < 2:
        facts = inspection.inspect(arguments.models[0] if arguments.models else _default())
        print(json.dumps(facts, indent=1, ensure_ascii=False) if arguments.json else inspection.text(facts))
        return 0
    differ = inspection.differences(*arguments.models)
    if arguments.json:
        print(json.dumps(differ, indent=1, ensure_ascii=False))
    else:
        for one in differ:
            print("{path}\n  - {old}\n  + {new}".format(**one))
    return 1 if differ else 0


def _default() -> str:
    from hybridml.artifact.pretrained import model_path

    return str(model_path())
