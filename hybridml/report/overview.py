"""The overview of a report: its numbers, tables and pictures, written to the folder, and the page's fragment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from hybridml.entities import EntitySchema

from . import diagnosis, plots, statistics, summary
from .against import CHANGES, Changes
from .compared import Scores, systems_section
from .folder import plain
from .scored import scored
from .sections import NOT_KNOWN, Picture, Section, Shown, rendered, shown, with_interval
from .sheet import Sheet
from .statistics import MEASURES

if TYPE_CHECKING:
    from markupsafe import Markup

Amounts = Sequence[tuple[str, float]]

NEW, TRAINED = "not trained on", "TRAINED ON"
SCORES = {NEW: "scores", TRAINED: "scores_trained_on"}
TITLES = {
    "f1": "F1",
    "precision": "precision",
    "recall": "recall",
    "accuracy": "accuracy",
    "oracle_f1": "oracle F1",
    "f1_any_unit": "F1, any unit",
    "share_answered": "share answered",
}
PER_NAME = {"rows": "rows", "groups": "groups", "f1_shown": "F1 (95 % interval)"} | {
    measure: TITLES[measure] for measure in MEASURES[1:]
}
MOST_SHOWN = 25
"""Features of which the gain is drawn."""


@dataclass(frozen=True)
class Overview:
    """What was made of a run's numbers.

    Parameters
    ----------
    html : Markup
        The fragment of the page.
    changes_html : Markup
        The fragment that compares with another run, blank without one.
    numbers : dict
        All of it as plain data, None where not defined.
    files : list of str
        Tables and plots that were written, from the report's folder.
    """

    html: Markup
    changes_html: Markup
    numbers: dict[str, Any]
    files: list[str]


def write(
    out: Path,
    rows: pd.DataFrame,
    candidates: Sequence[Sequence[str]] | None = None,
    *,
    importance: Amounts = (),
    ablation: Amounts = (),
    seconds: Amounts = (),
    seconds_note: str = "",
    changes: Changes | None = None,
    systems: Sequence[Scores] = (),
    schema: EntitySchema | None = None,
    progress: bool = False,
) -> Overview:
    """Write the plots and tables of a report, and return the fragments of its page and its numbers.

    Rows that the model was trained on are never counted among others: they have a column of their own, and the rest
    is of them only where there are no others, which is said above it.

    Parameters
    ----------
    out : path
        The report's folder; files go to ``plots/`` and ``tables/``.
    rows : data frame
        ``index, photo, group, entity, truth, prediction, confidence, outcome, cause, trained, problem``, and
        ``suspect`` where it is known.
    candidates : sequence of sequences of str, optional
        Every quantity that could have been answered, per row: gives the oracle's F1.
    importance : sequence of (words, gain)
        What the ranker goes by.
    ablation : sequence of (words, change of F1)
        What leaving a part out does, from :func:`hybridml.report.compared.ablation_of`.
    seconds : sequence of (stage, seconds a photo)
        What the stages cost.
    seconds_note : str
        What these seconds are, or why there are none.
    changes : Changes, optional
        From :func:`hybridml.report.against.changes`.
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
    from tqdm import tqdm

    plots.require_matplotlib()
    rows = rows.reset_index(drop=True)
    labelled = scored(rows, candidates, schema)
    trained = labelled["trained"].astype(bool)
    new, learned = labelled[~trained], labelled[trained]
    measured = new if len(new) else learned
    sheet = Sheet(Path(out), schema)
    sheet.numbers |= {
        "rows": len(rows),
        "labelled": len(labelled),
        "labelled_trained_on": len(learned),
        "measured": "no label" if not len(labelled) else NEW if len(new) else TRAINED,
    }
    parts = {NEW: new, TRAINED: learned}
    tables = {name: statistics.scores(part, schema) for name, part in parts.items() if len(part)}
    steps: list[Callable[[], Section | None]] = [
        lambda: _quality(sheet, tables, measured, summary.problems(rows)),
        lambda: diagnosis.coverage(sheet, measured, bool(len(new))),
        lambda: diagnosis.causes(sheet, measured, bool(len(new))),
        lambda: _answered(sheet, rows, bool(len(labelled))),
        lambda: _entities(sheet, measured, next(iter(tables.values()), None)),
        lambda: _groups(sheet, measured),
        lambda: diagnosis.calibration(sheet, measured),
        lambda: diagnosis.dimensions(sheet, measured),
        lambda: diagnosis.units(sheet, measured),
        lambda: diagnosis.sizes(sheet, measured),
        lambda: _amounts(sheet, "importance", IMPORTANCE, importance),
        lambda: _amounts(sheet, "ablation", ABLATION, ablation, ABLATION_NOTE),
        lambda: _cost(sheet, seconds, seconds_note),
        lambda: _problems(sheet, rows),
        lambda: systems_section(sheet, systems),
    ]
    made = [step() for step in tqdm(steps, "overview", unit="section", disable=not progress)]
    compared = [_changes(sheet, changes)] if changes else []
    html = rendered([section for section in made if section])
    return Overview(html, rendered(compared), plain(sheet.numbers), sheet.files)


def _quality(
    sheet: Sheet,
    tables: Mapping[str, pd.DataFrame],
    measured: pd.DataFrame,
    problems: tuple[summary.Sentence, ...],
) -> Section | None:
    """Return how good the run is over all: in short, and in a column for each sort of row there is."""
    if not tables:
        return None
    files = [sheet.table(SCORES[name], table) for name, table in tables.items()]
    lines = {name: table.iloc[0] for name, table in tables.items()}
    shown_lines = [("rows", *(f"{line['rows']:,}" for line in lines.values()))]
    for measure in MEASURES:
        cells = (
            with_interval(*(line[f"{measure}{end}"] for end in ("", "_low", "_high")))
            for line in lines.values()
        )
        shown_lines.append((TITLES[measure], *cells))
    shown_lines.append(
        (
            "SMAPE % of the number",
            *(
                f"{x['smape']:.1f} ({x['smape_rows']:,} rows)" if x["smape_rows"] else NOT_KNOWN
                for x in lines.values()
            ),
        )
    )
    head = tuple(f"rows {name}" for name in lines)
    first = next(iter(tables.values())).iloc[0]
    return Section(
        "quality",
        "How good is it",
        warning=_warning(*(int(lines[name]["rows"]) if name in lines else 0 for name in (NEW, TRAINED))),
        sentences=(*summary.of_labelled(measured, first, NEW in tables), *problems),
        tables=(Shown("All labelled rows", ("measure", *head), tuple(shown_lines)),),
        files=tuple(files),
    )


def _warning(new: int, learned: int) -> str:
    if not learned:
        return ""
    if not new:
        return (
            f"All {learned:,} labelled rows were TRAINED ON (their group or photo was): no number below is a measure "
            "of quality. Judge by rows that the model has not seen; 'hybridml split' holds some out."
        )
    return (
        f"{learned:,} rows were TRAINED ON (their group or photo was): they have a column of their own here, which is "
        f"no measure of quality. All that follows is of the {new:,} others."
    )


def _answered(sheet: Sheet, rows: pd.DataFrame, labelled: bool) -> Section:
    table = statistics.answered(rows)
    files = (sheet.table("answered", table),)
    said = rows.loc[rows["prediction"] != "", "confidence"]
    pictures: tuple[Picture, ...] = ()
    if len(said) and not labelled:
        words = "How sure the answers are"
        pictures = (sheet.picture("confidence", words, lambda p: plots.confidence_plot(p, list(said))),)
    titles = {
        "name": "entity", "rows": "rows", "answered": "answered", "share_answered": "share answered",
        "median_confidence": "median confidence", "problems": "with a problem",
    }  # fmt: skip
    notes = (
        ()
        if labelled
        else ("No row has a label: what is right is not known, only how sure the answers are.",)
    )
    return Section(
        "answered",
        "How much is answered",
        notes=notes,
        sentences=() if labelled else (*summary.of_unlabelled(rows), *summary.problems(rows)),
        pictures=pictures,
        tables=(shown("Every row, labelled or not", table, titles),),
        files=files,
    )


def _entities(sheet: Sheet, measured: pd.DataFrame, table: pd.DataFrame | None) -> Section | None:
    if table is None:
        return None
    counts = statistics.outcomes(measured)
    titles = {c: "entity" if c == "name" else c for c in counts.columns}
    return Section(
        "entities",
        "Entity by entity",
        pictures=(
            sheet.picture(
                "entities", "F1 of each entity beside the oracle's", lambda p: plots.scores_plot(p, table)
            ),
        ),
        tables=(shown("What became of the rows", counts, titles), _per_name("Per entity", "entity", table)),
        footnotes=(
            "The challenge's measures; 95 % intervals from drawing whole groups, whose rows share photos and labels, "
            f"where there are {statistics.DRAWN} or more. Oracle F1 is that of always choosing right among what was "
            "read: what better choosing could reach. F1, any unit, also takes the same quantity in another unit, "
            "within 1 %. SMAPE: where answer and truth have the same unit.",
        ),
        files=(sheet.table("outcomes", counts),),
    )


def _per_name(words: str, name: str, table: pd.DataFrame) -> Shown:
    bounds = zip(table["f1"], table["f1_low"], table["f1_high"], strict=True)
    titles = {"name": name, **PER_NAME}
    return shown(words, table.assign(f1_shown=[with_interval(*each) for each in bounds]), titles)


def _groups(sheet: Sheet, measured: pd.DataFrame) -> Section | None:
    table = statistics.scores_by_group(measured, sheet.schema)
    if not len(table):
        return None
    count = measured.loc[measured["group"] != "", "group"].nunique()
    words = f"The largest {len(table)} of {count:,} groups; intervals from drawing whole photos"
    return Section(
        "groups",
        "Group by group",
        tables=(_per_name(words, "group", table.drop(columns="groups")),),
        files=(sheet.table("groups", table),),
    )


IMPORTANCE = ("What the ranker goes by", "gain of a feature, % of all", "{:.1f}")
ABLATION = ("What parts are worth", "change of F1 when it is left out", "{:+.3f}")
ABLATION_NOTE = (
    "Of rankers that 'hybridml compare' fitted without each part, on the rows and folds of that run."
)
COST = ("What it costs", "seconds a photo", "{:.3f}")


def _amounts(
    sheet: Sheet, name: str, words: tuple[str, str, str], amounts: Amounts, note: str = ""
) -> Section | None:
    title, what, pattern = words
    if not amounts:
        return None
    total = sum(value for _, value in amounts) or 1.0
    drawn = (
        [(text, 100 * value / total) for text, value in amounts] if name == "importance" else list(amounts)
    )
    if name == "importance":
        drawn.sort(key=lambda pair: -pair[1])
    top = drawn[:MOST_SHOWN]
    return Section(
        name,
        title,
        notes=(note,) if note else (),
        pictures=(sheet.picture(name, what, lambda p: plots.bars_plot(p, top, what, pattern)),),
        files=(sheet.table(name, pd.DataFrame(drawn, columns=["name", "value"])),),
    )


def _cost(sheet: Sheet, seconds: Amounts, note: str) -> Section | None:
    if not any(amount for _, amount in seconds):
        return Section("seconds", COST[0], notes=(note,)) if note else None
    return _amounts(sheet, "seconds", COST, seconds, note)


def _problems(sheet: Sheet, rows: pd.DataFrame) -> Section | None:
    counts = rows.loc[rows["problem"] != "", "problem"].value_counts()
    if not len(counts):
        return None
    table = counts.rename_axis("problem").reset_index(name="rows")
    return Section(
        "problems",
        "Rows with a problem",
        tables=(shown("The most frequent problems", table.head(10), {"problem": "problem", "rows": "rows"}),),
        files=(sheet.table("problems", table),),
    )


def _changes(sheet: Sheet, changes: Changes) -> Section:
    sheet.numbers["against"] = changes.to_dict()
    sentences = []
    if changes.compared:
        gap = with_interval(changes.gap, changes.low, changes.high)
        sentences += [
            f"F1 {changes.f1:.3f}, the other's {changes.other_f1:.3f}: a difference of {gap}, its 95 % interval from "
            "drawing whole groups for both",
            f"McNemar's exact test on {changes.better} better and {changes.worse} worse: p = {changes.p_value:.2g} "
            "(rows taken for independent)",
        ]
    if changes.unpaired:
        sentences.append(f"{changes.unpaired:,} rows are not in the other run")
    titles = {"name": "entity", "rows": "rows", **{c: c for c in CHANGES}, "f1": "F1", "other_f1": "other F1"}
    per_entity = changes.per_entity
    tables = (shown("Per entity, of labelled rows", per_entity, titles),) if len(per_entity) else ()
    warning = "The rows compared were TRAINED ON: no measure of quality." if changes.trained else ""
    return Section(
        "against",
        f"Against {changes.name}" if changes.name else "Against the other run",
        warning=warning,
        notes=("F1 and test are of labelled rows that this run's model was not trained on.",)
        if not warning
        else (),
        sentences=tuple(sentences),
        tables=tables,
        files=(sheet.table("changes", per_entity),),
    )
