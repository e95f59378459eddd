"""What the network over tokens makes of a row's candidates: a column of the ranker's table.

The network reads the photo's words in order and says which quantity they speak of; the ranker has geometry, counts of
labels and what the regions look like. It is asked only where there is something to choose, between quantities of
entities without an axis: which way a dimension runs is not in the words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..candidates import Candidate
from ..entities import Entity, EntityBook
from ..extras import require
from ..ocr.textline import Reading
from .inference import BLANK, scores
from .page import Bools, Page
from .sheet import Sheet, sheet_of

COLUMN = "tokens.behind"
"""How far a candidate's quantity is behind the photo's likeliest, in log odds; NaN where the network is not asked."""

LEAST = 200
"""Rows with something to choose below which nothing is learned."""

PARTS = 4
"""Parts of the training rows, each scored by a network that saw the others: neither its groups nor its photos."""

FARTHEST = -12.0
"""Log odds behind which none is farther."""

EPOCHS, BATCH = 20, 32


def choice(
    reading: Reading, found: Sequence[Candidate], own: Sequence[Candidate], entity: Entity, book: EntityBook
) -> Sheet | None:
    """Return the sheet of a row that leaves something to choose, None where it does not.

    Parameters
    ----------
    reading : Reading
        The photo's text lines.
    found : sequence of Candidate
        All of them.
    own : sequence of Candidate
        Those that could answer the entity.
    entity : Entity
        What is asked.
    book : EntityBook
        Units.
    """
    if entity.axis or len({(c.value, c.unit) for c in own}) < 2:
        return None
    return sheet_of(Page.of(reading, book, found, bare=False), entity, book)


@dataclass(frozen=True)
class TokenScore:
    """A network over tokens, as plain arrays.

    Parameters
    ----------
    weights : mapping of str to array
        Its state.
    entities, units : tuple of str
        In the order in which it numbers them.
    rows : int
        From how many it was learned.
    """

    weights: Mapping[str, npt.NDArray[Any]]
    entities: tuple[str, ...]
    units: tuple[str, ...]
    rows: int

    @classmethod
    def fit(cls, sheets: Sequence[Sheet], right: Sequence[Bools], book: EntityBook, seed: int) -> TokenScore:
        """Learn from rows, in torch; ``right`` says which options, in which units, are each row's answer.

        Raises
        ------
        MissingExtraError
            When torch is not installed.
        """
        require("the network over tokens", ["torch"])
        import torch

        from .batch import Example
        from .learning import Course, Hyper
        from .network import TokenNetwork

        allowed = torch.tensor(
            [[unit in entity.units for unit in book.units] for entity in book.entities.values()]
        )

        def build(hyper: Hyper) -> Any:
            return TokenNetwork(torch.zeros(1), torch.eye(1), allowed, hyper.hidden, hyper.dropout)

        examples = [Example(sheet, None, which) for sheet, which in zip(sheets, right, strict=True)]
        course = Course(build, numbers=1, patience=EPOCHS, batch_size=BATCH, device="cpu", seed=seed)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            network = course.learn(examples, Hyper(), EPOCHS).network
        finally:
            torch.set_num_threads(threads)
        state = {name: tensor.numpy() for name, tensor in network.state_dict().items() if name not in BLANK}
        return cls(state, tuple(book.entities), tuple(book.units), len(examples))

    def column(
        self,
        candidates: Sequence[Candidate],
        row: npt.NDArray[np.int64],
        sheets: Mapping[int, Sheet],
    ) -> npt.NDArray[np.float32]:
        """Return the column :data:`COLUMN`, (n_candidates, 1).

        Parameters
        ----------
        candidates : sequence of Candidate
            Of all rows.
        row : int array (n_candidates,)
            Position of each candidate's row.
        sheets : mapping of int to Sheet
            Of the rows that leave something to choose.
        """
        found = np.full((len(candidates), 1), np.nan, np.float32)
        rows = [i for i in sheets if len(sheets[i].token)]
        for i, scored in zip(rows, scores(self.weights, [sheets[i] for i in rows]), strict=True):
            at = np.flatnonzero(row == i).tolist()
            told = self._quantities(sheets[i], scored)
            odds = np.array(
                [max(told.get((candidates[j].value, candidates[j].unit), FARTHEST), FARTHEST) for j in at]
            )
            found[at, 0] = odds - odds.max(initial=FARTHEST)
        return found

    def _quantities(self, sheet: Sheet, scored: npt.NDArray[np.float64]) -> dict[tuple[float, str], float]:
        """Return the log probability of each quantity: of all places where it stands together."""
        told: dict[tuple[float, str], float] = {}
        for option, unit in zip(*np.nonzero(sheet.read), strict=True):
            quantity = (float(sheet.values[option]), self.units[unit])
            told[quantity] = float(np.logaddexp(told.get(quantity, -np.inf), scored[option, unit]))
        return told

    def to_dict(self) -> dict[str, Any]:
        """Return plain data from which :meth:`from_dict` makes the same network."""
        return {
            "weights": dict(self.weights),
            "entities": list(self.entities),
            "units": list(self.units),
            "rows": self.rows,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TokenScore:
        """Return the network that :meth:`to_dict` described."""
        return cls(dict(data["weights"]), tuple(data["entities"]), tuple(data["units"]), data["rows"])
