r"""Plot of F1 against processor seconds a photo.

    python -m benchmarks.speed --shared ../shared --json build/speed.json
    python -m benchmarks.crossval --shared ../shared --effort fast --no-weak-labels --ocr rapidocr \
        --json build/fast.json
    python -m benchmarks.crossval --shared ../shared --ocr rapidocr --json build/balanced.json
    python -m benchmarks.crossval --shared ../shared --effort best --ocr rapidocr tesseract --json build/best.json
    python -m benchmarks.cost docs/images/cost.png --speed build/speed.json --fast build/fast.json \
        --balanced build/balanced.json --best build/best.json

Error bars are the standard deviation over the five folds. The usual script has the F1 of the first candidate with
Tesseract at 'best', where that was measured, and stock RapidOCR that with RapidOCR.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import command
from hybridml.report.eda.plots import BLUE, ORANGE, require_matplotlib
from hybridml.vision.presets import PRESETS

RULES = {
    "usual": ("usual script, first value", "tesseract"),
    "stock": ("stock RapidOCR, first value", "rapidocr"),
}


def point(scores: Sequence[dict[str, Any]], system: str, ocr: str) -> tuple[float, float] | None:
    """Return F1 and the standard deviation of its folds, None where this was not measured."""
    for each in scores:
        if each["system"] == system and each["ocr"] == ocr:
            return each["all"]["f1"], float(np.std(each["fold_f1"], ddof=1))
    return None


def draw(out: Path, speed: Sequence[dict[str, Any]], scores: dict[str, Sequence[dict[str, Any]]]) -> None:
    """Write the picture."""
    require_matplotlib()
    from matplotlib.figure import Figure

    cost = {each["system"]: each["CPU s a photo"] for each in speed}
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    ours = [
        (cost[name], *found, f"--effort {name}")
        for name in scores
        if name in cost
        if (found := point(scores[name], "ranker", "rapidocr"))
    ]
    theirs = [
        (cost[name], *found, label)
        for name, (label, ocr) in RULES.items()
        if name in cost
        if (found := point(scores.get("best", ()), "first", ocr))
    ]
    for points, colour, marker, style in ((ours, BLUE, "o", "-"), (theirs, ORANGE, "s", "none")):
        if not points:
            continue
        x, y, spread, labels = zip(*sorted(points), strict=True)
        axes.errorbar(x, y, yerr=spread, color=colour, marker=marker, linestyle=style, capsize=3)
        for place, height, label in zip(x, y, labels, strict=True):
            axes.annotate(label, (place, height), (6, -14), textcoords="offset points", fontsize=9)
    axes.set_xlabel("processor seconds a photo")
    axes.set_ylabel("F1, 5 folds by group and photo")
    axes.set_xlim(0, max(place for place, *_ in ours + theirs) * 1.4)
    axes.grid(alpha=0.3)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110)


def main() -> int:
    """Draw the picture."""
    parser = command.parser(__doc__)
    parser.add_argument("out", type=Path, help="PNG to write")
    parser.add_argument("--speed", type=Path, required=True, help="what benchmarks.speed wrote")
    for name in PRESETS:
        parser.add_argument(f"--{name}", type=Path, help="what benchmarks.crossval wrote at this effort")
    options = parser.parse_args()
    files = {name: getattr(options, name) for name in PRESETS}
    scores = {name: json.loads(path.read_text()) for name, path in files.items() if path}
    draw(options.out, json.loads(options.speed.read_text()), scores)
    print(options.out)
    return 0


if __name__ == "__main__":
    command.run(main)
