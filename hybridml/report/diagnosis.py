"""Sections of a report on how far its confidence can be relied on, and on where and how its answers are wrong."""

from __future__ import annotations

import math

import pandas as pd

from hybridml.datasets.thresholds import REST, write_thresholds
from hybridml.ranking.calibration import MIN_ROWS

from . import confusion, plots, statistics
from .causes import MEANINGS
from .sections import Figure, LinkedSentence, OverviewWriter, Section, text_table
from .statistics import ALL

MIN_ANSWERS = 10
"""Answers from which on a curve is drawn: what fewer reach is luck."""

SURE_NOTE = (
    "On other rows, a threshold found on these reaches a little less precision than it promises here. To be sure of "
    "the precision, the lower end of Wilson's one-sided 90 % interval counts, as with 'predict --precision'."
)
EXPORT_NOTE = (
    "The files thresholds-NN.csv hold such sure thresholds, for each entity that has enough rows, for 'hybridml "
    "predict --thresholds'."
)
TRAINED_NOTE = (
    "These rows were TRAINED ON: their confidence says nothing about others, and no file is exported."
)


def coverage(writer: OverviewWriter, measured: pd.DataFrame, new: bool) -> Section | None:
    """Return the section on precision against the share answered; None without answers.

    Thresholds are exported only where the rows are ``new``: where the model was not trained on them.
    """
    if not len(measured) or not measured["answered"].any():
        return None
    goals = statistics.reachable_goals(measured)
    names = [str(name) for name in goals["name"].unique()]
    parts = {name: measured if name == ALL else measured[measured["entity"] == name] for name in names}
    curves = {name: statistics.coverage(part) for name, part in parts.items()}
    points = pd.concat([curve.assign(name=name) for name, curve in curves.items()], ignore_index=True)
    files = [writer.write_table("promises", goals), writer.write_table("coverage", points)]
    files += _write_thresholds(writer, goals) if new else []
    enough = int(measured["answered"].sum()) >= MIN_ROWS
    drawn = {
        name: curve[curve["coverage"] * len(parts[name]) > MIN_ANSWERS - 0.5]
        for name, curve in curves.items()
    }
    figures: tuple[Figure, ...] = ()
    if enough and len(drawn[ALL]):
        caption = "Precision against the share of rows answered; marks say from which confidence on"
        figures = (writer.draw("coverage", caption, plots.coverage_plot, drawn, goals),)
    return Section(
        "coverage",
        "What can be published without a check",
        notes=() if new else (TRAINED_NOTE,),
        sentences=tuple(statistics.goal_sentences(goals, elsewhere=new)) if enough else (),
        figures=figures,
        mount="threshold-chooser",
        footnotes=(SURE_NOTE, EXPORT_NOTE) if new else (),
        files=tuple(files),
    )


def _write_thresholds(writer: OverviewWriter, goals: pd.DataFrame) -> list[str]:
    """Write the sure thresholds of each goal that any entity reaches; return the files."""
    files = []
    for goal in statistics.PRECISION_GOALS:
        file = f"thresholds-{100 * goal:.0f}.csv"
        part = goals[goals["goal"] == goal]
        if part["sure_threshold"].notna().any():
            sure = zip(part["name"], part["sure_threshold"].fillna(math.inf), strict=True)
            write_thresholds(writer.path(f"tables/{file}"), {REST if n == ALL else n: t for n, t in sure})
            files.append(file)
    return files


def calibration(writer: OverviewWriter, measured: pd.DataFrame) -> Section | None:
    """Return the section on how far confidence is from the share that is right; None without answers."""
    table = statistics.reliability(measured)
    if not len(table):
        return None
    error = statistics.calibration_error(measured)
    writer.numbers["calibration_error"] = error
    caption = "How often answers of similar confidence are right; below, how many there are"
    return Section(
        "calibration",
        "Can the confidence be trusted",
        notes=(
            f"Expected calibration error {error:.3f}: how far, on average, confidence is from the share that is right, "
            "in ten bins. Intervals assume independent rows.",
        ),
        figures=(writer.draw("reliability", caption, plots.reliability_plot, table, error),),
        files=(writer.write_table("reliability", table),),
    )


def causes(writer: OverviewWriter, measured: pd.DataFrame, new: bool) -> Section | None:
    """Return the section on causes by entity; None where no row has one."""
    table = statistics.causes_by_entity(measured)
    if not len(table):
        return None
    counts = dict(zip(table["cause"], table[ALL], strict=True))
    names = [f"{cause} ({count:,})" for cause, count in counts.items()]
    matrix = table.drop(columns=["cause", ALL]).set_axis(names)
    state = {"tab": "gallery", "trained": "no" if new else "yes"}
    caption = "Wrong rows by cause and entity"
    return Section(
        "causes",
        "Why rows are wrong",
        notes=("By the OCR result: was the label's number read, was it a candidate, and what was chosen.",),
        sentences=tuple(
            LinkedSentence(f"{cause}: {MEANINGS[cause]}.", f"{count:,} rows", {**state, "cause": cause})
            for cause, count in counts.items()
        ),
        figures=(writer.draw("causes", caption, plots.matrix_plot, matrix, "entity", "cause", False),),
        files=(writer.write_table("causes", table),),
    )


def dimensions(writer: OverviewWriter, measured: pd.DataFrame) -> Section | None:
    """Return the section on width, height and depth mistaken for one another; None where none is asked for."""
    table = confusion.axes(measured, writer.schema)
    if not len(table):
        return None
    matrix = table.drop(columns="rows").set_index("asked")
    caption = "What was answered where a dimension was asked for"
    return Section(
        "dimensions",
        "Dimensions mistaken for one another",
        notes=(confusion.AXES_NOTE,),
        figures=(writer.draw("dimensions", caption, plots.matrix_plot, matrix, "answered", "asked for"),),
        files=(writer.write_table("dimensions", table),),
    )


def units(writer: OverviewWriter, measured: pd.DataFrame) -> Section | None:
    """Return the section on units mistaken for one another; None without answers to compare."""
    pairs = confusion.units(measured)
    if not len(pairs):
        return None
    matrix = confusion.unit_matrix(pairs, writer.schema)
    other = pairs[pairs["truth_unit"] != pairs["answer_unit"]]
    titles = {
        "truth_unit": "label", "answer_unit": "answer", "rows": "rows", "same_quantity": "same quantity",
        "same_number": "same number",
    }  # fmt: skip
    caption = "Pairs of units, the most frequent first"
    return Section(
        "units",
        "Units mistaken for one another",
        notes=(confusion.UNITS_NOTE,),
        figures=(
            writer.draw("units", "Units of labels and answers", plots.matrix_plot, matrix, "answer", "label"),
        ),
        tables=(text_table(caption, other.head(10), titles),) if len(other) else (),
        files=(writer.write_table("units", pairs),),
    )


def sizes(writer: OverviewWriter, measured: pd.DataFrame) -> Section | None:
    """Return the section on how many times the truth wrong answers are; None without such answers."""
    comparable = measured["answered"] & measured["log10_ratio"].notna()
    wrong = measured[comparable & ~measured["right"] & ~measured["same"]]
    if not len(wrong):
        return None
    factors = statistics.factors(wrong, writer.schema)
    caption = (
        "How many times the truth wrong answers are; known factors that occur are marked, with their rows"
    )
    titles = {
        "words": "what it may be", "factor": "factor", "rows": "rows", "above": "that many times the truth",
        "below": "that fraction of it",
    }  # fmt: skip
    found = "some occur by chance" if len(factors) else "no known factor of decimal points and units occurs"
    return Section(
        "sizes",
        "How far off the numbers are",
        notes=(
            f"{len(wrong):,} wrong answers whose quantity can be compared with the truth. "
            f"A factor counts within 1 %; {found}.",
        ),
        figures=(writer.draw("sizes", caption, plots.mistakes_plot, list(wrong["log10_ratio"]), factors),),
        tables=(text_table("Factors that occur", factors, titles),) if len(factors) else (),
        files=(writer.write_table("mistakes", factors),) if len(factors) else (),
    )
