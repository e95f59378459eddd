"""The sidecar of answers: one JSON object a row with value, unit, confidence, box and runner-ups."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hybridml.utils.files import is_stream

if TYPE_CHECKING:
    from hybridml.ranking.answer import Answer


def sidecar_path(arguments: argparse.Namespace) -> Path | None:
    """Return where the sidecar goes; None when none is wanted, and the one of an earlier run goes with its answers.

    Beside answers that go into a pipe there is none, unless a file is named for it.
    """
    from hybridml.datasets.predictions import sidecar_of

    if arguments.details:
        return Path(arguments.details)
    if is_stream(arguments.out):
        return None
    usual = sidecar_of(arguments.out)
    if arguments.no_details:
        usual.unlink(missing_ok=True)
        return None
    return usual


def sidecar_line(asked: Mapping[str, Any], answer: Answer, read: Answer | None, **more: str) -> str:
    """Return what the sidecar says of a row.

    Parameters
    ----------
    asked : mapping
        Of the row: ``index, image_link, entity_name``.
    answer, read : Answer
        The answer as it is given and, where units were asked for, as it was read.
    **more
        What else is said; ``prediction`` takes the place of the answer's.
    """
    told: dict[str, Any] = {
        "prediction": answer.prediction,
        "value": answer.value,
        "unit": answer.unit,
        "confidence": answer.confidence,
        "box": answer.box,
        "text": answer.text,
        "runner_ups": [vars(other) for other in answer.runner_ups],
        "candidates": answer.candidates,
    }
    if read is not None:
        others = zip(answer.runner_ups, read.runner_ups, strict=True)
        told |= {
            "read_value": read.value,
            "read_unit": read.unit,
            "runner_ups": [
                {**vars(other), "read_value": was.value, "read_unit": was.unit} for other, was in others
            ],
        }
    return json.dumps({**asked, **told, **more}, default=_plain, allow_nan=False)


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"cannot write {type(value).__name__} as JSON")
