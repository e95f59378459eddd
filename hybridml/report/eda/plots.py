"""Plots of an exploration, readable in print and by the colour-blind, each with its n and units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from hybridml.entities import EntitySchema
from hybridml.errors import MissingExtraError
from hybridml.report.plots import BLUE, ORANGE, bars_plot, drawn
from hybridml.utils.optional import missing

from .counts import measured
from .label_checks import FAR_DECADES
from .page import text_of
from .row_table import base_units

PLOTS_PER_LINE = 2
MAX_BINS = 40


def require_matplotlib() -> None:
    """Raise an error that says how to install matplotlib, or to do without, if it is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        reason = missing("drawing plots", "matplotlib", error, "explore")
        raise MissingExtraError(f"{reason}, or leave them out with --no-plots") from None


def rows_plot(entities: pd.DataFrame, path: Path) -> None:
    """Draw rows per entity, from :func:`hybridml.report.eda.counts.entities`, into a PNG."""
    pairs = list(zip(entities["entity"], entities["rows"], strict=True))
    bars_plot(path, pairs, f"rows (n = {sum(entities['rows']):,})", "{:,}")


def values_plot(table: pd.DataFrame, schema: EntitySchema, path: Path) -> None:
    """Draw histograms of each entity's values on a logarithmic axis into a PNG; nothing without values."""
    whole = measured(table)
    names = sorted(whole["entity"].unique())
    if not names:
        return
    base = base_units(schema)
    lines = -(-len(names) // PLOTS_PER_LINE)
    with drawn(path, 9.0, 0.5 + 2.3 * lines, lines, PLOTS_PER_LINE) as grid:
        for axes, name in zip(grid.flat, names, strict=False):
            numbers = whole.loc[whole["entity"] == name, "base"].to_numpy(dtype=float)
            median = float(np.median(numbers))
            edges = _edges(numbers)
            outside = int(((numbers < edges[0]) | (numbers > edges[-1])).sum())
            axes.hist(numbers, edges, color=BLUE)
            axes.axvline(median, color=ORANGE, linewidth=2, linestyle="--")
            axes.yaxis.get_major_locator().set_params(integer=True)
            axes.set_xscale("log")
            # whole decades only: ticks between them would overlap
            axes.set_xlim(10 ** np.floor(np.log10(edges[0])), 10 ** np.ceil(np.log10(edges[-1])))
            axes.xaxis.set_major_formatter("{x:g}")
            axes.xaxis.set_minor_formatter("")
            off = f", {outside:,} off the axis" if outside else ""
            axes.set_title(f"{name}\nn = {len(numbers):,}, median {text_of(median)}{off}", fontsize=9)
            axes.set_xlabel(base[name])
            axes.set_ylabel("rows")
        for axes in grid.flat[len(names) :]:
            axes.remove()


def _edges(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the bins of a logarithmic axis without the outliers, which would squeeze all other values into one bar."""
    sizes = np.log10(numbers)
    near = sizes[np.abs(sizes - np.median(sizes)) <= FAR_DECADES]
    low, high = (near.min(), near.max()) if len(near) else (sizes.min(), sizes.max())
    margin = max(0.25 - (high - low) / 2, 1e-6)
    bins = min(max(10, len(numbers) // 2), MAX_BINS)
    return np.logspace(low - margin, high + margin, bins + 1)


def photos_plot(photos: pd.DataFrame, path: Path) -> None:
    """Draw width against height and the file sizes of photos, into a PNG; nothing without photos."""
    whole = photos[photos["width"].notna()]
    if not len(whole):
        return
    with drawn(path, 9.0, 3.8, 1, 2) as (left, right):
        left.scatter(
            whole["width"], whole["height"], s=8, alpha=0.35, color=BLUE, linewidths=0, rasterized=True
        )
        left.set_xlabel("width (px)")
        left.set_ylabel("height (px)")
        left.set_title(f"Sizes of photos (n = {len(whole):,})", fontsize=10)
        left.set_xlim(left=0)
        left.set_ylim(bottom=0)
        right.hist(whole["bytes"].to_numpy(dtype=float) / 1000, MAX_BINS, color=BLUE)
        right.set_xlabel("file size (kB)")
        right.set_ylabel("photos")
        right.set_title(f"File sizes (n = {len(whole):,})", fontsize=10)
