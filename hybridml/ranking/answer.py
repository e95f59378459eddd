"""The answer to one row: a quantity, its confidence, and where it stands on the photo."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hybridml.candidates.find import Candidate
from hybridml.quantity import format_quantity


@dataclass(frozen=True)
class RunnerUp:
    """A quantity that was not chosen.

    Parameters
    ----------
    value, unit
        The quantity.
    confidence : float
        Probability that it is the right one.
    box : (left, top, right, bottom)
        Where it stands, in pixels of the photo.
    """

    value: float
    unit: str
    confidence: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Answer:
    """The answer to one entity on one photo.

    Parameters
    ----------
    entity : str
        The entity asked for.
    value, unit
        The quantity; None when there is no answer.
    confidence : float
        Calibrated probability that the answer is right; 0 without a candidate.
    text : str
        The text line that the number was read from.
    box : (left, top, right, bottom) or None
        Where the answer stands, in pixels of the photo.
    runner_ups : tuple of RunnerUp
        The next best quantities, best first.
    candidates : tuple of str
        Every quantity that could have been the answer, as a submission would write it.
    """

    entity: str
    value: float | None = None
    unit: str | None = None
    confidence: float = 0.0
    text: str = ""
    box: tuple[float, float, float, float] | None = None
    runner_ups: tuple[RunnerUp, ...] = ()
    candidates: tuple[str, ...] = ()

    @property
    def prediction(self) -> str:
        """The answer as a submission writes it: ``"500 gram"``, or empty."""
        return format_quantity(self.value, self.unit) if self.value is not None and self.unit else ""

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain data, with ``prediction``."""
        return {"prediction": self.prediction, **asdict(self)}


def runner_up(candidate: Candidate, confidence: float) -> RunnerUp:
    """Return ``candidate`` as a runner-up."""
    return RunnerUp(candidate.value, candidate.unit, confidence, candidate.box)
