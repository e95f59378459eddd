"""Every system on the same folds: fitted on the others, asked about one, its answers put together."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hybridml.datasets.folds import rows_sharing
from hybridml.errors import HybridmlError
from hybridml.evaluation.baselines.system import OCR, Given, System

from .inputs import Gathered

log = logging.getLogger(__name__)

Folds = npt.NDArray[np.int64]


@dataclass
class Outcome:
    """What one system did.

    Attributes
    ----------
    system, ocr : str
        Its name, and who read for it; blank where nobody did.
    parameters : dict
        Of the system.
    predictions : list of str
        An answer per row, each from a fold that the row was held out of; empty when the system failed.
    train_seconds, predict_seconds : list of float
        Of each fold.
    train_photos, predict_photos : list of int
        Photos of its own rows, of each fold.
    read_seconds : float
        What reading and looking took before, a photo.
    size : int
        Bytes on disk once fitted, the mean of the folds.
    error : str
        Why it has no answers; blank when it has.
    """

    system: str
    ocr: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    predictions: list[str] = field(default_factory=list)
    train_seconds: list[float] = field(default_factory=list)
    predict_seconds: list[float] = field(default_factory=list)
    train_photos: list[int] = field(default_factory=list)
    predict_photos: list[int] = field(default_factory=list)
    read_seconds: float = 0.0
    size: int = 0
    error: str = ""

    @property
    def train_seconds_a_photo(self) -> float:
        """Seconds to train, for each photo trained on."""
        return sum(self.train_seconds) / max(sum(self.train_photos), 1)

    @property
    def predict_seconds_a_photo(self) -> float:
        """Seconds to predict, for each photo, after it was read."""
        return sum(self.predict_seconds) / max(sum(self.predict_photos), 1)


def training_part(given: Given, keep: npt.NDArray[np.bool_]) -> Given:
    """Return the rows where ``keep`` holds; nothing in or beside them shares a group or photo with the others."""
    held = given.frame[~keep]
    weak_labels, labels = given.weak_labels, given.labels
    if weak_labels is not None:
        weak_labels = weak_labels.part(~rows_sharing(weak_labels.frame, held))
    if labels is not None:
        labels = labels[~rows_sharing(labels, held)]
    return replace(given.part(keep), weak_labels=weak_labels, labels=labels)


def run(name: str, system: System, gathered: Gathered, fold: Folds, progress: bool = False) -> Outcome:
    """Fit and ask a system fold by fold; where it fails, the outcome says how, and nothing is raised.

    Parameters
    ----------
    name : str
        What the system is called.
    system : System
        Cloned for every fold.
    gathered : Gathered
        The rows.
    fold : int array (n_rows,)
        Each row's fold.
    progress : bool
        Show a progress bar.
    """
    from sklearn.base import clone
    from tqdm import tqdm

    read = OCR in system.needs
    outcome = Outcome(name, gathered.source.ocr if read else "")
    answers = np.full(len(fold), "", dtype=object)
    sizes = []
    where = ""
    try:
        outcome.parameters = system.get_params()
        given = gathered.given_to(system)
        for k in tqdm(np.unique(fold), name, unit="fold", disable=not progress):
            where = f"fold {k}: "
            keep = fold != k
            fitted, part = clone(system), training_part(given, keep)
            held = given.part(~keep).unlabelled()
            start = time.perf_counter()
            fitted = fitted.fit(part)
            middle = time.perf_counter()
            answers[~keep] = checked(fitted.predict(held), len(held))
            outcome.predict_seconds.append(time.perf_counter() - middle)
            outcome.train_seconds.append(middle - start)
            outcome.train_photos.append(_photos(part))
            outcome.predict_photos.append(_photos(held))
            sizes.append(fitted.size())
    except Exception as error:  # a system can be anybody's
        outcome.error = where + told(error)
        log.debug("%s", name, exc_info=True)
        return outcome
    outcome.predictions = answers.tolist()
    outcome.read_seconds = gathered.read_seconds(system)
    outcome.size = round(float(np.mean(sizes)))
    return outcome


def checked(predictions: Sequence[str], rows: int) -> list[str]:
    """Return a system's answers; raise HybridmlError unless there is a text for every row."""
    found = list(predictions)
    if len(found) != rows:
        raise HybridmlError(
            f"predict returned {len(found)} answers for {rows} rows; expected one for each row"
        )
    wrong = next((answer for answer in found if not isinstance(answer, str)), None)
    if wrong is not None:
        raise HybridmlError(f"predict returned {wrong!r}; expected texts such as '500 gram', or ''")
    return found


def told(error: Exception) -> str:
    """Return what an error says, of one not raised on purpose also what it is and where it was raised."""
    if isinstance(error, HybridmlError):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno})"


def _photos(given: Given) -> int:
    return len({key for key in given.keys if key is not None})
