"""What ``predict --precision`` and ``--min-confidence`` promise, and what held on rows that no threshold saw.

    python -m benchmarks.promise --shared ../shared

Cross-validates on the folds of benchmarks.crossval, learning from the same tables. The thresholds of a fold are those
of its model, found out of fold inside the training part; they are then put to the validation rows. ``--agreed`` does
the same on rows labelled by others, those that share no group and no photo with the real ones: the place to try another
rule for thresholds without having seen the rows it is reported on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from tqdm import tqdm

from benchmarks import command
from benchmarks.labelled import FOLDS, Data, Sources, answers_of, fit, kept, load, only, stages_of
from benchmarks.tables import table
from hybridml.datasets import folds
from hybridml.errors import HybridmlError
from hybridml.evaluation import metrics
from hybridml.ranking.calibration import Calibrator
from hybridml.ranking.model import ModelSettings
from hybridml.vision.presets import PRESETS

PRECISIONS = (0.80, 0.90, 0.95)
CONFIDENCES = (0.5, 0.7, 0.9)

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Held:
    """What became of the answers that were published.

    Parameters
    ----------
    rows, answered : int
        All rows, and those whose answer was published.
    precision : float
        Share of the published that is right; NaN without any.
    low, high : float
        95 % interval of it, from drawing whole groups.
    """

    rows: int
    answered: int
    precision: float = np.nan
    low: float = np.nan
    high: float = np.nan

    def cells(self) -> list[str]:
        """Return what held, its interval and the share of rows answered, as a table shows them."""
        share = f"{self.answered / max(self.rows, 1):.1%}"
        if not self.answered:
            return ["-", "-", share]
        return [f"{self.precision:.3f}", f"{self.low:.3f} to {self.high:.3f}", share]


def held(rows: pd.DataFrame, published: Bools, draws: int = 2000) -> Held:
    """Return what became of the published ones among ``rows``, a data frame of ``group_id, right``."""
    n = int(published.sum())
    if not n:
        return Held(len(rows), 0)
    right = rows["right"].to_numpy(dtype=bool) & published
    group, names = pd.factorize(rows["group_id"])
    counts = np.stack(
        [np.bincount(group[which], minlength=len(names)) for which in (right, published)], axis=1
    )
    equal = np.full(len(names), 1 / len(names))
    correct, answered = (np.random.default_rng(0).multinomial(len(names), equal, size=draws) @ counts).T
    some = answered > 0
    low, high = np.quantile(correct[some] / answered[some], [0.025, 0.975])
    return Held(len(rows), n, float(right.sum() / n), float(low), float(high))


def sure_of(rows: pd.DataFrame, decisions: Mapping[int, Calibrator], precision: float) -> Bools:
    """Return which rows ``predict --precision`` publishes.

    Parameters
    ----------
    rows : data frame
        ``fold, entity_name, answered, confidence``.
    decisions : mapping of int to Calibrator
        By fold; each gives the thresholds of the rows that it did not see.
    precision : float
        What is promised.
    """
    least = [
        decisions[fold].threshold(precision, entity)
        for fold, entity in zip(rows["fold"], rows["entity_name"], strict=True)
    ]
    return np.asarray(rows["answered"] & (rows["confidence"] >= least), dtype=bool)


def at_least(rows: pd.DataFrame, confidence: float) -> Bools:
    """Return which rows ``predict --min-confidence`` publishes."""
    return np.asarray(rows["answered"] & (rows["confidence"] >= confidence), dtype=bool)


def out_of_fold(data: Data, settings: ModelSettings) -> tuple[pd.DataFrame, dict[int, Calibrator]]:
    """Answer each row by a model that saw neither its group nor its photo.

    Returns
    -------
    rows : data frame
        ``fold, entity_name, group_id, confidence, answered, right``.
    decisions : dict of int to Calibrator
        Those of the models, by fold.
    """
    parts, decisions = [], {}
    for k in tqdm(np.unique(data.fold).tolist(), "folds", unit="fold"):
        model = fit(data, data.fold != k, settings)
        part = only(data, data.fold == k)
        answers = answers_of(model, data, data.fold == k)
        predictions = [a.prediction for a in answers]
        found = part.frame[["entity_name", "group_id"]].assign(
            fold=k,
            confidence=[a.confidence for a in answers],
            answered=[bool(p) for p in predictions],
            right=metrics.outcomes(list(part.frame["entity_value"]), predictions) == "tp",
        )
        parts.append(found)
        decisions[k] = model.calibrator
    return pd.concat(parts, ignore_index=True), decisions


def unshared(data: Data) -> Data:
    """Return the rows labelled by others that share nothing with the data's own, dealt out to folds, in their place."""
    if data.weak_labels is None:
        raise HybridmlError("there are no rows labelled by others: load them with the data")
    mine = ~folds.rows_sharing(data.weak_labels, data.frame)
    frame = data.weak_labels[mine].reset_index(drop=True)
    fold = np.asarray(folds.assign_folds(frame, 5, 0))
    return replace(
        data, frame=frame, fold=fold, keys=kept(data.other_keys, mine), weak_labels=None, other_keys=[]
    )


def by_precision(
    rows: pd.DataFrame, decisions: Mapping[int, Calibrator], precisions: Sequence[float]
) -> list[list[str]]:
    """Return the table's lines: promised, held, interval, rows answered, folds that held of those that answered."""
    lines = []
    for promised in precisions:
        published = sure_of(rows, decisions, promised)
        folds_held = rows["right"][published].groupby(rows["fold"][published]).mean() >= promised
        found = held(rows, published)
        lines.append([f"{promised:.2f}", *found.cells(), f"{folds_held.sum()} of {len(folds_held)}"])
    return lines


def by_entity(
    rows: pd.DataFrame, decisions: Mapping[int, Calibrator], precisions: Sequence[float]
) -> list[list[str]]:
    """Return the table's lines: entity, rows, and for each precision what was answered and held."""
    published = [sure_of(rows, decisions, promised) for promised in precisions]
    lines = []
    for entity, part in rows.groupby("entity_name"):
        of = (rows["entity_name"] == entity).to_numpy()
        line = [str(entity), str(len(part))]
        for which in published:
            found = held(part, which[of])
            line += [str(found.answered), found.cells()[0]]
        lines.append(line)
    return lines


def by_confidence(rows: pd.DataFrame, confidences: Sequence[float]) -> list[list[str]]:
    """Return the table's lines: least confidence, confidence on average, held, interval, rows answered."""
    lines = []
    for least in confidences:
        published = at_least(rows, least)
        mean = rows["confidence"][published].mean() if published.any() else np.nan
        lines.append([f"{least:.2f}", f"{mean:.3f}", *held(rows, published).cells()])
    return lines


def report(
    rows: pd.DataFrame, decisions: Mapping[int, Calibrator], precisions: Sequence[float] = PRECISIONS
) -> None:
    """Print what was promised and what held."""
    interval = "95 % interval, by group"
    table(
        "predict --precision",
        ("promised", "held", interval, "rows answered", "folds that held"),
        by_precision(rows, decisions, precisions),
    )
    head = ["entity", "rows"]
    for promised in precisions:
        head += [f"answered at {promised:.2f}", "held"]
    table("predict --precision, per entity", head, by_entity(rows, decisions, precisions))
    table(
        "predict --min-confidence",
        ("at least", "promised on average", "held", interval, "rows answered"),
        by_confidence(rows, CONFIDENCES),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = command.parser(__doc__)
    command.add_sources(parser)
    command.add_effort(parser)
    parser.add_argument(
        "--agreed",
        action="store_true",
        help="measure on rows of others that share nothing with the real ones",
    )
    parser.add_argument(
        "--precisions", nargs="+", type=float, default=PRECISIONS, metavar="P", help="(default: %(default)s)"
    )
    options = parser.parse_args(argv)
    sources = Sources(options.shared, options.store)
    frame = sources.rows("labelled")
    fold = np.asarray(folds.load_folds(FOLDS, frame))
    stages = stages_of("rapidocr", further=PRESETS[options.effort].further, effort=options.effort)
    data = load(frame, fold, sources, stages, weak_labels=True, labels=True)
    if options.agreed:
        data = unshared(data)
    rows, decisions = out_of_fold(data, ModelSettings())
    print(
        f"{len(rows)} rows, {rows['group_id'].nunique()} groups, {rows['answered'].mean():.1%} answered in all"
    )
    report(rows, decisions, options.precisions)
    return 0


if __name__ == "__main__":
    command.run(main)
