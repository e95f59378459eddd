"""The plots of a report: readable in print and by the colour-blind, with numbers beside the marks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hybridml.utils.files import atomic

from .statistics import ALL, rounded_down

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
"""The colours of Okabe and Ito, which the colour-blind can tell apart."""

GREY = "#767676"
LINE_STYLES = (
    (ORANGE, "--", "o"), (GREEN, "-.", "s"), (RED, ":", "^"), (PURPLE, "--", "D"), (SKY, "-.", "v"),
    (BLACK, ":", "P"), (GREEN, "--", "X"), (RED, "-.", "*"),
)  # fmt: skip
"""Colour, line and marker of each entity: no two are alike, in print either."""

RC_SETTINGS: Any = {
    "svg.hashsalt": "hybridml",  # the same report is the same file
    "text.parse_math": False,  # a name with dollar signs is a name
    "font.size": 9,
    "axes.titlesize": 10,
    "hatch.linewidth": 0.6,
}
MAX_LOG10_RATIO = 4.0
"""Where the histogram of mistakes ends; what is farther from the truth is in its last bars."""


@contextmanager
def drawn(
    path: Path, width: float, height: float, lines: int = 1, columns: int = 1, **options: Any
) -> Iterator[Any]:
    """Give the axes of a figure, and write it at the end, in the format that the ending of ``path`` names."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(RC_SETTINGS):
        # no pyplot: it would choose a backend for the whole process and keep the figure
        figure = Figure(figsize=(width, height), layout="constrained")
        grid = figure.subplots(lines, columns, **options)
        for axes in figure.axes:
            axes.spines[["top", "right"]].set_visible(False)
        yield grid
        undated = {"Date": None} if path.suffix == ".svg" else None
        with atomic(path) as temporary:
            figure.savefig(temporary, format=path.suffix[1:], metadata=undated)


def scores_plot(path: Path, table: pd.DataFrame) -> None:
    """Draw F1 with its interval, F1 in any unit and the oracle's F1, from :func:`statistics.scores`."""
    table = table.iloc[::-1].reset_index(drop=True)
    at = np.arange(len(table))
    with drawn(path, 6.4, 1.0 + 0.34 * len(table)) as axes:
        low, high = table["f1"] - table["f1_low"], table["f1_high"] - table["f1"]
        spread = np.clip(np.nan_to_num([low, high]), 0, None)
        axes.errorbar(table["f1"], at, xerr=spread, fmt="o", color=BLUE, capsize=3, label="F1, 95 % interval")
        axes.plot(
            table["f1_any_unit"], at, "|", color=RED, markersize=11, markeredgewidth=2, label="F1, any unit"
        )
        if table["oracle_f1"].notna().any():
            axes.plot(table["oracle_f1"], at, "D", color=BLACK, fillstyle="none", label="oracle F1")
        names = [f"{name} ({rows:,})" for name, rows in zip(table["name"], table["rows"], strict=True)]
        _label_f1(axes, names, table["f1"])
        axes.set_xlabel("F1 (rows in brackets)")


def systems_plot(path: Path, names: Sequence[str], fold_f1: Sequence[Sequence[float]]) -> None:
    """Draw the F1 of each system, the first on top: mean and standard deviation of the folds, and each fold."""
    names, fold_f1 = names[::-1], fold_f1[::-1]
    at, mean = np.arange(len(names)), [float(np.mean(f1)) for f1 in fold_f1]
    spread = [float(np.std(f1, ddof=1)) if len(f1) > 1 else 0.0 for f1 in fold_f1]
    with drawn(path, 7.0, 1.1 + 0.34 * len(names)) as axes:
        folds = [(value, y) for y, f1 in zip(at, fold_f1, strict=True) for value in f1]
        axes.plot(*zip(*folds, strict=True), "|", color=BLACK, markersize=10, zorder=3, label="a fold")
        axes.errorbar(
            mean, at, xerr=spread, fmt="o", color=BLUE, capsize=3, label="mean ± standard deviation"
        )
        _label_f1(axes, names, mean)
        axes.set_xlabel("F1")


def _label_f1(axes: Any, names: Sequence[str], f1: Sequence[float] | pd.Series) -> None:
    """Write the F1 above each mark of a horizontal plot, and its name beside it."""
    for y, value in enumerate(f1):
        axes.annotate(f"{value:.2f}", (value, y), (0, 5), textcoords="offset points", ha="center", fontsize=8)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(-0.6, len(names) - 0.3)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)


def coverage_plot(path: Path, curves: Mapping[str, pd.DataFrame], goals: pd.DataFrame) -> None:
    """Draw precision against the share of rows answered, for all rows and each entity; mark the goals reached.

    The curves are from :func:`statistics.coverage`, without the points of a handful of answers; the goals from
    :func:`statistics.reachable_goals`.
    """
    with drawn(path, 7.0, 4.2) as axes:
        entities = [name for name in curves if name != ALL]
        for k, name in enumerate(entities):
            colour, line, marker = LINE_STYLES[k % len(LINE_STYLES)]
            curve = curves[name]
            every = max(len(curve) // 6, 1)
            axes.plot(
                100 * curve["coverage"], 100 * curve["precision"], line, color=colour, marker=marker, markevery=every,
                markersize=4, linewidth=1, label=name,
            )  # fmt: skip
        whole = curves[ALL]
        axes.plot(
            100 * whole["coverage"], 100 * whole["precision"], ".-", color=BLUE, linewidth=2.4, markersize=4,
            label="all rows",
        )  # fmt: skip
        found = goals[(goals["name"] == ALL) & (goals["coverage"] >= whole["coverage"].min())]
        for goal in found.drop_duplicates("threshold").to_dict("records"):
            point = (100 * goal["coverage"], 100 * goal["precision"])
            axes.plot(*point, "o", color=BLUE, markersize=6, markeredgecolor="white")
            axes.annotate(
                f"from {rounded_down(goal['threshold'])}", point, (4, 6), textcoords="offset points", fontsize=8,
                bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
            )  # fmt: skip
        axes.set_xlim(0, 101)
        lowest = min(100 * float(whole["precision"].min()), 50.0)
        axes.set_ylim(max(lowest - 5, 0), 101)
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.set_xlabel("rows answered (%)")
        axes.set_ylabel("of these right (%)")
        axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))


def reliability_plot(path: Path, table: pd.DataFrame, error: float) -> None:
    """Draw how often answers of similar confidence are right, from :func:`statistics.reliability`."""
    with drawn(path, 5.4, 5.0, 2, sharex=True, height_ratios=[3, 1]) as (axes, below):
        axes.plot([0, 1], [0, 1], "--", color=GREY, linewidth=1)
        axes.annotate(
            "as sure as right", (0.02, 0.055), color=GREY, fontsize=8, rotation=38, rotation_mode="anchor"
        )
        spread = [table["right"] - table["right_low"], table["right_high"] - table["right"]]
        axes.errorbar(
            table["confidence"], table["right"], yerr=np.clip(spread, 0, None), fmt="o", color=BLUE, capsize=3
        )
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlim(0, 1)
        axes.set_ylabel("share right, 95 % interval")
        axes.set_title(f"expected calibration error {error:.3f}")
        middle, width = (table["low"] + table["high"]) / 2, table["high"] - table["low"]
        bars = below.bar(middle, table["answers"], 0.92 * width, color=SKY, edgecolor=BLACK, linewidth=0.5)
        below.bar_label(bars, [f"{n:,}" for n in table["answers"]], fontsize=8, padding=1)
        below.margins(y=0.3)
        below.set_xlabel("confidence")
        below.set_ylabel("answers")


def confidence_plot(path: Path, confidence: Sequence[float]) -> None:
    """Draw how sure the answers are, where it is not known which are right."""
    with drawn(path, 6.0, 2.6) as axes:
        counts, edges = np.histogram(confidence, np.linspace(0, 1, 21))
        axes.bar(edges[:-1], counts, 0.046, align="edge", color=SKY, edgecolor=BLACK, linewidth=0.5)
        axes.set_xlim(0, 1)
        axes.set_xlabel("confidence")
        axes.set_ylabel("answers")


def matrix_plot(path: Path, matrix: pd.DataFrame, across: str, down: str, diagonal: bool = True) -> None:
    """Draw a table of counts, each cell with its number and shaded by it; ``across`` and ``down`` label the axes.

    With ``diagonal``, cells whose line and column have the same name are right: they are framed, and shades are of the
    share of the line; without, shades are of the largest count.
    """
    counts = matrix.to_numpy(dtype=float)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True) if diagonal else counts.max(), 1)
    height = 1.5 + 0.3 * len(matrix)
    with drawn(path, max(2.6 + 0.52 * matrix.shape[1], 5.0), height) as axes:
        axes.imshow(share, cmap="Blues", vmin=0, vmax=1.25, aspect="auto")
        for i, j in np.argwhere(counts > 0).tolist():
            colour = "white" if share[i, j] > 0.75 else "black"
            axes.text(j, i, f"{counts[i, j]:,.0f}", ha="center", va="center", color=colour, fontsize=8)
        if diagonal:
            _frame(axes, matrix)
        names = [str(name) for name in matrix.columns]
        axes.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(matrix)), [str(name) for name in matrix.index])
        axes.set_xlabel(across)
        axes.set_ylabel(down)
        axes.tick_params(length=0)


def _frame(axes: Any, matrix: pd.DataFrame) -> None:
    from matplotlib.patches import Rectangle

    for i, name in enumerate(matrix.index):
        if name in matrix.columns:
            at = (list(matrix.columns).index(name) - 0.5, i - 0.5)
            axes.add_patch(Rectangle(at, 1, 1, fill=False, edgecolor=BLACK, linewidth=1.2))


def mistakes_plot(path: Path, log10_ratios: Sequence[float], factors: pd.DataFrame) -> None:
    """Draw how far wrong answers are from the truth, and the known factors (:func:`statistics.factors`) that occur."""
    sizes = np.clip(log10_ratios, -MAX_LOG10_RATIO, MAX_LOG10_RATIO)
    with drawn(path, 7.6, 3.8) as axes:
        counts, edges = np.histogram(sizes, np.linspace(-MAX_LOG10_RATIO, MAX_LOG10_RATIO, 161))
        axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=BLUE)
        top = max(int(counts.max()) if len(sizes) else 1, 1)
        marks = [
            (sign * math.log10(line["factor"]), f"{'×' if sign > 0 else '÷'} {line['factor']:.4g}: {n}")
            for line in factors.to_dict("records")
            for sign, n in ((1, line["above"]), (-1, line["below"]))
            if n
        ]
        for level, (x, words) in enumerate(sorted(marks)):
            # neighbours at different heights: their words do not run into each other
            y = top * (1.06 + 0.13 * (level % 4))
            axes.plot([x, x], [0, y], color=RED, linestyle="--", linewidth=1)
            axes.annotate(words, (x, y), (2, 0), textcoords="offset points", fontsize=8, color=BLACK)
        axes.axvline(0, color=BLACK, linewidth=0.8)
        axes.set_xlim(-MAX_LOG10_RATIO - 0.1, MAX_LOG10_RATIO + 0.9)
        axes.set_ylim(0, top * (1.6 if marks else 1.1))
        ticks = range(-int(MAX_LOG10_RATIO), int(MAX_LOG10_RATIO) + 1)
        axes.set_xticks(list(ticks), [f"÷ {10**-k:,}" if k < 0 else f"× {10**k:,}" for k in ticks])
        axes.set_xlabel("answer compared with the truth, in base units")
        axes.set_ylabel("wrong answers")


def bars_plot(path: Path, pairs: Sequence[tuple[str, float]], what: str, pattern: str) -> None:
    """Draw named amounts as horizontal bars, the first on top; negative ones hatched."""
    names, values = [name for name, _ in pairs][::-1], [value for _, value in pairs][::-1]
    with drawn(path, 7.0, 0.8 + 0.25 * len(pairs)) as axes:
        hatches = ["///" if value < 0 else "" for value in values]
        at = range(len(values))
        bars = axes.barh(at, values, color=SKY, edgecolor=BLACK, linewidth=0.5, hatch=hatches)
        axes.bar_label(bars, [pattern.format(value) for value in values], padding=3, fontsize=8)
        axes.set_yticks(list(at), names)
        axes.margins(x=0.15)
        axes.set_ylim(-0.7, len(values) - 0.3)
        axes.axvline(0, color=BLACK, linewidth=0.8)
        axes.set_xlabel(what)
