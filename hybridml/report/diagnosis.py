"""Sections of a report that say where a run is sure, and where and how it is wrong."""

from __future__ import annotations

import math

import pandas as pd

from hybridml.datasets.thresholds import REST, write_thresholds
from hybridml.ranking.calibration import MIN_ROWS

from . import confusion, plots, statistics
from .causes import MEANINGS
from .sections import Linked, Picture, Section, shown
from .sheet import Sheet
from .statistics import ALL

LUCK = 10
"""Answers from which on a curve is drawn: what a handful reaches is luck."""

KEPT = (
    "A confidence found on these rows keeps a little less than it promises on others; what is sure of it goes by the "
    "lower end of Wilson's one-sided 90 % interval, as 'predict --precision' does."
)
EXPORTED = (
    "Files thresholds-NN.csv have such sure confidences, entity by entity where there are rows enough, for 'hybridml "
    "predict --thresholds'."
)
NOT_KEPT = "These rows were TRAINED ON: what confidence they need says nothing about others, and no file is exported."


def coverage(sheet: Sheet, measured: pd.DataFrame, new: bool) -> Section | None:
    """Return the section on precision against the share answered, None without answers.

    Parameters
    ----------
    sheet : Sheet
        What is written goes there.
    measured : data frame
        From :func:`hybridml.report.scored.scored`.
    new : bool
        Whether these rows were not trained on; only then thresholds are exported.
    """
    if not len(measured) or not measured["answered"].any():
        return None
    promised = statistics.promises(measured)
    names = [str(name) for name in promised["name"].unique()]
    of = {name: measured if name == ALL else measured[measured["entity"] == name] for name in names}
    curves = {name: statistics.coverage(part) for name, part in of.items()}
    points = pd.concat([curve.assign(name=name) for name, curve in curves.items()], ignore_index=True)
    files = [sheet.table("promises", promised), sheet.table("coverage", points)]
    files += _thresholds(sheet, promised) if new else []
    words = "Precision against the share of rows answered; marks say from which confidence on"
    enough = int(measured["answered"].sum()) >= MIN_ROWS
    told = tuple(statistics.sentences(promised, elsewhere=new))
    pictures: tuple[Picture, ...] = ()
    drawn = {name: curve[curve["coverage"] * len(of[name]) > LUCK - 0.5] for name, curve in curves.items()}
    if enough and len(drawn[ALL]):
        pictures = (sheet.picture("coverage", words, lambda p: plots.coverage_plot(p, drawn, promised)),)
    return Section(
        "coverage",
        "What can be published without a check",
        notes=() if new else (NOT_KEPT,),
        sentences=told if enough else (),
        pictures=pictures,
        mount="threshold-chooser",
        footnotes=(KEPT, EXPORTED) if new else (),
        files=tuple(files),
    )


def _thresholds(sheet: Sheet, promised: pd.DataFrame) -> list[str]:
    """Write the sure thresholds of each goal that any entity reaches; return the files."""
    files = []
    for goal in statistics.GOALS:
        file = f"thresholds-{100 * goal:.0f}.csv"
        part = promised[promised["goal"] == goal]
        if part["sure_threshold"].notna().any():
            sure = zip(part["name"], part["sure_threshold"].fillna(math.inf), strict=True)
            write_thresholds(sheet.path(f"tables/{file}"), {REST if n == ALL else n: t for n, t in sure})
            files.append(file)
    return files


def calibration(sheet: Sheet, measured: pd.DataFrame) -> Section | None:
    """Return the section on how far confidence is from the share that is right, None without answers."""
    table = statistics.reliability(measured)
    if not len(table):
        return None
    error = statistics.calibration_error(measured)
    sheet.numbers["calibration_error"] = error
    words = "How often answers of like confidence are right; below, how many there are"
    return Section(
        "calibration",
        "Is the confidence to be believed",
        notes=(
            f"Expected calibration error {error:.3f}: how far, on average, confidence is from the share that is right, "
            "in ten bins. Intervals take rows for independent.",
        ),
        pictures=(sheet.picture("reliability", words, lambda p: plots.reliability_plot(p, table, error)),),
        files=(sheet.table("reliability", table),),
    )


def causes(sheet: Sheet, measured: pd.DataFrame, new: bool) -> Section | None:
    """Return the section on causes by entity, None where no row has one.

    Parameters
    ----------
    sheet, measured, new
        As for :func:`coverage`.
    """
    table = statistics.causes(measured)
    if not len(table):
        return None
    named = [f"{cause} ({count:,})" for cause, count in zip(table["cause"], table[ALL], strict=True)]
    matrix = table.drop(columns=["cause", ALL]).set_axis(named)
    words = "Wrong rows by cause and entity"
    of = {"tab": "gallery", "trained": "no" if new else "yes"}
    told = [
        Linked(f"{cause}: {MEANINGS[cause]}.", f"{count:,} rows", {**of, "cause": cause})
        for cause, count in zip(table["cause"], table[ALL], strict=True)
    ]
    return Section(
        "causes",
        "Why rows are wrong",
        notes=(
            "Told from what was read: whether the label's number was, became a candidate, and what was chosen.",
        ),
        sentences=tuple(told),
        pictures=(
            sheet.picture(
                "causes", words, lambda p: plots.matrix_plot(p, matrix, "entity", "cause", diagonal=False)
            ),
        ),
        files=(sheet.table("causes", table),),
    )


def dimensions(sheet: Sheet, measured: pd.DataFrame) -> Section | None:
    """Return the section on width, height and depth taken for each other, None where none is asked for."""
    table = confusion.axes(measured, sheet.schema)
    if not len(table):
        return None
    matrix = table.drop(columns="rows").set_index("asked")
    words = "What was answered where a dimension was asked for"
    return Section(
        "dimensions",
        "One dimension for another",
        notes=(confusion.AXES_NOTE,),
        pictures=(
            sheet.picture(
                "dimensions", words, lambda p: plots.matrix_plot(p, matrix, "answered", "asked for")
            ),
        ),
        files=(sheet.table("dimensions", table),),
    )


def units(sheet: Sheet, measured: pd.DataFrame) -> Section | None:
    """Return the section on units taken for each other, None without answers to compare."""
    pairs = confusion.units(measured)
    if not len(pairs):
        return None
    matrix = confusion.unit_matrix(pairs, sheet.schema)
    other = pairs[pairs["truth_unit"] != pairs["answer_unit"]]
    titles = {
        "truth_unit": "label", "answer_unit": "answer", "rows": "rows", "same_quantity": "same quantity",
        "same_number": "same number",
    }  # fmt: skip
    return Section(
        "units",
        "One unit for another",
        notes=(confusion.UNITS_NOTE,),
        pictures=(
            sheet.picture(
                "units",
                "Units of labels and answers",
                lambda p: plots.matrix_plot(p, matrix, "answer", "label"),
            ),
        ),
        tables=(shown("Pairs of units, the most frequent first", other.head(10), titles),)
        if len(other)
        else (),
        files=(sheet.table("units", pairs),),
    )


def sizes(sheet: Sheet, measured: pd.DataFrame) -> Section | None:
    """Return the section on how many times the truth wrong answers are, None without such."""
    wrong = measured[
        measured["answered"] & ~measured["right"] & measured["decades"].notna() & ~measured["same"]
    ]
    if not len(wrong):
        return None
    found = statistics.mistakes(wrong, sheet.schema)
    words = "How many times the truth wrong answers are; known factors that occur are marked, with their rows"
    titles = {
        "keywords": "what it may be", "factor": "factor", "rows": "rows", "above": "so many times the truth",
        "below": "that part of it",
    }  # fmt: skip
    return Section(
        "sizes",
        "By how much numbers are wrong",
        notes=(
            f"{len(wrong):,} wrong answers whose quantity can be compared with the truth. A factor counts within 1 %; "
            + (
                "some are met by chance."
                if len(found)
                else "none that is known of decimal points and units occurs."
            ),
        ),
        pictures=(
            sheet.picture("sizes", words, lambda p: plots.mistakes_plot(p, list(wrong["decades"]), found)),
        ),
        tables=(shown("Factors that occur", found, titles),) if len(found) else (),
        files=(sheet.table("mistakes", found),) if len(found) else (),
    )
