"""From described candidates to answers: scores, dimensions weighed together, probabilities, the decision."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hybridml.candidates.find import Candidate
from hybridml.candidates.table import CandidateTable, Rows
from hybridml.entities import EntitySchema
from hybridml.quantity import format_quantity

from .answer import Answer, runner_up
from .calibration import Calibrator, RankedGroup, rank_group
from .dimension_order import DimensionOrder
from .ranker import Ranker
from .sibling_rows import score_jointly

RUNNER_UPS = 4


@dataclass(frozen=True)
class ScoredRow:
    """One row's candidates as ranker and decision judged them.

    Parameters
    ----------
    row : int
        Position of the row.
    where : slice
        Its candidates in the table.
    scores, joint : array (n_candidates,)
        Their scores, and what weighing the photo's dimensions together added to the ranker's.
    order : list of (int, float)
        Position of the best candidate of each quantity, and the quantity's probability; best first.
    answered : bool
        Whether the best is said.
    """

    row: int
    where: slice
    scores: npt.NDArray[np.float64]
    joint: npt.NDArray[np.float64]
    order: list[tuple[int, float]]
    answered: bool


def score_rows(
    table: CandidateTable,
    rows: Rows,
    asked: Container[int],
    ranker: Ranker,
    calibrator: Calibrator,
    weigh_by: EntitySchema | None,
    dimension_order: DimensionOrder,
) -> Iterator[ScoredRow]:
    """Yield what is judged of each row that was asked and has candidates.

    Parameters
    ----------
    table : CandidateTable
        Candidates with all columns of the ranker.
    rows : Rows
        The table's rows, siblings included.
    asked : container of int
        Positions of the rows that are not there for their siblings' sake only.
    ranker, calibrator : Ranker, Calibrator
        Who judges.
    weigh_by : EntitySchema, optional
        Units to weigh the dimensions of a photo together by; None leaves each row for itself.
    dimension_order : DimensionOrder
        Which of two dimensions labels make the larger.
    """
    alone = ranker.score(table.X)
    scores = score_jointly(table, alone, rows, weigh_by, dimension_order) if weigh_by else alone
    groups = [(row, where) for row, where in table.groups() if row in asked]
    ranked_groups = [
        rank_group(scores[where], [(c.value, c.unit) for c in table.candidates[where]]) for _, where in groups
    ]
    right, empty = _probabilities(calibrator, ranked_groups, [rows.entities[row] for row, _ in groups])
    said = calibrator.answers(right, empty)
    for (row, where), made, p, e, say in zip(groups, ranked_groups, right, empty, said, strict=True):
        order = [(made.best, float(p)), *_shares(made, float(p), float(e))]
        final = scores[where]
        yield ScoredRow(row, where, final, final - alone[where], order, bool(say))


def _probabilities(
    calibrator: Calibrator, ranked_groups: Sequence[RankedGroup], entities: Sequence[str]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    if len(ranked_groups) != 1:
        return calibrator.probabilities(ranked_groups, entities)
    # a table of one line is multiplied otherwise, and the last digit would depend on what else is asked
    right, empty = calibrator.probabilities([*ranked_groups, *ranked_groups], [*entities, *entities])
    return right[:1], empty[:1]


def answer_of(
    entity: str, candidates: Sequence[Candidate], order: Sequence[tuple[int, float]], text: str | None
) -> Answer:
    """Return the best candidate as the answer; without the ``text`` it stands in nothing is said: it is a runner-up."""
    (first, p), *others = order
    best = candidates[first]
    runner_ups = tuple(runner_up(candidates[i], share) for i, share in others[:RUNNER_UPS])
    quantities = tuple(dict.fromkeys(format_quantity(c.value, c.unit) for c in candidates))
    if text is None:
        runner_ups = (runner_up(best, p), *runner_ups)[:RUNNER_UPS]
        return Answer(entity, runner_ups=runner_ups, candidates=quantities)
    return Answer(entity, best.value, best.unit, p, text, best.box, runner_ups, quantities)


def _shares(made: RankedGroup, best: float, empty: float) -> list[tuple[int, float]]:
    """Return the probability of each other quantity: by its share beside the best, and no more than is left in all."""
    first, *others = (float(share) for share in made.shares)
    raw = [best * share / max(first, 1e-12) for share in others]
    scale = min(1.0, max(1.0 - best - empty, 0.0) / max(sum(raw), 1e-12))
    return [(i, p * scale) for i, p in zip(made.others, raw, strict=True)]
