"""The fitted model: from what was read and seen to answers. No photo is opened and no engine needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .answer import Answer, runner_up
from .columns import LearnedColumns
from .decision import Contest, Decision, contest
from .entities import EntityBook, default_entities
from .features import DEFAULT_BLOCKS
from .image_block import ImageBlock
from .ocr.textline import Reading
from .parts import group_names, photo_names
from .quantity import format_quantity
from .ranker import Ranker, RankerSettings
from .seen import Seen, as_seen
from .siblings import Rows, settled, with_siblings
from .table import build_table

Vectors = Mapping[str, npt.NDArray[np.float32]]
Projection = Callable[[Sequence[str]], Vectors]

PHOTOS_AT_ONCE = 512
"""Photos whose candidates are in memory together when answering."""

RUNNER_UPS = 4


@dataclass(frozen=True)
class ModelSettings:
    """How to train.

    Parameters
    ----------
    blocks : tuple of str
        Feature blocks of a candidate.
    components : int
        Principal components of the embedding that the ranker sees; 0 leaves images out.
    priors : bool
        Whether the ranker sees how usual a candidate's unit, size and value are among labels.
    joint : bool
        Whether width, height and depth of a photo are weighed together.
    trust : mapping of entity to float, optional
        How much a row labelled by others counts, by entity; by default found out, see
        :func:`hybridml.training.choose_trust`.
    folds : int
        Folds whose out-of-fold scores the confidence is calibrated on.
    ranker : RankerSettings
        Of the boosters.
    random_state : int
        Seed of folds and PCA.
    """

    blocks: tuple[str, ...] = DEFAULT_BLOCKS
    components: int = 16
    folds: int = 5
    ranker: RankerSettings = field(default_factory=RankerSettings)
    random_state: int = 0
    priors: bool = True
    joint: bool = True
    trust: Mapping[str, float] | None = None


class Model:
    """Ranker, decision and what they need to describe a candidate.

    Parameters
    ----------
    settings : ModelSettings, optional
        How to train.
    book : EntityBook, optional
        Entities and units; the packaged ones by default.

    Attributes
    ----------
    ranker, decision, columns
        What was learned; ``columns`` is what candidates are described with beside the feature blocks.
    trust : dict of str to float
        How much rows labelled by others counted, by entity.
    training, versions : dict
        Facts of the training, and the versions of what it used.
    out_of_fold : data frame
        Of the training rows: ``index, entity_name, prediction, confidence, outcome``, each predicted by a
        ranker that saw neither its group nor its photo. Not part of the artifact.
    """

    def __init__(self, settings: ModelSettings | None = None, book: EntityBook | None = None) -> None:
        self.settings = settings or ModelSettings()
        self.book = book or default_entities()
        self.ranker = Ranker(self.settings.ranker)
        self.decision = Decision()
        self.columns = LearnedColumns()
        self.trust: dict[str, float] = {}
        self.training: dict[str, Any] = {}
        self.versions: dict[str, str] = {}
        self.out_of_fold = pd.DataFrame()

    def fit(
        self,
        frame: pd.DataFrame,
        keys: Sequence[str | None],
        readings: Iterable[tuple[str, Seen | Reading]],
        vectors: Vectors | None = None,
        labels: pd.DataFrame | None = None,
    ) -> Model:
        """Learn from rows whose photos were read.

        Parameters
        ----------
        frame : data frame
            Rows with ``entity_name, entity_value, group_id, image_link``. Rows whose optional column
            ``source`` is not blank were labelled by others: they are learned from, as far as they prove
            useful, and never measured by.
        keys : sequence of str or None, one per row
            Key of the row's photo in ``readings`` and ``vectors``.
        readings : iterable of (key, Seen or Reading)
            Each photo once, in any order.
        vectors : mapping of key to array (n_features,), optional
            Embeddings; without any the model sees no image features.
        labels : data frame, optional
            Labels to count priors from, with or without photos, the rows' own included; by default the
            rows' own.

        Raises
        ------
        HybridmlError
            When there is nothing to learn from; the message says what to check.
        """
        from .training import train

        return train(self, frame, keys, readings, vectors or {}, labels)

    def seen(self, frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Return which rows share a group or a photo with what the model was trained on."""
        seen = self.training.get("seen", np.zeros(0, np.uint64))
        found = np.zeros(len(frame), dtype=bool)
        for kind, names in (("group", group_names(frame)), ("photo", photo_names(frame))):
            named = np.array([bool(name) for name in names], dtype=bool)
            found |= named & np.isin(name_hashes(kind, names), seen)
        return found

    @property
    def image_block(self) -> ImageBlock | None:
        """The fitted reduction of embeddings; None without image features."""
        return self.columns.image_block

    # ---------------------------------------------------------------- answering

    def answer(
        self,
        keys: Sequence[str | None],
        entities: Sequence[str],
        readings: Iterable[tuple[str, Seen | Reading]],
        vectors: Iterable[tuple[str, npt.NDArray[np.float32]]] = (),
    ) -> list[Answer]:
        """Answer rows whose photos were read.

        Parameters
        ----------
        keys, entities : sequences, one per row
            The row's photo, None when there is none, and what it asks.
        readings : iterable of (key, Seen or Reading)
            Each photo once, in any order.
        vectors : iterable of (key, array of (n_features,)), optional
            The photos' embeddings, in any order.

        Returns
        -------
        list of Answer, one per row
            An answer without value where nothing is to be said.
        """
        block = self.columns.image_block
        projected = block.project(vectors) if block else {}
        answers = [Answer(entity) for entity in entities]
        for row, answer in self.answers(keys, entities, readings, lambda _: projected):
            answers[row] = answer
        return answers

    def answers(
        self,
        keys: Sequence[str | None],
        entities: Sequence[str],
        readings: Iterable[tuple[str, Seen | Reading]],
        project: Projection | None = None,
    ) -> Iterator[tuple[int, Answer]]:
        """Answer rows as their photos come, holding a batch of photos and no answer.

        Parameters
        ----------
        keys, entities, readings
            As for :meth:`answer`.
        project : callable, optional
            Returns the reduced embeddings (:meth:`ImageBlock.project`) of the photos it is given the keys of.

        Yields
        ------
        (int, Answer)
            Position and answer of each row whose photo comes.
        """
        rows_of = _RowsOf(keys)
        for batch in _batches(readings, PHOTOS_AT_ONCE):
            found = dict(batch)
            asked = rows_of(list(found))
            made = dict(
                self._answer_batch(
                    [keys[i] for i in asked],
                    [entities[i] for i in asked],
                    found,
                    project(list(found)) if project else {},
                )
            )
            for position, row in enumerate(asked):
                yield row, made.get(position) or Answer(entities[row])

    def _answer_batch(
        self,
        keys: Sequence[str | None],
        entities: Sequence[str],
        found: Mapping[str, Seen | Reading],
        projected: Vectors,
    ) -> Iterator[tuple[int, Answer]]:
        rows = with_siblings(keys, entities, self.book) if self.settings.joint else Rows(keys, entities)
        table = build_table(rows.keys, rows.entities, found.items(), self.book, self.settings.blocks)
        if not len(table):
            return
        table = self.columns.add(table, rows.keys, rows.entities, projected, self.book)
        scores = self.ranker.score(table.X)
        if self.settings.joint:
            scores = settled(table, scores, rows, self.book)
        groups = [(row, where) for row, where in table.groups() if row < len(keys)]
        contests = [
            contest(scores[where], [(c.value, c.unit) for c in table.candidates[where]])
            for _, where in groups
        ]
        right, empty = self.decision.probabilities(contests, [entities[row] for row, _ in groups])
        answered = self.decision.answers(right, empty)
        for (row, where), made, p, e, say in zip(groups, contests, right, empty, answered, strict=True):
            candidates = table.candidates[where]
            others = _shares(made, float(p), float(e))
            answer = Answer(
                entities[row],
                confidence=float(p),
                runner_ups=tuple(runner_up(candidates[i], s) for i, s in others[:RUNNER_UPS]),
                candidates=tuple(dict.fromkeys(format_quantity(c.value, c.unit) for c in candidates)),
            )
            best = candidates[made.best]
            if say:
                seen = as_seen(found[keys[row] or ""])
                reading = seen.second if row in table.second and seen.second else seen.reading
                answer = replace(
                    answer,
                    value=best.value,
                    unit=best.unit,
                    box=best.box,
                    text=reading.lines[best.line].text,
                )
            else:
                answer = replace(
                    answer,
                    confidence=0.0,
                    runner_ups=(runner_up(best, float(p)), *answer.runner_ups)[:RUNNER_UPS],
                )
            yield row, answer


class _RowsOf:
    """The rows of given photos, of a million rows at once: three numbers a row."""

    def __init__(self, keys: Sequence[str | None]) -> None:
        codes, names = pd.factorize(np.array(keys, dtype=object))
        self._names = pd.Index(names, dtype=object)
        self._order = np.argsort(codes, kind="stable")
        self._starts = np.searchsorted(codes[self._order], np.arange(len(names) + 1))

    def __call__(self, keys: Sequence[str]) -> list[int]:
        """Return the positions of the rows of ``keys``, photo by photo."""
        codes = self._names.get_indexer(np.asarray(keys, dtype=object))
        spans = (self._order[self._starts[code] : self._starts[code + 1]] for code in codes if code >= 0)
        return [row for span in spans for row in span.tolist()]


def _shares(made: Contest, best: float, empty: float) -> list[tuple[int, float]]:
    """Return the probability of each other quantity: by its share beside the best, and no more than is left in all."""
    first, *others = (float(share) for share in made.shares)
    raw = [best * share / max(first, 1e-12) for share in others]
    scale = min(1.0, max(1.0 - best - empty, 0.0) / max(sum(raw), 1e-12))
    return [(i, p * scale) for i, p in zip(made.others, raw, strict=True)]


def _batches(
    items: Iterable[tuple[str, Seen | Reading]], size: int
) -> Iterator[list[tuple[str, Seen | Reading]]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def name_hashes(kind: str, names: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Return a 64-bit hash of each name, the same on every machine."""
    named = np.asarray([f"{kind} {name}" for name in names], dtype=object)
    return np.asarray(pd.util.hash_array(named, categorize=True), dtype=np.uint64)
