"""The network over tokens as the ranker learns with it: of training rows what a network says that did not see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .entities import EntityBook
from .errors import HybridmlError
from .metrics import Truth
from .table import CandidateTable
from .tokens.score import LEAST, TokenScore
from .tokens.sheet import Sheet


@dataclass(frozen=True)
class TokensLearned:
    """What was learned of the training rows' tokens.

    Parameters
    ----------
    score : TokenScore
        The network that scores new rows; it saw all of them.
    of_rows : array (n_candidates, 1)
        The column of the training rows themselves, each part of them scored by a network that saw the other parts.
    """

    score: TokenScore
    of_rows: npt.NDArray[np.float32]


def learn_tokens(
    table: CandidateTable,
    sheets: Mapping[int, Sheet],
    truths: Sequence[Truth],
    taught: npt.NDArray[np.bool_],
    parts: npt.NDArray[np.int64],
    book: EntityBook,
    seed: int,
) -> TokensLearned:
    """Learn from the rows that leave something to choose.

    Parameters
    ----------
    table : CandidateTable
        Candidates of the training rows, siblings included.
    sheets : mapping of int to Sheet
        Of the rows that were asked.
    truths : sequence of Truth
        Their labels.
    taught : bool array
        Which rows may be learned from.
    parts : int array
        The part of each row; no two share a group or a photo.
    book : EntityBook
        Entities and units.
    seed : int
        Of everything random.

    Raises
    ------
    HybridmlError
        When they are too few.
    MissingExtraError
        When torch is not installed.
    """
    right = {row: sheet.right(truths[row].quantity, book) for row, sheet in sheets.items()}
    teaching = [row for row in sheets if taught[row] and right[row].any()]
    few = [len(teaching), *(sum(parts[row] != part for row in teaching) for part in np.unique(parts))]
    if len(few) < 3 or min(few) < LEAST:
        raise HybridmlError(
            f"a network over tokens can learn from {len(teaching)} rows, those of no dimension whose photo shows "
            f"several quantities, the label's number among them; without the groups that it is tried on these are "
            f"{min(few)}, and it takes {LEAST}: give more rows, of more groups, or leave it out (--tokens, tokens=True)"
        )

    def learned(rows: Sequence[int]) -> TokenScore:
        return TokenScore.fit([sheets[i] for i in rows], [right[i] for i in rows], book, seed)

    column = np.full((len(table), 1), np.nan, np.float32)
    for part in np.unique(parts):
        held = {row: sheet for row, sheet in sheets.items() if parts[row] == part}
        score = learned([row for row in teaching if parts[row] != part])
        at = np.isin(table.row, list(held))
        own = [table.candidates[i] for i in np.flatnonzero(at).tolist()]
        column[at] = score.column(own, table.row[at], held, book)
    return TokensLearned(learned(teaching), column)
