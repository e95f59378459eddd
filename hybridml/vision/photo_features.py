"""What reading and looking found on one photo, whatever is asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from hybridml.candidates.find import wants_second_look
from hybridml.entities import Entity, EntitySchema

from .lines import Drawing
from .text_line import Reading


@dataclass(frozen=True)
class Seen:
    """Everything that features are computed from.

    Parameters
    ----------
    reading : Reading
        The photo's text lines.
    drawing : Drawing, optional
        Its dimension lines and the product's outline; None when it was not looked at.
    regions : array (text lines, classes), optional
        What the region network takes each text line's number for, :data:`hybridml.vision.number_classifier.CLASSES`.
    second : Reading, optional
        The reading of a second look, used where the first shows nothing that could be the answer.
    """

    reading: Reading
    drawing: Drawing | None = None
    regions: npt.NDArray[Any] | None = None
    second: Reading | None = None

    def reading_for(self, entity: Entity, schema: EntitySchema) -> Reading:
        """Return the reading that answers ``entity``: the second look's where there is one and it is wanted."""
        if self.second is not None and wants_second_look(self.reading, entity, schema):
            return self.second
        return self.reading


def as_seen(found: Seen | Reading) -> Seen:
    """Return ``found``, or a reading as what was seen without looking."""
    return Seen(found) if isinstance(found, Reading) else found
