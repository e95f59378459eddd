"""The answer to one row: a quantity, its confidence, and where it stands on the photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hybridml.candidates.find import Candidate
from hybridml.quantity import format_quantity

RUNNER_UPS = 4
"""Runner-ups of an answer at most."""


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


def answer_of(
    entity: str, candidates: Sequence[Candidate], order: Sequence[tuple[int, float]], text: str | None
) -> Answer:
    """Return the answer to a row; with ``text`` None it is blank, and the best candidate is the first runner-up.

    Parameters
    ----------
    entity : str
        The entity asked for.
    candidates : sequence of Candidate
        The row's candidates.
    order : sequence of (int, float)
        Position of the best candidate of each quantity, and the quantity's probability; best first.
    text : str or None
        The text line of the best candidate; None when it is not sure enough to be the answer.
    """
    quantities = tuple(dict.fromkeys(format_quantity(c.value, c.unit) for c in candidates))
    ranked = [(candidates[i], p) for i, p in order]
    others = ranked if text is None else ranked[1:]
    runner_ups = tuple(RunnerUp(c.value, c.unit, p, c.box) for c, p in others[:RUNNER_UPS])
    if text is None:
        return Answer(entity, runner_ups=runner_ups, candidates=quantities)
    best, p = ranked[0]
    return Answer(entity, best.value, best.unit, p, text, best.box, runner_ups, quantities)
