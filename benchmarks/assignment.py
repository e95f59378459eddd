"""Does weighing width, height and depth of a photo together help where several of them are asked?

    python -m benchmarks.assignment --shared ../shared

Few official photos ask for two dimensions. So the ranker learns from the official rows alone, with the joint assignment
and without, and answers photos of agreed/ that share no group and no photo with them and ask for at least two
dimensions; labels without photos are counted without the groups of either. What several systems agree on is no
official label, and these are the easy photos: the two columns may be compared with each other, and with nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks import command
from benchmarks.labelled import Data, Sources, answers_of, fit, kept, load, only, stages_of
from benchmarks.tables import table
from hybridml.datasets import folds
from hybridml.datasets.groups import photo_names
from hybridml.entities import EntitySchema, default_entities
from hybridml.evaluation import metrics
from hybridml.evaluation.bootstrap import draw_sums, interval
from hybridml.ranking.joint import same_numbers
from hybridml.ranking.model import ModelSettings
from hybridml.vision.presets import PRESETS

DIMENSIONS = ("width", "height", "depth")

Bools = npt.NDArray[np.bool_]


def with_several(data: Data) -> Data:
    """Return the official rows in fold 0 and, in fold 1, the rows of others that ask for a photo's second dimension."""
    assert data.weak_labels is not None
    weak_labels = data.weak_labels
    free = (
        ~folds.rows_sharing(weak_labels, data.frame) & weak_labels["entity_name"].isin(DIMENSIONS).to_numpy()
    )
    asked = (
        pd.Series(weak_labels["entity_name"].where(free))
        .groupby(photo_names(weak_labels))
        .transform("nunique")
    )
    chosen = free & (asked > 1).to_numpy()
    frame = pd.concat([data.frame, weak_labels[chosen]], ignore_index=True)
    fold = np.repeat([0, 1], [len(data.frame), int(chosen.sum())])
    keys = [*data.keys, *kept(data.other_keys, chosen)]
    return replace(data, frame=frame, fold=fold, keys=keys, weak_labels=None, other_keys=[])


def answers(data: Data, settings: ModelSettings) -> list[str]:
    """Return what a ranker that learned from fold 0 says of the rows of fold 1."""
    model = fit(data, data.fold == 0, settings)
    return [answer.prediction for answer in answers_of(model, data, data.fold == 1)]


def alike(photos: Sequence[str], predictions: Sequence[str], schema: EntitySchema) -> set[str]:
    """Return the photos of which two rows are answered with the same number, in whatever unit."""
    of: dict[str, list[float]] = {}
    for photo, quantity in zip(photos, metrics.parse_predictions(predictions, schema), strict=True):
        if quantity is not None:
            of.setdefault(photo, []).append(schema.to_base(*quantity))
    return {photo for photo, sizes in of.items() if len(set(same_numbers(sizes).tolist())) < len(sizes)}


def report(part: Data, found: dict[str, list[str]]) -> None:
    """Print how many rows and photos each way answers right."""
    schema = default_entities()
    frame, photos = part.frame, photo_names(part.frame)
    truth, asked = list(frame["entity_value"]), list(frame["entity_name"])
    right = {name: metrics.outcomes(truth, said) == "tp" for name, said in found.items()}
    true = alike(photos, truth, schema)
    differ = np.array([photo not in true for photo in photos])
    groups = {entity: np.array([name == entity for name in asked]) for entity in DIMENSIONS}
    groups |= {"all": np.ones(len(asked), dtype=bool), "all, of photos whose numbers differ": differ}
    lines = [
        [what, str(int(of.sum())), *(f"{right[name][of].mean():.3f}" for name in found)]
        for what, of in groups.items()
    ]
    for what, of in (("photos, all right", groups["all"]), ("those whose numbers differ, all right", differ)):
        whole = {n: pd.Series(r[of]).groupby(np.array(photos)[of]).all() for n, r in right.items()}
        lines.append(
            [what, str(len(set(np.array(photos)[of]))), *(f"{w.mean():.3f}" for w in whole.values())]
        )
    same = {name: alike(photos, said, schema) for name, said in found.items()}
    lines.append(["photos with one number twice", str(len(true)), *(str(len(s)) for s in same.values())])
    table("Rows right, by how dimensions are weighed", ("", "rows", *found), lines)
    together, alone = right.values()
    gain = together.astype(float) - alone
    drawn = draw_sums(np.stack([gain, np.ones(len(gain))], axis=1), list(frame["group_id"]), 2000)
    low, high = interval(drawn[:, 0] / drawn[:, 1])
    print(f"together less alone: {gain.mean():+.3f}, 95 % interval by group {low:+.3f} to {high:+.3f}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = command.parser(__doc__)
    command.add_sources(parser)
    command.add_effort(parser)
    options = parser.parse_args(argv)
    sources = Sources(options.shared, options.store)
    frame = sources.rows("labelled")
    stages = stages_of("rapidocr", further=PRESETS[options.effort].further, effort=options.effort)
    data = with_several(
        load(frame, np.zeros(len(frame), dtype=int), sources, stages, weak_labels=True, labels=True)
    )
    found = {
        name: answers(data, replace(ModelSettings(), joint=joint))
        for name, joint in (("together", True), ("alone", False))
    }
    report(only(data, data.fold == 1), found)
    return 0


if __name__ == "__main__":
    command.run(main)
