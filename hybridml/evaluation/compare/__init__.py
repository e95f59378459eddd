"""Systems compared: all on the same folds, which share neither a group nor a photo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from hybridml.evaluation.baselines import create
from hybridml.evaluation.baselines.system import OCR, System

from .files import write_predictions, write_scores
from .inputs import Gathered, Source, check_wishes, gather
from .run import Folds, Outcome, run, told, training_part
from .scores import score, table

__all__ = [
    "Gathered",
    "Outcome",
    "Source",
    "compare",
    "gather",
    "run",
    "score",
    "table",
    "training_part",
    "write_predictions",
    "write_scores",
]


SHARED = ("embedding", "resnet_weights", "store", "progress")
"""Parameters that mean the same in a system and in the run."""


def compare(
    frame: pd.DataFrame,
    fold: Folds,
    names: Sequence[str],
    source: Source,
    ocr_engines: Sequence[str] = (),
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    weak_labels: pd.DataFrame | None = None,
    labels: pd.DataFrame | None = None,
) -> Iterator[Outcome]:
    """Run systems on the same folds; what the store lacks of what they need is computed first.

    Parameters
    ----------
    frame : data frame
        Checked rows with labels.
    fold : int array (n_rows,)
        Each row's fold, as :func:`hybridml.datasets.folds.assign_folds` deals them.
    names : sequence of str
        Of :data:`hybridml.evaluation.baselines.SYSTEMS`, or ``"module:Class"``.
    source : Source
        Where photos lie, and how they are read.
    ocr_engines : sequence of str
        In place of the source's: all that read are run with each.
    settings : mapping of str to mapping, optional
        Parameters of systems, by name. Those of :data:`SHARED` that are not set are the source's.
    weak_labels : data frame, optional
        Checked rows labelled by others, for systems that learn from them.
    labels : data frame, optional
        Labels without photos.

    Yields
    ------
    Outcome
        Of each system in turn; one that cannot be made, or fails, says why in its ``error``.
    """
    systems: dict[str, System] = {}
    errors: dict[str, str] = {}
    for name in dict.fromkeys(names):
        try:
            systems[name] = _created(name, (settings or {}).get(name, {}), source)
            check_wishes(systems[name], source)
        except Exception as error:  # a system can be anybody's
            systems.pop(name, None)
            errors[name] = told(error)
    for number, ocr in enumerate(ocr_engines or [source.ocr]):
        asked = {n: s for n, s in systems.items() if number == 0 or OCR in s.needs}
        gathered = gather(frame, replace(source, ocr=ocr), asked.values(), weak_labels, labels)
        for name in dict.fromkeys(names):
            if name in asked:
                yield run(name, asked[name], gathered, fold, source.progress)
            elif name in errors and number == 0:
                yield Outcome(name, error=errors[name])


def _created(name: str, settings: Mapping[str, Any], source: Source) -> System:
    """Return a system with its settings, and with what it shares with the run."""
    system = create(name, **settings)
    known = system.get_params()
    shared = {what: getattr(source, what) for what in SHARED if what in known and what not in settings}
    system.set_params(**shared)
    return system
