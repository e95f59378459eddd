"""A row with its answer and what was considered for it, as data."""

from __future__ import annotations

from dataclasses import dataclass

from hybridml.candidates.find import Candidate
from hybridml.ranking.answer import Answer
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.text_line import OCRResult


@dataclass(frozen=True)
class Reason:
    """What one property of a candidate added to its score.

    Parameters
    ----------
    feature : str
        Column of the ranker's table; ``"joint"`` for what scoring width, height and depth jointly changed.
    value : float
        The candidate's value; NaN where it is not known.
    contribution : float
        Positive where it counts for the candidate. Only comparable within a row.
    words : str
        What ``value`` means: ``"the text beside it says 'net weight'"``.
    """

    feature: str
    value: float
    contribution: float
    words: str


@dataclass(frozen=True)
class Considered:
    """A quantity considered for the answer.

    Parameters
    ----------
    candidate : Candidate
        The quantity, at the place on the photo where it scored best.
    confidence : float
        Probability that it is the right one.
    reasons : tuple of Reason
        Strongest first; given for the few best quantities only.
    """

    candidate: Candidate
    confidence: float
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class ExplainedRow:
    """A row, its answer and what was considered for it.

    Parameters
    ----------
    index : object
        The row's own index.
    photo : str
        Name of the photo's file.
    entity : str
        The requested entity.
    answer : Answer
        The answer that ``predict`` gives.
    considered : tuple of Considered
        Every quantity that could have been answered, best first.
    photo_features : PhotoFeatures or None
        The features of the photo; None where it could not be read.
    second_pass : bool
        Whether the answer comes from the second OCR pass.
    problem : str
        Why the row could not be answered.
    group : str
        The row's group, empty without one.
    truth : str or None
        The row's label; None for an unlabelled row, empty where the label says that there is no value.
    key : str
        SHA-256 of the photo's bytes, empty where it is not known.
    path : str
        Path of the photo, empty where it is not there.
    trained : bool
        Whether the model was trained on the row's group or photo.
    """

    index: object
    photo: str
    entity: str
    answer: Answer
    considered: tuple[Considered, ...]
    photo_features: PhotoFeatures | None
    second_pass: bool
    problem: str = ""
    group: str = ""
    truth: str | None = None
    key: str = ""
    path: str = ""
    trained: bool = False

    @property
    def ocr_result(self) -> OCRResult | None:
        """The OCR result that the answer comes from; None where the photo could not be read."""
        if self.photo_features is None:
            return None
        return self.photo_features.result_of(self.second_pass)
