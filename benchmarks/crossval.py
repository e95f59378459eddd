"""Cross-validated F1 on the real labelled photos, for the rules and for the ranker on each reader.

    python -m benchmarks.crossval --shared ../shared
    python -m benchmarks.crossval --shared ../shared --readers rapidocr --ablation

Reads the photos that the store lacks, then runs every system on the same folds: no group and no photo is in two
folds. The folds are the file benchmarks/folds_labelled.csv. The ranker also learns from rows labelled by others
(agreed/) and from labels without photos, in each fold without all that shares a group or photo with the validation
part. ``--out DIR`` writes the out-of-fold predictions of every system, ``--hand-corrected`` repeats the run with the
labels that people corrected, where a truth can be empty. ``--ablation`` leaves out one block at a time.
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
from hybridml.evaluation.baselines.ranker import PARTS, settings_without
from hybridml.evaluation.evaluate import evaluate
from hybridml.ranking.answer import Answer
from hybridml.ranking.model import ModelSettings
from hybridml.vision.presets import FURTHER_STAGES, PRESETS


def options_of(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the command's options."""
    parser = command.parser(__doc__)
    command.add_sources(parser)
    parser.add_argument(
        "--readers", nargs="+", default=["tesseract", "rapidocr"], help="readers (default: both)"
    )
    parser.add_argument("--embedding", default="none", help="resnet50 or none (default: %(default)s)")
    parser.add_argument("--resnet-weights", default="IMAGENET1K_V2", help="as in 'hybridml features'")
    parser.add_argument("--blocks", nargs="+", help="feature blocks (default: all)")
    command.add_effort(parser)
    parser.add_argument("--looks", nargs="*", help="looks (default: as the effort says)")
    parser.add_argument("--no-others", action="store_true", help="do not learn from rows labelled by others")
    parser.add_argument("--no-labels", action="store_true", help="do not count labels without photos")
    parser.add_argument("--ablation", action="store_true", help="leave out one block at a time")
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
    """Return the predictions of a ranker that lacks one block."""
    part, less = without_stages(data, [name]), settings_without([name], settings)
    if name == "others":
        part = replace(data, weak_labels=None, other_keys=[])
    return ranker(part, f"without {name}", less, weak_weights)[0].predictions


def ablation(
    parts: Sequence[str],
    data: Data,
    settings: ModelSettings,
    full: Result,
    weak_weights: dict[int, dict[str, float]],
    jobs: int,
) -> None:
    """Print what the F1 is without each of ``parts``, and the interval of the difference."""
    from joblib import Parallel, delayed

    truth, groups = list(data.frame["entity_value"]), list(data.frame["group_id"])
    found = Parallel(jobs)(delayed(_without)(name, data, settings, weak_weights) for name in parts)
    lines = []
    for name, predictions in zip(parts, found, strict=True):
        gap, low, high = difference(truth, full.predictions, predictions, groups)
        scores = evaluate(truth, predictions, list(data.frame["entity_name"]))["all"]
        cells = [f"{scores['f1']:.3f}", f"{scores['f1_any_unit']:.3f}", f"{gap:+.3f}"]
        lines.append([name, *cells, f"{low:+.3f} to {high:+.3f}"])
    table(
        "Ablation: the ranker without each block",
        ("left out", "F1", "F1 any unit", "what it is worth", "95 % interval, by group"),
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
        print("scores below are over the rows looked at only; the others train")
    print(f"{len(frame)} rows, {frame.group_id.nunique()} groups; rows a fold: {np.bincount(fold).tolist()}")
    settings = ModelSettings()
    if options.blocks is not None:
        settings = replace(settings, blocks=tuple(options.blocks))

    results: list[tuple[Result, Data, dict[str, Any]]] = []
    details: list[tuple[Result, dict[str, Any], list[Answer], Data]] = []
    for name in options.ocr_engines:
        # the second look and the rows of others are read with the better reader only
        best = name == "rapidocr"
        asked = PRESETS[options.effort].further if options.further is None else options.further
        further = [look for look in asked if best or look != "second_pass"]
        stages = stages_of(name, options.embedding, options.resnet_weights, further, options.effort)
        data = load(frame, fold, sources, stages, best and not options.no_others, not options.no_labels)
        if data.second_photos:
            print(f"second look: {data.second_photos} photos, {data.second_seconds:.0f} s of reading")
        weak_weights: dict[int, dict[str, float]] = {}
        found, answers = ranker(data, "ranker", settings, weak_weights)
        print(f"trust in others' rows, by fold: {weak_weights}")
        candidates = [a.candidates for a in answers]
        rules = [
            Result(
                rule,
                name,
                baselines.answer(function, data.keys, list(frame.entity_name), data.ocr_results.items()),
            )
            for rule, function in baselines.RULES.items()
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
            parts = [part for part in PARTS if part in further or part not in FURTHER_STAGES]
            ablation(parts, data, settings, found, weak_weights, options.jobs)
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
