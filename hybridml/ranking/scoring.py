"""The scoring of rows: ranker, joint scoring of dimensions, calibrated probabilities, and the decision to answer."""

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
from .joint import score_jointly
from .ranker import Ranker

RUNNER_UPS = 4
"""Runner-ups of an answer at most."""


@dataclass(frozen=True)
class ScoredRow:
    """The scored candidates of one row.

    Parameters
    ----------
    row : int
        Position of the row.
    where : slice
        Position of its candidates in the table.
    scores, joint : array (n_candidates,)
        Their scores, and what joint scoring added to the ranker's.
    order : list of (int, float)
        Position of the best candidate of each quantity, and the quantity's probability; best first.
    answered : bool
        Whether the best quantity is given as the answer.
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
    schema: EntitySchema | None,
    dimension_order: DimensionOrder,
) -> Iterator[ScoredRow]:
    """Yield the scored candidates of each row that was asked for and has any.

    Parameters
    ----------
    table : CandidateTable
        Candidates with all columns that the ranker knows.
    rows : Rows
        The table's rows, siblings included.
    asked : container of int
        Positions of the rows that were asked for, siblings not included.
    ranker, calibrator : Ranker, Calibrator
        The fitted parts of the model.
    schema : EntitySchema, optional
        Entities and units for joint scoring; with None each row is scored alone.
    dimension_order : DimensionOrder
        Which of two dimensions labels make the larger.
    """
    alone = ranker.score(table.X)
    scores = score_jointly(table, alone, rows, schema, dimension_order) if schema else alone
    groups = [(row, where) for row, where in table.groups() if row in asked]
    ranked_groups = [
        rank_group(scores[where], [(c.value, c.unit) for c in table.candidates[where]]) for _, where in groups
    ]
    right, empty = _probabilities(calibrator, ranked_groups, [rows.entities[row] for row, _ in groups])
    answered = calibrator.answers(right, empty)
    for (row, where), ranked, p, e, answer in zip(groups, ranked_groups, right, empty, answered, strict=True):
        order = [(ranked.best, float(p)), *_other_probabilities(ranked, float(p), float(e))]
        final = scores[where]
        yield ScoredRow(row, where, final, final - alone[where], order, bool(answer))


def _probabilities(
    calibrator: Calibrator, ranked_groups: Sequence[RankedGroup], entities: Sequence[str]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    if len(ranked_groups) != 1:
        return calibrator.probabilities(ranked_groups, entities)
    # numpy multiplies a table of one line differently: the last digit would depend on what else is asked for
    right, empty = calibrator.probabilities([*ranked_groups, *ranked_groups], [*entities, *entities])
    return right[:1], empty[:1]


def answer_of(
    entity: str, candidates: Sequence[Candidate], order: Sequence[tuple[int, float]], text: str | None
) -> Answer:
    """Return the answer to a row; with ``text`` None it is blank, and the best candidate is the first runner-up.

    Parameters
    ----------
    entity : str
        The entity asked for.
    candidates : sequence of Candidate
        The row's candidates.
    order : sequence of (int, float)
        As of :class:`ScoredRow`.
    text : str or None
        The text line of the best candidate; None when it is not sure enough to be the answer.
    """
    (first, p), *others = order
    best = candidates[first]
    runner_ups = tuple(runner_up(candidates[i], share) for i, share in others[:RUNNER_UPS])
    quantities = tuple(dict.fromkeys(format_quantity(c.value, c.unit) for c in candidates))
    if text is None:
        runner_ups = (runner_up(best, p), *runner_ups)[:RUNNER_UPS]
        return Answer(entity, runner_ups=runner_ups, candidates=quantities)
    return Answer(entity, best.value, best.unit, p, text, best.box, runner_ups, quantities)


def _other_probabilities(ranked: RankedGroup, best: float, empty: float) -> list[tuple[int, float]]:
    """Return the probability of each other quantity: in proportion to its share, and at most what is left in all."""
    first, *others = (float(share) for share in ranked.shares)
    raw = [best * share / max(first, 1e-12) for share in others]
    scale = min(1.0, max(1.0 - best - empty, 0.0) / max(sum(raw), 1e-12))
    return [(i, p * scale) for i, p in zip(ranked.others, raw, strict=True)]
