"""The overview of a report: its sections with their tables and plots, written to the folder, and their HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from tqdm import tqdm

from hybridml.entities import EntitySchema
from hybridml.utils.optional import require

from . import diagnosis, plots, statistics, summary
from .comparison_sections import SystemScores, run_section, systems_section
from .files import plain
from .outcomes import score_labelled
from .run_comparison import RunComparison
from .sections import NOT_KNOWN, OverviewWriter, Section, TextTable, render, text_table, with_interval
from .statistics import MEASURES

if TYPE_CHECKING:
    from markupsafe import Markup

Amounts = Sequence[tuple[str, float]]

NEW, TRAINED = "not trained on", "TRAINED ON"
SCORES_TABLES = {NEW: "scores", TRAINED: "scores_trained_on"}
MEASURE_TITLES = {
    "f1": "F1",
    "precision": "precision",
    "recall": "recall",
    "accuracy": "accuracy",
    "oracle_f1": "oracle F1",
    "f1_any_unit": "F1, any unit",
    "share_answered": "share answered",
}
MAX_BARS = 25
"""Features whose gain is drawn."""


@dataclass(frozen=True)
class Overview:
    """The overview of a run: fragments of the page, numbers as plain data (None where not defined), and files written.

    The second fragment compares with another run, and is blank without one. Files, which are tables and plots, are
    relative to the report's folder.
    """

    html: Markup
    changes_html: Markup
    numbers: dict[str, Any]
    files: list[str]


def write_overview(
    folder: Path,
    rows: pd.DataFrame,
    candidates: Sequence[Sequence[str]] | None = None,
    *,
    importance: Amounts = (),
    seconds: Amounts = (),
    ablation: Amounts = (),
    comparison: RunComparison | None = None,
    systems: Sequence[SystemScores] = (),
    schema: EntitySchema | None = None,
    progress: bool = False,
) -> Overview:
    """Write the plots and tables of a report, and return the fragments of its page and its numbers.

    Rows that the model was trained on are never mixed with others: they have a column of their own, and the other
    sections are of them only where there are no others, which a warning says.

    Parameters
    ----------
    folder : path
        The report's folder; files go to ``plots/`` and ``tables/``.
    rows : data frame
        ``index, photo, group, entity, truth, prediction, confidence, outcome, cause, trained, problem``, and
        ``suspect`` where it is known.
    candidates : sequence of sequences of str, optional
        All candidates of each row, as answers are written: gives the oracle's F1.
    importance, seconds, ablation : sequences of (str, float)
        The gain of each feature; the seconds a photo of each vision stage; the change of F1 without each part.
    comparison : RunComparison, optional
        With another run.
    systems : sequence of mapping
        Scores of systems run on the same folds, from :func:`hybridml.evaluation.compare.files.read_scores`.
    schema : EntitySchema, optional
        Entities and units; the packaged ones by default.
    progress : bool
        Show a progress bar.

    Raises
    ------
    MissingExtraError
        When matplotlib or Jinja2 is not installed.
    """
    require("drawing the plots of a report", ["matplotlib"], "report")
    rows = rows.reset_index(drop=True)
    labelled = score_labelled(rows, candidates, schema)
    trained = labelled["trained"].astype(bool)
    parts = {NEW: labelled[~trained], TRAINED: labelled[trained]}
    parts = {name: part for name, part in parts.items() if len(part)}
    which, measured = next(iter(parts.items()), ("no label", labelled))
    new = which == NEW
    scores = {name: statistics.scores(part, schema) for name, part in parts.items()}
    writer = OverviewWriter(Path(folder), schema)
    writer.numbers |= {
        "rows": len(rows),
        "labelled": len(labelled),
        "labelled_trained_on": int(trained.sum()),
        "measured": which,
    }
    steps: list[Callable[[], Section | None]] = [
        lambda: _quality(writer, scores, measured, summary.problems(rows)),
        lambda: diagnosis.coverage(writer, measured, new),
        lambda: diagnosis.causes(writer, measured, new),
        lambda: _answered(writer, rows, bool(parts)),
        lambda: _entities(writer, measured, scores.get(which)),
        lambda: _groups(writer, measured),
        lambda: diagnosis.calibration(writer, measured),
        lambda: diagnosis.dimensions(writer, measured),
        lambda: diagnosis.units(writer, measured),
        lambda: diagnosis.sizes(writer, measured),
        lambda: _importance(writer, importance),
        lambda: _ablation(writer, ablation),
        lambda: _seconds(writer, seconds),
        lambda: _problems(writer, rows),
        lambda: systems_section(writer, systems),
    ]
    sections = [step() for step in tqdm(steps, "overview", unit="section", disable=not progress)]
    changes = render([run_section(writer, comparison)] if comparison else [])
    html = render([section for section in sections if section])
    return Overview(html, changes, plain(writer.numbers), writer.files)


def _quality(
    writer: OverviewWriter,
    scores: Mapping[str, pd.DataFrame],
    measured: pd.DataFrame,
    problems: tuple[summary.Sentence, ...],
) -> Section | None:
    """Return how good the run is: in short, and as measures with a column for rows trained on and one for others."""
    if not scores:
        return None
    files = [writer.write_table(SCORES_TABLES[name], table) for name, table in scores.items()]
    columns = {name: table.iloc[0] for name, table in scores.items()}
    lines = [("rows", *(f"{column['rows']:,}" for column in columns.values()))]
    for measure in MEASURES:
        names = (measure, f"{measure}_low", f"{measure}_high")
        cells = (with_interval(*(column[name] for name in names)) for column in columns.values())
        lines.append((MEASURE_TITLES[measure], *cells))
    lines.append(("SMAPE % of the number", *map(_smape, columns.values())))
    head = ("measure", *(f"rows {name}" for name in columns))
    rows = {name: int(column["rows"]) for name, column in columns.items()}
    return Section(
        "quality",
        "How good is it",
        warning=_warning(rows.get(NEW, 0), rows.get(TRAINED, 0)),
        sentences=(
            *summary.of_labelled(measured, next(iter(columns.values())), NEW in scores),
            *problems,
        ),
        tables=(TextTable("All labelled rows", head, tuple(lines)),),
        files=tuple(files),
    )


def _smape(column: pd.Series) -> str:
    rows = column["smape_rows"]
    return f"{column['smape']:.1f} ({rows:,} rows)" if rows else NOT_KNOWN


def _warning(new: int, trained: int) -> str:
    if not trained:
        return ""
    if not new:
        return (
            f"All {trained:,} labelled rows were TRAINED ON (their group or photo was): no number below is a measure "
            "of quality. Use rows that the model was not trained on; 'hybridml split' holds some out."
        )
    return (
        f"{trained:,} rows were TRAINED ON (their group or photo was): they have a column of their own here, which is "
        f"no measure of quality. All that follows is of the {new:,} others."
    )


def _answered(writer: OverviewWriter, rows: pd.DataFrame, labelled: bool) -> Section:
    table = statistics.answer_rates(rows)
    files = (writer.write_table("answered", table),)
    titles = {
        "name": "entity", "rows": "rows", "answered": "answered", "share_answered": "share answered",
        "median_confidence": "median confidence", "problems": "with a problem",
    }  # fmt: skip
    section = Section(
        "answered",
        "How much is answered",
        tables=(text_table("Every row, labelled or not", table, titles),),
        files=files,
    )
    if labelled:
        return section
    confidence = list(rows.loc[rows["prediction"] != "", "confidence"])
    caption = "How sure the answers are"
    return replace(
        section,
        notes=("No row has a label: it is not known what is right, only how sure the answers are.",),
        sentences=(*summary.of_unlabelled(rows), *summary.problems(rows)),
        figures=(writer.draw("confidence", caption, plots.confidence_plot, confidence),)
        if confidence
        else (),
    )


def _entities(writer: OverviewWriter, measured: pd.DataFrame, scores: pd.DataFrame | None) -> Section | None:
    if scores is None:
        return None
    counts = statistics.outcomes_by_entity(measured)
    titles = {column: "entity" if column == "name" else column for column in counts.columns}
    caption = "F1 of each entity beside the oracle's"
    return Section(
        "entities",
        "Entity by entity",
        figures=(writer.draw("entities", caption, plots.scores_plot, scores),),
        tables=(
            text_table("Outcomes of the rows", counts, titles),
            _scores_table("Per entity", "entity", scores),
        ),
        footnotes=(
            "The challenge's measures; 95 % intervals from drawing whole groups, whose rows share photos and labels, "
            f"where there are {statistics.MIN_GROUPS} or more. Oracle F1 is that of always choosing the right "
            "candidate: what a better choice could reach. F1, any unit, also accepts the same quantity in another "
            "unit, within 1 %. SMAPE: where answer and truth have the same unit.",
        ),
        files=(writer.write_table("outcomes", counts),),
    )


def _scores_table(caption: str, name: str, scores: pd.DataFrame) -> TextTable:
    bounds = zip(scores["f1"], scores["f1_low"], scores["f1_high"], strict=True)
    table = scores.assign(f1_interval=[with_interval(*each) for each in bounds])
    titles = {"name": name, "rows": "rows", "groups": "groups", "f1_interval": "F1 (95 % interval)"}
    return text_table(caption, table, titles | {m: MEASURE_TITLES[m] for m in MEASURES[1:]})


def _groups(writer: OverviewWriter, measured: pd.DataFrame) -> Section | None:
    table = statistics.scores_by_group(measured, writer.schema)
    if not len(table):
        return None
    count = measured.loc[measured["group"] != "", "group"].nunique()
    caption = f"The largest {len(table)} of {count:,} groups; intervals from drawing whole photos"
    return Section(
        "groups",
        "Group by group",
        tables=(_scores_table(caption, "group", table.drop(columns="groups")),),
        files=(writer.write_table("groups", table),),
    )


def _importance(writer: OverviewWriter, gains: Amounts) -> Section | None:
    total = sum(gain for _, gain in gains) or 1.0
    shares = sorted(((words, 100 * gain / total) for words, gain in gains), key=lambda pair: -pair[1])
    caption = "gain of a feature, % of all"
    return _bars(writer, "importance", "What the ranker goes by", caption, "{:.1f}", shares)


def _ablation(writer: OverviewWriter, changes: Amounts) -> Section | None:
    note = (
        "From rankers that 'hybridml compare' trained without each part, on the rows and folds of that run."
    )
    caption = "change of F1 when it is left out"
    return _bars(writer, "ablation", "What each part is worth", caption, "{:+.3f}", changes, note)


def _seconds(writer: OverviewWriter, seconds: Amounts) -> Section | None:
    name, title = "seconds", "What it costs"
    if not any(amount for _, amount in seconds):
        return Section(name, title, notes=("The feature store holds no seconds of these photos.",))
    note = (
        "The mean time that each stage took one worker process, over the photos of this report, as recorded in the "
        "feature store. Other work on the machine at that time, and several workers at once, make it longer."
    )
    return _bars(writer, name, title, "seconds a photo", "{:.3f}", seconds, note)


def _bars(
    writer: OverviewWriter,
    name: str,
    title: str,
    caption: str,
    pattern: str,
    amounts: Amounts,
    note: str = "",
) -> Section | None:
    if not amounts:
        return None
    return Section(
        name,
        title,
        notes=(note,) if note else (),
        figures=(writer.draw(name, caption, plots.bars_plot, amounts[:MAX_BARS], caption, pattern),),
        files=(writer.write_table(name, pd.DataFrame(amounts, columns=["name", "value"])),),
    )


def _problems(writer: OverviewWriter, rows: pd.DataFrame) -> Section | None:
    counts = rows.loc[rows["problem"] != "", "problem"].value_counts()
    if not len(counts):
        return None
    table = counts.rename_axis("problem").reset_index(name="rows")
    titles = {"problem": "problem", "rows": "rows"}
    return Section(
        "problems",
        "Rows with a problem",
        tables=(text_table("The most frequent problems", table.head(10), titles),),
        files=(writer.write_table("problems", table),),
    )
