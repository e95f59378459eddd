"""Comparison of systems on the real labelled photos: rules, tabular regression, LSTM and ranker on the same folds.

    python -m benchmarks.compare --shared ../shared
    python -m benchmarks.compare --shared ../shared --systems first lstm ranker --no-weak-labels

It is the command 'hybridml compare' with the folds of benchmarks/folds_labelled.csv. Systems that learn from weakly
labelled rows (agreed/) and from labels without photos get them, in each fold without everything that shares a group or
photo with the validation rows. Rules and ranker also run with Tesseract. Photos are embedded with the shipped weights
unless --embedding names others.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import command
from benchmarks.labelled import FOLDS, Sources
from hybridml.datasets import folds
from hybridml.evaluation.baselines import DEFAULT_SYSTEMS
from hybridml.evaluation.compare import (
    ComparisonSettings,
    Outcome,
    compare,
    score,
    table,
    write_predictions,
    write_scores,
)

WITH_TESSERACT = ("first", "largest", "line-angle", "ranker")


def options_of(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the command's options."""
    parser = command.parser(__doc__)
    command.add_sources(parser)
    parser.add_argument(
        "--systems", nargs="+", default=list(DEFAULT_SYSTEMS), help="as in 'hybridml compare'"
    )
    command.add_effort(parser, "of RapidOCR")
    parser.add_argument("--embedding", default="resnet50-shipped", help="default: %(default)s")
    parser.add_argument("--resnet-weights", default="IMAGENET1K_V2", help="as in 'hybridml features'")
    parser.add_argument(
        "--no-weak-labels", action="store_true", help="do not learn from weakly labelled rows"
    )
    parser.add_argument("--no-labels", action="store_true", help="do not learn from labels without photos")
    parser.add_argument("--no-tesseract", action="store_true", help="RapidOCR only")
    parser.add_argument("--out", type=Path, help="write a line per system and entity to this CSV")
    parser.add_argument("--json", type=Path, help="write all scores to this file")
    parser.add_argument("--predictions", type=Path, help="folder for the answers of each system")
    return parser.parse_args(argv)


def outcomes(options: argparse.Namespace) -> Iterator[Outcome]:
    """Yield the outcome of each system with RapidOCR, then of those of :data:`WITH_TESSERACT` with Tesseract."""
    sources = Sources(options.shared, options.store)
    frame = sources.rows("labelled")
    fold = np.asarray(folds.load_folds(FOLDS, frame))
    settings = ComparisonSettings(
        images=[sources.folder("labelled") / "images", sources.folder("agreed") / "images"],
        store=options.store,
        effort=options.effort,
        embedding=options.embedding,
        resnet_weights=options.resnet_weights,
        progress=True,
    )
    weak_labels = None if options.no_weak_labels else sources.rows("agreed")
    labels = None if options.no_labels else sources.labels()
    yield from compare(frame, fold, options.systems, settings, weak_labels=weak_labels, labels=labels)
    if not options.no_tesseract:
        # the second pass is RapidOCR's, and weakly labelled rows are read with the better engine only
        names = [name for name in options.systems if name in WITH_TESSERACT]
        less = replace(settings, ocr="tesseract", stages=("number_classifier",))
        yield from compare(frame, fold, names, less, labels=labels)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    options = options_of(argv)
    frame = Sources(options.shared, options.store).rows("labelled")
    fold = np.asarray(folds.load_folds(FOLDS, frame))
    results = []
    for outcome in outcomes(options):
        results.append(score(outcome, frame, fold))
        write_scores(results, options.out, options.json)
        if options.predictions:
            write_predictions(options.predictions, outcome, frame)
    print(table(results))
    return 1 if any(result["error"] for result in results) else 0


if __name__ == "__main__":
    command.run(main)
