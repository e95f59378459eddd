"""Cross-validated F1 of the rules and of the ranker on the real labelled photos, for each OCR engine.

    python -m benchmarks.crossval --shared ../shared
    python -m benchmarks.crossval --shared ../shared --ocr rapidocr --ablation

Photos that the store lacks are read first; then every system runs on the same folds, which are in
benchmarks/folds_labelled.csv and share no group and no photo. The ranker also learns from weakly labelled rows
(agreed/) and from labels without photos, in each fold without everything that shares a group or photo with the
validation rows. ``--out DIR`` writes the out-of-fold predictions of every system, ``--hand-corrected`` uses the labels
that people corrected, some of which are empty, and ``--ablation`` leaves out one part of the ranker at a time. The last
table says how precise the answers are that ``predict --precision`` and ``--min-confidence`` keep.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import command
from benchmarks.labelled import (
    FOLDS,
    Data,
    Result,
    Sources,
    corrected,
    kept,
    load,
    only,
    ranker,
    stages_of,
    with_fold_f1,
    without_stages,
)
from benchmarks.tables import difference, report_differences, report_ranker, report_systems, table
from hybridml.datasets import folds
from hybridml.evaluation import baselines
from hybridml.evaluation.baselines.ranker import ABLATIONS, settings_without
from hybridml.evaluation.evaluate import evaluate
from hybridml.ranking.answer import Answer
from hybridml.ranking.model import ModelSettings
from hybridml.vision.presets import FURTHER_STAGES, PRESETS


def options_of(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the command's options."""
    parser = command.parser(__doc__)
    command.add_sources(parser)
    parser.add_argument(
        "--ocr",
        nargs="+",
        default=["tesseract", "rapidocr"],
        metavar="NAME",
        help="OCR engines (default: both)",
    )
    parser.add_argument("--embedding", default="none", help="resnet50 or none (default: %(default)s)")
    parser.add_argument("--resnet-weights", default="IMAGENET1K_V2", help="as in 'hybridml features'")
    parser.add_argument("--blocks", nargs="+", help="feature blocks (default: all)")
    command.add_effort(parser)
    parser.add_argument(
        "--stages", nargs="*", metavar="NAME", help="further vision stages (default: as --effort says)"
    )
    parser.add_argument(
        "--no-weak-labels", action="store_true", help="do not learn from weakly labelled rows"
    )
    parser.add_argument("--no-labels", action="store_true", help="do not learn from labels without photos")
    parser.add_argument("--ablation", action="store_true", help="leave out one part of the ranker at a time")
    parser.add_argument(
        "--jobs", type=int, default=2, help="processes of the ablation (default: %(default)s)"
    )
    parser.add_argument("--hand-corrected", action="store_true", help="use the labels people corrected")
    parser.add_argument("--out", type=Path, help="folder for out-of-fold predictions")
    parser.add_argument("--json", type=Path, help="write all scores to this file")
    parser.add_argument("--draw-folds", action="store_true", help=f"draw {FOLDS.name} again")
    return parser.parse_args(argv)


def _without(
    name: str, data: Data, settings: ModelSettings, weak_weights: dict[int, dict[str, float]]
) -> list[str]:
    """Return the predictions of a ranker without one of its parts."""
    rest, less = without_stages(data, [name]), settings_without([name], settings)
    if name == "weak_labels":
        rest = replace(data, weak_labels=None, weak_keys=[])
    return ranker(rest, f"without {name}", less, weak_weights)[0].predictions


def ablation(
    names: Sequence[str],
    data: Data,
    settings: ModelSettings,
    full: Result,
    weak_weights: dict[int, dict[str, float]],
    jobs: int,
) -> None:
    """Print the F1 without each of the ranker's parts in ``names``, and the interval of the difference."""
    from joblib import Parallel, delayed

    truth, groups = list(data.frame["entity_value"]), list(data.frame["group_id"])
    found = Parallel(jobs)(delayed(_without)(name, data, settings, weak_weights) for name in names)
    lines = []
    for name, predictions in zip(names, found, strict=True):
        gap, low, high = difference(truth, full.predictions, predictions, groups)
        scores = evaluate(truth, predictions, list(data.frame["entity_name"]))["all"]
        cells = [f"{scores['f1']:.3f}", f"{scores['f1_any_unit']:.3f}", f"{gap:+.3f}"]
        lines.append([name, *cells, f"{low:+.3f} to {high:+.3f}"])
    table(
        "Ablation: the ranker without each of its parts",
        ("left out", "F1", "F1 any unit", "loss of F1", "95 % interval, by group"),
        lines,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    options = options_of(argv)
    sources = Sources(options.shared, options.store)
    frame = sources.rows("labelled")
    if options.draw_folds:
        folds.save_folds(FOLDS, frame, folds.assign_folds(frame, 5, 0))
    fold = np.asarray(folds.load_folds(FOLDS, frame))
    shown = np.ones(len(frame), dtype=bool)
    if options.hand_corrected:
        frame, shown = corrected(frame, options.shared / "data" / "hand_corrected.csv")
        print("scores below are of the checked rows only; the others are used for training")
    print(f"{len(frame)} rows, {frame.group_id.nunique()} groups; rows a fold: {np.bincount(fold).tolist()}")
    settings = ModelSettings()
    if options.blocks is not None:
        settings = replace(settings, blocks=tuple(options.blocks))

    results: list[tuple[Result, Data, dict[str, Any]]] = []
    details: list[tuple[Result, dict[str, Any], list[Answer], Data]] = []
    for name in options.ocr:
        # the second pass is RapidOCR's, and weakly labelled rows are read with the better engine only
        best = name == "rapidocr"
        wanted = PRESETS[options.effort].further if options.stages is None else options.stages
        further = [stage for stage in wanted if best or stage != "second_pass"]
        stages = stages_of(name, options.embedding, options.resnet_weights, further, options.effort)
        weak_labels = best and not options.no_weak_labels
        data = load(frame, fold, sources, stages, weak_labels, not options.no_labels)
        if data.second_pass_photos:
            print(f"second pass: {data.second_pass_photos} photos, {data.second_pass_seconds:.0f} s")
        weak_weights: dict[int, dict[str, float]] = {}
        found, answers = ranker(data, "ranker", settings, weak_weights)
        print(f"weight of weak labels, by fold: {weak_weights}")
        candidates = [a.candidates for a in answers]
        rules = [
            Result(
                rule,
                name,
                baselines.answer(function, data.keys, list(frame.entity_name), data.ocr_results.items()),
            )
            for rule, function in baselines.RULES.items()
            if rule != "line-angle"  # needs the photos: see benchmarks.compare
        ]
        part = only(data, shown)
        for result in (*rules, found):
            result.ocr = name
            if options.out:
                options.out.mkdir(parents=True, exist_ok=True)
                written = frame.assign(fold=fold, prediction=result.predictions)
                if result.confidence:
                    written = written.assign(confidence=result.confidence)
                written.to_csv(options.out / f"{result.name}-{name}.csv", index=False)
            result.predictions = kept(result.predictions, shown)
            result.confidence = kept(result.confidence, shown)
            scores = evaluate(
                list(part.frame["entity_value"]),
                result.predictions,
                list(part.frame["entity_name"]),
                kept(candidates, shown),
            )
            results.append((with_fold_f1(result, part), part, scores))
        details.append((found, results[-1][2], kept(answers, shown), part))
        if options.ablation and best and not options.hand_corrected:
            names = [n for n in ABLATIONS if n in further or n not in FURTHER_STAGES]
            ablation(names, data, settings, found, weak_weights, options.jobs)
    report_systems(results)
    report_differences(results)
    for result, scores, answers, part in details:
        report_ranker(result, scores, answers, part)
    if options.json:
        everything = [{"system": r.name, "ocr": r.ocr, "fold_f1": r.fold_f1, **s} for r, _, s in results]
        options.json.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    command.run(main)
