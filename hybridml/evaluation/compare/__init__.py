"""Comparison of systems on the same folds, which share neither a group nor a photo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from hybridml.evaluation.baselines import create
from hybridml.evaluation.baselines.system import OCR, System

from .files import write_predictions, write_scores
from .inputs import ComparisonData, ComparisonSettings, check_requirements, prepare
from .run import Folds, Outcome, error_message, run, training_rows
from .scores import score, table

__all__ = [
    "ComparisonData",
    "ComparisonSettings",
    "Outcome",
    "compare",
    "prepare",
    "run",
    "score",
    "table",
    "training_rows",
    "write_predictions",
    "write_scores",
]

SHARED = ("embedding", "resnet_weights", "store", "progress")
"""Parameters that mean the same in a system and in :class:`ComparisonSettings`."""


def compare(
    frame: pd.DataFrame,
    fold: Folds,
    names: Sequence[str],
    settings: ComparisonSettings,
    ocr_engines: Sequence[str] = (),
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    weak_labels: pd.DataFrame | None = None,
    labels: pd.DataFrame | None = None,
) -> Iterator[Outcome]:
    """Run systems on the same folds; vision results that they need and the store lacks are computed first.

    Parameters
    ----------
    frame : data frame
        Checked rows with labels.
    fold : int array (n_rows,)
        Each row's fold, as :func:`hybridml.datasets.folds.assign_folds` returns them.
    names : sequence of str
        Of :data:`hybridml.evaluation.baselines.SYSTEMS`, or ``"module:Class"``.
    settings : ComparisonSettings
        Where photos lie, and which vision stages run on them.
    ocr_engines : sequence of str
        OCR engines in place of that of ``settings``: systems that need OCR results are run with each.
    parameters : mapping of str to mapping, optional
        Parameters of systems, by name. Those of :data:`SHARED` are taken from ``settings`` unless they are here.
    weak_labels : data frame, optional
        Checked rows with weak labels, for systems that learn from them.
    labels : data frame, optional
        Labels without photos, as :func:`hybridml.datasets.labels.read_labels` returns them.

    Yields
    ------
    Outcome
        Of each system in turn; one that cannot be created, or fails, has the reason in its ``error``.
    """
    systems: dict[str, System] = {}
    errors: dict[str, str] = {}
    for name in dict.fromkeys(names):
        try:
            system = _created(name, (parameters or {}).get(name, {}), settings)
            check_requirements(system, settings)
            systems[name] = system
        except Exception as error:  # a system can be anybody's code
            errors[name] = error_message(error)
    for number, ocr in enumerate(ocr_engines or [settings.ocr]):
        current = {n: s for n, s in systems.items() if number == 0 or OCR in s.needs}
        data = prepare(frame, replace(settings, ocr=ocr), current.values(), weak_labels, labels)
        for name in dict.fromkeys(names):
            if name in current:
                yield run(name, current[name], data, fold, settings.progress)
            elif name in errors and number == 0:
                yield Outcome(name, error=errors[name])


def _created(name: str, parameters: Mapping[str, Any], settings: ComparisonSettings) -> System:
    """Return a system with its parameters, and with those that it shares with the comparison."""
    system = create(name, **parameters)
    known = system.get_params()
    shared = {what: getattr(settings, what) for what in SHARED if what in known and what not in parameters}
    system.set_params(**shared)
    return system
