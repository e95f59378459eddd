"""An explained row: its answer, what was considered for it and why; as a table, and as a card for notebooks.

A card shows the photo with its text lines and candidates, the answer, and the reasons. It is one piece of HTML that
refers to nothing outside itself and runs no script. All text from photos and tables is escaped.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

import pandas as pd

from hybridml.candidates.features.column import percent
from hybridml.candidates.find import Candidate
from hybridml.datasets.images import decode
from hybridml.datasets.labels import parse_labels
from hybridml.errors import HybridmlError
from hybridml.quantity import format_quantity
from hybridml.ranking.answer import Answer
from hybridml.vision.photo_features import PhotoFeatures
from hybridml.vision.text_line import OCRResult, TextLine

CARD_PHOTO_SIDE = 640
"""Longest side of the embedded photo, in pixels."""

CARD_QUANTITIES = 8
"""Quantities listed on a card."""

CARD_REASONS = 5
"""Reasons listed on a card for each quantity."""

# Blue, orange and grey of Okabe and Ito, which colour-blind readers can distinguish; dashes distinguish them in print.
ANSWER, OTHER, LINE = "#0072B2", "#B35900", "#8A8A8A"

_CARD = (
    "display:flex;flex-wrap:wrap;gap:1rem;background:#fff;color:#222;padding:.75rem;border:1px solid #ccc;"
    "border-radius:4px;font:13px/1.45 system-ui,sans-serif;max-width:72rem"
)
_CELL = "border-bottom:1px solid #ddd;padding:.2rem .5rem;text-align:left;vertical-align:top;color:#222"

FRAME_COLUMNS = (
    *("index", "photo", "entity_name", "prediction", "value", "unit"),
    *("text", "form", "confidence", "box", "reasons"),
)
"""Columns of :func:`candidates_frame`."""


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
class Explanation:
    """One row, its answer and what was considered for it; a notebook shows it as a card.

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

    def text_of(self, considered: Considered) -> str:
        """Return the text line that holds a quantity."""
        return self.ocr_result.lines[considered.candidate.line].text if self.ocr_result else ""

    def candidates_frame(self) -> pd.DataFrame:
        """Return what was considered as a table, best first; see :func:`candidates_frame`."""
        return candidates_frame(self)

    def _repr_html_(self) -> str:
        """Return the card that a notebook shows."""
        return card_html(self)


def candidates_frame(explained: Explanation | Iterable[Explanation]) -> pd.DataFrame:
    """Return what was considered for a row, or for several, as a table.

    Parameters
    ----------
    explained : Explanation or iterable of Explanation
        As :meth:`hybridml.EntityExtractor.explain` returns them.

    Returns
    -------
    data frame
        One line per row and quantity, a row's most probable first: ``index, photo, entity_name`` of the row;
        ``prediction, value, unit`` of the quantity; the ``text`` line that holds it and the ``form`` in which it is
        written there; ``confidence``, the probability that it is right; its ``box`` in pixels of the photo; and
        ``reasons`` in words, strongest first, each with what it added to the score. Rows without a quantity have
        no line.
    """
    lines = [
        (
            row.index,
            row.photo,
            row.entity,
            format_quantity(each.candidate.value, each.candidate.unit),
            each.candidate.value,
            each.candidate.unit,
            row.text_of(each),
            each.candidate.form,
            each.confidence,
            each.candidate.box,
            "; ".join(f"{reason.words} ({reason.contribution:+.2f})" for reason in each.reasons),
        )
        for row in ([explained] if isinstance(explained, Explanation) else explained)
        for each in row.considered
    ]
    return pd.DataFrame(lines, columns=list(FRAME_COLUMNS))


def card_html(row: Explanation) -> str:
    """Return the card of one row, as HTML for a notebook's output cell.

    Without its photo the text lines stand on a blank canvas of the photo's size.
    """
    picture, problem = _picture(row)
    problems = [text for text in (row.problem, problem) if text]
    notes = "".join(f'<p style="margin:.3rem 0;color:#8a1c1c">{escape(text)}</p>' for text in problems)
    return (
        f'<div class="hybridml-card" style="{_CARD}">'
        f'<div style="flex:1 1 20rem;min-width:16rem">{_drawing(row, picture)}</div>'
        f'<div style="flex:1 1 24rem;min-width:18rem">{_heading(row)}{notes}{_table(row)}</div></div>'
    )


def _picture(row: Explanation) -> tuple[str, str]:
    """Return the photo as a data URI, and why it cannot be shown where it should be."""
    if not row.path:
        return "", ""
    try:
        image = decode(row.path)
    except HybridmlError as error:
        return "", f"photo not shown: {error}"
    from PIL import Image

    small = Image.fromarray(image)
    small.thumbnail((CARD_PHOTO_SIDE, CARD_PHOTO_SIDE))
    written = io.BytesIO()
    small.save(written, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(written.getvalue()).decode("ascii"), ""


def _drawing(row: Explanation, picture: str) -> str:
    ocr_result = row.ocr_result
    if ocr_result is None:
        return '<p style="margin:0;color:#555">The photo could not be read.</p>'
    width, height = max(ocr_result.width, 1), max(ocr_result.height, 1)
    shown = f'<image href="{picture}" width="{width}" height="{height}"/>' if picture else ""
    lines = "".join(_text_line(line) for line in ocr_result.lines)
    chosen = bool(row.answer.prediction)
    considered = list(enumerate(row.considered[:CARD_QUANTITIES], 1))
    boxes = "".join(_box(each, n, chosen and n == 1, width) for n, each in reversed(considered))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(row.photo)}" style="width:100%;max-height:34rem;background:#fff;'
        f'border:1px solid #ddd">{shown}{lines}{boxes}</svg>'
    )


def _text_line(line: TextLine) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in line.polygon)
    return (
        f'<polygon points="{points}" fill="none" stroke="{LINE}" stroke-width="1" pointer-events="all" '
        f'vector-effect="non-scaling-stroke"><title>{escape(line.text)} ({line.confidence:.2f})</title></polygon>'
    )


def _box(considered: Considered, number: int, chosen: bool, width: int) -> str:
    """Return a numbered frame around a quantity: solid for the answer, dashed for what was not chosen."""
    left, top, right, bottom = considered.candidate.box
    colour, dashes = (ANSWER, "") if chosen else (OTHER, ' stroke-dasharray="6 3"')
    size = width / 32
    name = escape(_quantity(considered))
    return (
        f'<g><title>{name}</title><rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
        f'height="{bottom - top:.1f}" fill="{colour}" fill-opacity=".12" stroke="{colour}" stroke-width="2"{dashes} '
        f'vector-effect="non-scaling-stroke"/><text x="{left:.1f}" y="{max(top - size / 4, size):.1f}" '
        f'font-size="{size:.1f}" font-family="sans-serif" font-weight="bold" fill="{colour}" stroke="#fff" '
        f'stroke-width="{size / 6:.1f}" paint-order="stroke">{number}</text></g>'
    )


def _heading(row: Explanation) -> str:
    answer = row.answer
    if answer.prediction:
        text = (
            f"<b>{escape(answer.prediction)}</b>, {percent(answer.confidence)} sure, read in "
            f"<q>{escape(answer.text)}</q>"
        )
    else:
        text = "nothing"
    lines = [("answer", text)]
    if row.truth is not None:
        label = escape(row.truth) or "nothing to find"
        lines.append(("truth", f"<b>{label}</b>{_verdict(row)}"))
    if row.trained:
        lines.append(("note", "the model was trained on this row's group or photo"))
    where = f"{escape(row.photo)}, row {escape(str(row.index))}"
    return (
        f'<p style="margin:0"><b>{escape(row.entity)}</b> <span style="color:#555">{where}</span></p>'
        + "".join(f'<p style="margin:.2rem 0">{name}: {text}</p>' for name, text in lines)
    )


def _verdict(row: Explanation) -> str:
    """Return whether the answer is right by the metric; blank for a label that cannot be parsed."""
    blank = parse_labels([row.truth or ""])[0].blank
    label, answer = _label(row), row.answer
    if label is None and not blank:
        return ""
    if not answer.prediction:
        return ": rightly left blank" if blank else ": left blank"
    return ": right" if (answer.value, answer.unit) == label else ": wrong"


def _label(row: Explanation) -> tuple[float, str] | None:
    """Return the label's quantity; a unit that only the model's own entities have must be one that was considered."""
    quantity = parse_labels([row.truth or ""])[0].quantity
    number, _, unit = (row.truth or "").partition(" ")
    if quantity is None and unit in {each.candidate.unit for each in row.considered}:
        try:
            return float(number), unit
        except ValueError:
            return None
    return quantity


def _table(row: Explanation) -> str:
    if not row.considered:
        return '<p style="margin:.3rem 0;color:#555">No quantity on the photo could answer it.</p>'
    shown = row.considered[:CARD_QUANTITIES]
    chosen = bool(row.answer.prediction)
    label = _label(row)
    rows = "".join(_line(row, each, n, chosen and n == 1, label) for n, each in enumerate(shown, 1))
    head = "".join(f'<th style="{_CELL}">{name}</th>' for name in ("", "quantity", "probability", "because"))
    left = len(row.considered) - len(shown)
    more = f'<p style="margin:.3rem 0;color:#555">and {left} more</p>' if left else ""
    return f'<table style="border-collapse:collapse;margin-top:.5rem;font:inherit"><tr>{head}</tr>{rows}</table>{more}'


def _line(
    row: Explanation, considered: Considered, number: int, chosen: bool, label: tuple[float, str] | None
) -> str:
    name = f"<b>{escape(_quantity(considered))}</b>" if chosen else escape(_quantity(considered))
    if (considered.candidate.value, considered.candidate.unit) == label:
        name += " (the label)"
    reasons = (
        f"{escape(reason.words)} <b>{reason.contribution:+.2f}</b>"
        for reason in considered.reasons[:CARD_REASONS]
    )
    cells = (
        f'<b style="color:{ANSWER if chosen else OTHER}">{number}</b>',
        f'{name}<br><span style="color:#555">{escape(row.text_of(considered))}</span>',
        percent(considered.confidence),
        "<br>".join(reasons),
    )
    return "<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells) + "</tr>"


def _quantity(considered: Considered) -> str:
    return format_quantity(considered.candidate.value, considered.candidate.unit)
