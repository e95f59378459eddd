"""Systems that can be compared: the base class, and the rows that a system is fitted on and answers."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator

from hybridml.entities import EntitySchema
from hybridml.vision.photo_features import PhotoFeatures, as_photo_features

Value = TypeVar("Value")

LABEL = "entity_value"

OCR, VECTORS, PHOTOS = "ocr", "vectors", "photos"
"""What a system can need of the photos: OCR results, their ResNet-50 embedding, the photos themselves."""


@dataclass(frozen=True)
class Dataset:
    """Rows with the features of their photos.

    Parameters
    ----------
    frame : data frame
        Checked rows, numbered from 0; ``entity_value`` is there in training only.
    keys : sequence of str or None, one per row
        Content key of the row's photo, None when there is none.
    photo_features : mapping of key to PhotoFeatures
        OCR results and number classes, of the photos that have been read.
    vectors : mapping of key to array (2048,)
        Global ResNet-50 embedding; empty when no system needs it.
    photos : mapping of key to Path
        Where each photo lies, of those that are on this machine.
    schema : EntitySchema
        Entities and units.
    weak_labels : Dataset, optional
        In training only: weakly labelled rows, none of which shares a group or photo with the validation rows.
    labels : data frame, optional
        In training only: labels without photos, as :func:`hybridml.datasets.labels.read_labels` returns them, none of
        which shares a group or photo with the validation rows.
    """

    frame: pd.DataFrame
    keys: Sequence[str | None]
    photo_features: Mapping[str, PhotoFeatures]
    vectors: Mapping[str, npt.NDArray[Any]]
    photos: Mapping[str, Path]
    schema: EntitySchema
    weak_labels: Dataset | None = field(default=None, repr=False)
    labels: pd.DataFrame | None = field(default=None, repr=False)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.frame)

    def subset(self, rows: Sequence[int] | npt.NDArray[Any]) -> Dataset:
        """Return the rows at these positions (or where a bool array holds), with their own photos only."""
        at = np.asarray(rows)
        at = np.flatnonzero(at) if at.dtype == bool else at.astype(np.int64)
        keys = [self.keys[i] for i in at.tolist()]
        present = {key for key in keys if key is not None}
        return replace(
            self,
            frame=self.frame.iloc[at].reset_index(drop=True),
            keys=keys,
            photo_features=_only(self.photo_features, present),
            vectors=_only(self.vectors, present),
            photos=_only(self.photos, present),
        )

    def unlabelled(self) -> Dataset:
        """Return the same rows without anything that gives away their answer."""
        return replace(
            self, frame=self.frame.drop(columns=LABEL, errors="ignore"), weak_labels=None, labels=None
        )

    def limited_to(self, needs: frozenset[str]) -> Dataset:
        """Return the same rows with only what is needed of their photos."""
        return replace(
            self,
            photo_features=self.photo_features if OCR in needs else {},
            vectors=self.vectors if VECTORS in needs else {},
            photos=self.photos if PHOTOS in needs else {},
            weak_labels=None if self.weak_labels is None else self.weak_labels.limited_to(needs),
        )

    def without_stages(self, stages: Iterable[str]) -> Dataset:
        """Return the same rows as if these further vision stages had not run on any photo."""
        stages = tuple(stages)
        return replace(
            self,
            photo_features=without_stages(self.photo_features, stages),
            weak_labels=None if self.weak_labels is None else self.weak_labels.without_stages(stages),
        )

    def with_weak_labels(self) -> Dataset:
        """Return its rows and then the weakly labelled ones in one table, whose column ``weak`` says which they are."""
        if self.weak_labels is None:
            return self
        frame = pd.concat(
            [self.frame.assign(weak=False), self.weak_labels.frame.assign(weak=True)], ignore_index=True
        )
        # both tables may number their rows from 0
        frame["index"] = range(len(frame))
        return replace(
            self,
            frame=frame,
            keys=[*self.keys, *self.weak_labels.keys],
            photo_features={**self.photo_features, **self.weak_labels.photo_features},
            vectors={**self.vectors, **self.weak_labels.vectors},
            photos={**self.photos, **self.weak_labels.photos},
            weak_labels=None,
        )


def _only(whole: Mapping[str, Value], keys: set[str]) -> dict[str, Value]:
    return {key: value for key, value in whole.items() if key in keys}


_FIELDS = {"number_classifier": "number_classes", "second_pass": "second_pass"}


def without_stages(photo_features: Mapping[str, Any], stages: Iterable[str]) -> Mapping[str, Any]:
    """Return photo features as if these further stages had not run; other names are ignored."""
    fields = [_FIELDS[stage] for stage in stages if stage in _FIELDS]
    if not fields:
        return photo_features
    gone: dict[str, Any] = dict.fromkeys(fields)
    return {key: replace(as_photo_features(found), **gone) for key, found in photo_features.items()}


class System(BaseEstimator, ABC):
    """A system that can be compared: parameters in ``__init__``, as :class:`sklearn.base.BaseEstimator` says.

    What ``fit`` learns lies in attributes whose names end in an underscore.

    Attributes
    ----------
    needs : frozenset of str
        What it needs of :class:`Dataset`: any of ``"ocr"``, ``"vectors"``, ``"photos"``. What no system of a run needs
        is not computed.
    """

    needs: ClassVar[frozenset[str]] = frozenset({OCR})

    def __init__(self) -> None:
        """Have no parameters: object's own ``__init__`` seems to have some."""

    def stages(self, offered: frozenset[str]) -> frozenset[str]:
        """Return the further vision stages that it uses: their cost counts as its own, and it sees no others' results.

        Parameters
        ----------
        offered : frozenset of str
            The stages of the run, of :data:`hybridml.vision.presets.FURTHER_STAGES`. A system may use others too.
        """
        return offered if OCR in self.needs else frozenset()

    @abstractmethod
    def fit(self, dataset: Dataset) -> Self:
        """Learn from labelled rows and return itself."""

    @abstractmethod
    def predict(self, dataset: Dataset) -> list[str]:
        """Return an answer per row as a submission writes it: ``"500 gram"``, or empty."""

    def size(self) -> int:
        """Return the bytes on disk of what ``fit`` learned; 0 when that is nothing."""
        learned = {n: v for n, v in vars(self).items() if n.endswith("_") and not n.startswith("_")}
        return size_of(learned) if learned else 0


def size_of(learned: Any) -> int:
    """Return the bytes of anything as joblib writes it, compressed as an artifact is."""
    import joblib

    file = io.BytesIO()
    joblib.dump(learned, file, compress=("zlib", 3))
    return file.tell()
