"""What a system that is compared is given, and what it must offer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
"""What a system can need: photos that were read, their ResNet-50 embedding, the photos themselves."""


@dataclass(frozen=True)
class Given:
    """Rows with what is known of their photos.

    Parameters
    ----------
    frame : data frame
        Checked rows, numbered from 0; ``entity_value`` is there only in the training part.
    keys : sequence of str or None, one per row
        Content key of the row's photo, None when there is none.
    photo_features : mapping of key to PhotoFeatures
        What was read and seen; photos that could not be read are not in it.
    vectors : mapping of key to array (2048,)
        Global ResNet-50 embedding; empty when none was asked for.
    photos : mapping of key to Path
        Where each photo lies, of those that are on this machine.
    schema : EntitySchema
        Entities and units.
    weak_labels : Given, optional
        Training part only: rows labelled by others, nothing of which shares a group or photo with the validation rows.
    labels : data frame, optional
        Training part only: labels without photos, as :func:`hybridml.datasets.labels.read_labels` returns them, nothing of
        which shares a group or photo with the validation rows.
    """

    frame: pd.DataFrame
    keys: Sequence[str | None]
    photo_features: Mapping[str, PhotoFeatures]
    vectors: Mapping[str, npt.NDArray[Any]]
    photos: Mapping[str, Path]
    schema: EntitySchema
    weak_labels: Given | None = field(default=None, repr=False)
    labels: pd.DataFrame | None = field(default=None, repr=False)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.frame)

    def part(self, rows: Sequence[int] | npt.NDArray[Any]) -> Given:
        """Return the rows at these positions (or where a bool array holds), with their own photos only."""
        at = np.asarray(rows)
        at = np.flatnonzero(at) if at.dtype == bool else at.astype(np.int64)
        keys = [self.keys[i] for i in at.tolist()]
        present = {key for key in keys if key is not None}
        return replace(
            self,
            frame=self.frame.iloc[at].reset_index(drop=True),
            keys=keys,
            photo_features=Only(self.photo_features, present),
            vectors=Only(self.vectors, present),
            photos=Only(self.photos, present),
        )

    def unlabelled(self) -> Given:
        """Return the same rows without anything that tells their answer."""
        return replace(
            self, frame=self.frame.drop(columns=LABEL, errors="ignore"), weak_labels=None, labels=None
        )

    def limited_to(self, needs: frozenset[str]) -> Given:
        """Return the same rows with what is needed of their photos only."""
        return replace(
            self,
            photo_features=self.photo_features if OCR in needs else {},
            vectors=self.vectors if VECTORS in needs else {},
            photos=self.photos if PHOTOS in needs else {},
            weak_labels=None if self.weak_labels is None else self.weak_labels.limited_to(needs),
        )

    def without_stages(self, further: Iterable[str]) -> Given:
        """Return the same rows as if the looks named in ``further`` had not been taken of any photo."""
        further = tuple(further)
        return replace(
            self,
            photo_features=without_stages(self.photo_features, further),
            weak_labels=None if self.weak_labels is None else self.weak_labels.without_stages(further),
        )

    def with_weak_labels(self) -> Given:
        """Return its rows and then those of others in one table, in which a column ``weak`` tells them apart."""
        if self.weak_labels is None:
            return self
        frame = pd.concat(
            [self.frame.assign(weak=False), self.weak_labels.frame.assign(weak=True)], ignore_index=True
        )
        # two tables may number their rows alike
        frame["index"] = range(len(frame))
        return replace(
            self,
            frame=frame,
            keys=[*self.keys, *self.weak_labels.keys],
            photo_features=both(self.photo_features, self.weak_labels.photo_features),
            vectors=both(self.vectors, self.weak_labels.vectors),
            photos=both(self.photos, self.weak_labels.photos),
            weak_labels=None,
        )


class Only(Mapping[str, Value]):
    """Some keys of a mapping: nothing is copied, and what is computed on demand stays so.

    Examples
    --------
    >>> dict(Only({"a": 1, "b": 2}, {"b", "c"}))
    {'b': 2}
    """

    def __init__(self, whole: Mapping[str, Value], keys: set[str]) -> None:
        inner = whole if not isinstance(whole, Only) else whole._whole
        self._whole: Mapping[str, Value] = inner
        self._keys = [key for key in whole if key in keys]
        self._known = frozenset(self._keys)

    def __getitem__(self, key: str) -> Value:
        if key not in self._known:
            raise KeyError(key)
        return self._whole[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def both(one: Mapping[str, Value], other: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return two mappings as one; two parts of one mapping keep its order.

    Examples
    --------
    >>> whole = {"a": 1, "b": 2, "c": 3}
    >>> dict(both(Only(whole, {"c"}), Only(whole, {"a"})))
    {'a': 1, 'c': 3}
    """
    if isinstance(one, Only) and isinstance(other, Only) and one._whole is other._whole:
        return Only(one._whole, set(one._known | other._known))
    return {**one, **other}


_FIELDS = {"number_classifier": "number_classes", "second_pass": "second_pass"}


def without_stages(photo_features: Mapping[str, Any], further: Iterable[str]) -> Mapping[str, Any]:
    """Return what was seen as if the looks named in ``further`` had not been taken; other names change nothing."""
    fields = [_FIELDS[look] for look in further if look in _FIELDS]
    if not any(
        getattr(found, name, None) is not None for found in photo_features.values() for name in fields
    ):
        return photo_features
    gone: dict[str, Any] = dict.fromkeys(fields)
    return {key: replace(as_photo_features(found), **gone) for key, found in photo_features.items()}


class System(BaseEstimator, ABC):
    """A system that can be compared: parameters in ``__init__``, as :class:`sklearn.base.BaseEstimator` says.

    What ``fit`` learns lies in attributes whose names end in an underscore.

    Attributes
    ----------
    needs : frozenset of str
        What it wants of :class:`Given`: any of ``"ocr_result"``, ``"vectors"``, ``"photos"``. What no system of a
        run needs is not computed.
    """

    needs: ClassVar[frozenset[str]] = frozenset({OCR})

    def __init__(self) -> None:
        """Have no parameters: object's own ``__init__`` seems to have some."""

    def further(self, offered: frozenset[str]) -> frozenset[str]:
        """Return the looks whose results it uses: what they cost counts as its own, and it sees no others.

        Parameters
        ----------
        offered : frozenset of str
            Of :data:`hybridml.vision.presets.FURTHER_STAGES`, those that the effort of the run takes. Others may be asked for.
        """
        return offered if OCR in self.needs else frozenset()

    @abstractmethod
    def fit(self, given: Given) -> Self:
        """Learn from labelled rows and return itself."""

    @abstractmethod
    def predict(self, given: Given) -> list[str]:
        """Return an answer per row as a submission writes it: ``"500 gram"``, or empty."""

    def size(self) -> int:
        """Return the bytes that what ``fit`` learned takes on disk; 0 when that is nothing."""
        learned = {n: v for n, v in vars(self).items() if n.endswith("_") and not n.startswith("_")}
        return size_of(learned) if learned else 0


def size_of(learned: Any) -> int:
    """Return the bytes of anything as joblib writes it, compressed as an artifact is."""
    import io

    import joblib

    file = io.BytesIO()
    joblib.dump(learned, file, compress=("zlib", 3))
    return file.tell()
