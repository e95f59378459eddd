"""What the network over tokens makes of a row's candidates: a column of the ranker's table.

The network reads the photo's words in order and says which quantity they speak of; the ranker has geometry, counts of
labels and what the regions look like. It is asked only where there is something to choose, between quantities of
entities without an axis: which way a dimension runs is not in the words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..candidates import Candidate
from ..entities import Entity, EntityBook
from ..errors import HybridmlError
from ..extras import require
from .inference import BLANK, scores
from .page import Bools, Page
from .sheet import Sheet, sheet_of

COLUMN = "tokens.behind"
"""How far a candidate's quantity is behind the row's likeliest, in log odds; NaN where the network is not asked."""

LEAST = 200
"""Rows with something to choose below which nothing is learned."""

MOST = 4_000
"""Rows that a network learns from at most, drawn where there are more: half an hour on one core."""

PARTS = 4
"""Parts of the training rows, each scored by a network that saw the others: neither its groups nor its photos."""

FARTHEST = -12.0
"""Log odds behind which none is farther."""

EPOCHS, BATCH = 20, 32
"""Rounds through the rows, and rows in a step."""


def choice(
    page: Callable[[], Page], own: Sequence[Candidate], entity: Entity, book: EntityBook
) -> Sheet | None:
    """Return the sheet of a row that leaves something to choose, None where it does not.

    Parameters
    ----------
    page : callable
        Returns the tokens of the photo.
    own : sequence of Candidate
        Those of its candidates that could answer the entity.
    entity : Entity
        What is asked.
    book : EntityBook
        Units.
    """
    if entity.axis or len({(c.value, c.unit) for c in own}) < 2:
        return None
    sheet = sheet_of(page(), entity, book)
    # small print may be cut off the page
    return sheet if sheet is not None and len(_places(sheet, book)) > 1 else None


def _places(sheet: Sheet, book: EntityBook) -> dict[tuple[float, str], list[tuple[int, int]]]:
    """Return each quantity of a sheet with the options and units that it stands in."""
    units = list(book.units)
    found: dict[tuple[float, str], list[tuple[int, int]]] = {}
    for option, unit in zip(*np.nonzero(sheet.read), strict=True):
        found.setdefault((float(sheet.values[option]), units[unit]), []).append((int(option), int(unit)))
    return found


@dataclass(frozen=True)
class TokenScore:
    """A network over tokens, as plain arrays.

    Parameters
    ----------
    weights : mapping of str to array
        Its state.
    rows : int
        From how many it was learned.
    """

    weights: Mapping[str, npt.NDArray[Any]]
    rows: int

    @classmethod
    def fit(cls, sheets: Sequence[Sheet], right: Sequence[Bools], book: EntityBook, seed: int) -> TokenScore:
        """Learn from rows, in torch; ``right`` says which options, in which units, are each row's answer.

        Raises
        ------
        HybridmlError
            When what is learned are no numbers.
        MissingExtraError
            When torch is not installed.
        """
        require("the network over tokens", ["torch"])
        from .batch import Example
        from .learning import Course, Hyper, builder, threads

        examples = [Example(sheet, None, which) for sheet, which in zip(sheets, right, strict=True)]
        if len(examples) > MOST:
            drawn = np.random.default_rng(seed).choice(len(examples), MOST, replace=False)
            examples = [examples[i] for i in np.sort(drawn).tolist()]
        # no photo has features: one number stands for them, which nothing is made of
        build = builder(book, np.zeros(1, np.float32), np.eye(1, dtype=np.float32))
        course = Course(build, numbers=1, patience=EPOCHS, batch_size=BATCH, device="cpu", seed=seed)
        with threads(1):
            network = course.learn(examples, Hyper(), EPOCHS).network
        state = {name: tensor.numpy() for name, tensor in network.state_dict().items() if name not in BLANK}
        if not all(np.isfinite(array).all() for array in state.values()):
            raise HybridmlError(
                "what the network over tokens learned are no numbers: check that the reader's confidences and polygons "
                "are numbers, or train without it (--tokens, tokens=True)"
            )
        return cls(state, len(examples))

    def fits(self, book: EntityBook) -> bool:
        """Return whether it was learned of as many entities and units as ``book`` has."""
        shape: tuple[int, ...] = np.asarray(self.weights["allowed"]).shape
        return shape == (len(book.entities), len(book.units))

    def column(
        self,
        candidates: Sequence[Candidate],
        row: npt.NDArray[np.int64],
        sheets: Mapping[int, Sheet],
        book: EntityBook,
    ) -> npt.NDArray[np.float32]:
        """Return the column :data:`COLUMN`, (n_candidates, 1).

        Parameters
        ----------
        candidates : sequence of Candidate
            Of all rows.
        row : int array (n_candidates,)
            Position of each candidate's row, ascending.
        sheets : mapping of int to Sheet
            Of the rows that leave something to choose.
        book : EntityBook
            Units.
        """
        found = np.full((len(candidates), 1), np.nan, np.float32)
        for i, scored in zip(sheets, scores(self.weights, list(sheets.values())), strict=True):
            odds = {
                quantity: float(np.logaddexp.reduce([scored[place] for place in places]))
                for quantity, places in _places(sheets[i], book).items()
            }
            best = max(odds.values())
            begin, end = np.searchsorted(row, [i, i + 1]).tolist()
            for j in range(begin, end):
                own = odds.get((candidates[j].value, candidates[j].unit))
                if own is not None:
                    found[j, 0] = max(own - best, FARTHEST)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return plain data from which :meth:`from_dict` makes the same network."""
        return {"weights": dict(self.weights), "rows": self.rows}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TokenScore:
        """Return the network that :meth:`to_dict` described."""
        return cls(dict(data["weights"]), data["rows"])
