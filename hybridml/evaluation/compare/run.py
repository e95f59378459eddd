"""Cross-validation of a system: for each fold, it is fitted on the other folds and answers this one."""

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
from hybridml.evaluation.baselines.system import OCR, Dataset, System

from .inputs import ComparisonData

log = logging.getLogger(__name__)

Folds = npt.NDArray[np.int64]


@dataclass
class Outcome:
    """The outcome of one system.

    Attributes
    ----------
    system, ocr : str
        Name of the system, and of its OCR engine; blank for a system without OCR.
    parameters : dict
        Parameters of the system.
    predictions : list of str
        An answer per row, from a system that was fitted without the row's fold; empty when the system failed.
    train_seconds, predict_seconds : list of float
        Seconds of each fold.
    train_photos, predict_photos : list of int
        Photos of each fold, without those of weakly labelled rows.
    vision_seconds : float
        Seconds a photo that its vision stages took.
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
    vision_seconds: float = 0.0
    size: int = 0
    error: str = ""

    @property
    def train_seconds_a_photo(self) -> float:
        """Seconds to train, for each photo trained on."""
        return sum(self.train_seconds) / max(sum(self.train_photos), 1)

    @property
    def predict_seconds_a_photo(self) -> float:
        """Seconds to predict, for each photo, after the vision stages."""
        return sum(self.predict_seconds) / max(sum(self.predict_photos), 1)


def training_rows(dataset: Dataset, keep: npt.NDArray[np.bool_]) -> Dataset:
    """Return the rows where ``keep`` holds, with the weak labels and labels that share nothing with the other rows."""
    held = dataset.frame[~keep]
    weak_labels, labels = dataset.weak_labels, dataset.labels
    if weak_labels is not None:
        weak_labels = weak_labels.subset(~rows_sharing(weak_labels.frame, held))
    if labels is not None:
        labels = labels[~rows_sharing(labels, held)]
    return replace(dataset.subset(keep), weak_labels=weak_labels, labels=labels)


def run(name: str, system: System, data: ComparisonData, fold: Folds, progress: bool = False) -> Outcome:
    """Cross-validate a system, with a clone of it per fold; an error is not raised but put into the outcome.

    Parameters
    ----------
    name, system, data
        The system, its name and the rows.
    fold : int array (n_rows,)
        Each row's fold.
    progress : bool
        Show a progress bar.
    """
    from sklearn.base import clone
    from tqdm import tqdm

    outcome = Outcome(name, data.settings.ocr if OCR in system.needs else "")
    answers = np.full(len(fold), "", dtype=object)
    sizes = []
    where = ""
    try:
        outcome.parameters = system.get_params()
        dataset = data.dataset_for(system)
        for k in tqdm(np.unique(fold), name, unit="fold", disable=not progress):
            where = f"fold {k}: "
            keep = fold != k
            fitted, train = clone(system), training_rows(dataset, keep)
            held = dataset.subset(~keep).unlabelled()
            start = time.perf_counter()
            fitted = fitted.fit(train)
            middle = time.perf_counter()
            answers[~keep] = checked(fitted.predict(held), len(held))
            outcome.predict_seconds.append(time.perf_counter() - middle)
            outcome.train_seconds.append(middle - start)
            outcome.train_photos.append(_photos(train))
            outcome.predict_photos.append(_photos(held))
            sizes.append(fitted.size())
    except Exception as error:  # a system can be anybody's code
        outcome.error = where + error_message(error)
        log.debug("%s", name, exc_info=True)
        return outcome
    outcome.predictions = answers.tolist()
    outcome.vision_seconds = data.vision_seconds(system)
    outcome.size = round(float(np.mean(sizes)))
    return outcome


def checked(predictions: Sequence[str], rows: int) -> list[str]:
    """Return a system's answers; raise HybridmlError unless there is one text per row."""
    found = list(predictions)
    if len(found) != rows:
        raise HybridmlError(
            f"predict returned {len(found)} answers for {rows} rows; expected one for each row"
        )
    wrong = next((answer for answer in found if not isinstance(answer, str)), None)
    if wrong is not None:
        raise HybridmlError(f"predict returned {wrong!r}; expected texts such as '500 gram', or ''")
    return found


def error_message(error: Exception) -> str:
    """Return the message of an error; for an unexpected one also its type and where it was raised."""
    if isinstance(error, HybridmlError):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno})"


def _photos(dataset: Dataset) -> int:
    return len({key for key in dataset.keys if key is not None})
