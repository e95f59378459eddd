"""CNN, OCR and LSTM: ResNet-50 features and the tokens read from a photo, to the number asked for and its unit."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Self

from hybridml.datasets.groups import held_out_rows
from hybridml.datasets.labels import parse_truth
from hybridml.errors import HybridmlError, NotFittedError
from hybridml.evaluation.baselines.system import LABEL, OCR, PHOTOS, VECTORS, Given, System
from hybridml.quantity import format_quantity
from hybridml.utils.files import atomic
from hybridml.utils.optional import require
from hybridml.utils.registry import SettingsError, in_range, one_of
from hybridml.vision.stages import DEFAULT_WEIGHTS

from . import photo
from .batch import AT_ONCE, Example, batches, tensors
from .copies import with_copies
from .script import loaded, scripted
from .sheets import sheets
from .tokens import Floats
from .training import Course, Hyper, builder, threads

COMPONENTS = 32
"""Numbers that an embedding is reduced to."""

Names = tuple[tuple[str, ...], tuple[str, ...]]

_WHOLE = (
    ("augment", 0, 100),
    ("hidden", 1, 4096),
    ("n_trials", 0, 10_000),
    ("epochs", 1, 100_000),
    ("patience", 1, 100_000),
    ("batch_size", 1, 100_000),
    ("threads", 1, 1024),
)
_RANGES = (
    ("dropout", 0.0, 0.95),
    ("learning_rate", 1e-6, 1.0),
    ("weight_decay", 0.0, 1.0),
    ("held_out", 0.05, 0.5),
)


class LstmSystem(System):
    """Scores every number that was read, in every unit that the entity allows, by a bidirectional LSTM over all tokens.

    Tokens are words, numbers and signs in reading order: their letters, place, size, value and the unit read with them,
    beside the entity and ResNet-50 features of the photo. It learns to give those with the right number and unit all
    the probability. A part of the training rows, by whole groups and photos, is held out to say when to stop; then it
    learns from all of them for as many epochs. A row whose answer was not read, or is empty, teaches nothing.

    Parameters
    ----------
    photo : {"number_classifier", "vectors", "none"}
        ResNet-50 features: what the shipped region network says of the photo's numbers, pooled, which needs no weights
        of others; the photo's global embedding, as published; or none.
    augment : int
        Copies of each photo, turned, brightened or darkened and blurred, whose embeddings are learned from, too; with
        ``photo="vectors"`` only. They are embedded once and kept in ``store``. 0 by default: every copy costs as much
        as embedding all photos anew. Tokens are turned, shifted, dropped and misread in every epoch in any case.
    embedding, resnet_weights, store
        What made the vectors, and where the copies' are kept; with ``augment`` only.
    hidden, dropout, learning_rate, weight_decay
        See :class:`hybridml.evaluation.baselines.lstm.training.Hyper`.
    n_trials : int
        Trials in which Optuna chooses those four on the held-out part; 0 takes them as they are.
    epochs, patience : int
        Rounds through the rows at most, and rounds without a gain on the held-out part before it stops.
    batch_size : int
        Rows in a step.
    held_out : float
        Share of the training rows that says when to stop.
    device : {"cpu", "cuda"}
        Where it learns and predicts. Figures are the same for a seed on the CPU; on a GPU up to rounding.
    threads : int
        Threads of torch. More or fewer round differently, so it is a setting and not the machine's choice.
    random_state : int
        Seed of everything random.
    progress : bool
        Show a progress bar.

    Attributes
    ----------
    script_ : bytes
        The network in TorchScript, which predicts; :meth:`export` writes it to a file.
    hyper_ : Hyper
        Settings that it was learned with.
    epochs_ : int
        Epochs that it was learned for.
    names_ : tuple of tuple of str
        Entities and units in the order in which the network numbers them.
    """

    def __init__(
        self,
        photo: str = "number_classifier",
        augment: int = 0,
        embedding: str = "resnet50",
        resnet_weights: str = DEFAULT_WEIGHTS,
        store: str | Path = "features",
        hidden: int = 64,
        dropout: float = 0.3,
        learning_rate: float = 2e-3,
        weight_decay: float = 1e-2,
        n_trials: int = 0,
        epochs: int = 40,
        patience: int = 6,
        batch_size: int = 32,
        held_out: float = 0.2,
        device: str = "cpu",
        threads: int = 1,
        random_state: int = 0,
        progress: bool = False,
    ) -> None:
        self.photo = photo
        self.augment = augment
        self.embedding = embedding
        self.resnet_weights = resnet_weights
        self.store = store
        self.hidden = hidden
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.n_trials = n_trials
        self.epochs = epochs
        self.patience = patience
        self.batch_size = batch_size
        self.held_out = held_out
        self.device = device
        self.threads = threads
        self.random_state = random_state
        self.progress = progress

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        """What was read, and with ``photo="vectors"`` embeddings; with ``augment`` the photos, too."""
        vectors = {VECTORS} if self.photo == "vectors" else set()
        return frozenset({OCR} | vectors | ({PHOTOS} if self.augment else set()))

    def further(self, offered: frozenset[str]) -> frozenset[str]:
        """Return the second look where it is offered, and the region network where it is asked for."""
        regions = {"number_classifier"} if self.photo == "number_classifier" else set()
        return (offered & {"second_pass"}) | regions

    def fit(self, given: Given) -> Self:
        """Learn from the rows, others' included, whose answer was read.

        Raises
        ------
        HybridmlError
            When there are too few, or a setting makes no sense.
        """
        self._check()
        rows = given.with_weak_labels()
        found = photo.features(rows, self.photo)
        if self.photo != "none" and all(line is None for line in found):
            raise HybridmlError(
                f"none of {len(rows)} training rows has a photo with what photo={self.photo!r} asks for: have the "
                f"photos looked at, or set photo to another of: {', '.join(photo.KINDS)}"
            )
        mean, components = photo.reduction(found, COMPONENTS, self.random_state)
        examples = self._examples(rows, found)
        learn, held = self._parted(rows, examples)
        course = Course(
            build=builder(given.schema, mean, components),
            numbers=len(mean),
            patience=self.patience,
            batch_size=self.batch_size,
            device=self.device,
            seed=self.random_state,
            progress=self.progress,
        )
        hyper = Hyper(self.hidden, self.dropout, self.learning_rate, self.weight_decay)
        with threads(self.threads):
            if self.n_trials:
                hyper = course.chosen(learn, held, hyper, self.epochs, self.n_trials)
            stopped = course.learn(learn, hyper, self.epochs, held)
            if not math.isfinite(stopped.loss):
                raise HybridmlError(
                    "the LSTM's loss is no number: set a lower learning_rate, and check the embeddings if it learns "
                    "from any"
                )
            network = course.learn(list(filter(None, examples)), hyper, stopped.epochs).network
        self.names_, self.numbers_ = _names(given), len(mean)
        self.hyper_, self.epochs_ = hyper, stopped.epochs
        self.script_ = scripted(network)
        return self

    def predict(self, given: Given) -> list[str]:
        """Return the likeliest number and unit of each row; blank where nothing was read that could be one.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        HybridmlError
            When the entities or units are not those it was fitted with.
        """
        if not hasattr(self, "script_"):
            raise NotFittedError("this LSTM is not fitted: call fit with labelled rows first")
        if _names(given) != self.names_:
            raise HybridmlError(
                "the LSTM was fitted with other entities or units: fit it again, or give the entities of before"
            )
        self._check()
        import torch

        found = {
            i: Example(sheet, None if line is None else line[None])
            for i, (sheet, line) in enumerate(
                zip(sheets(given), photo.features(given, self.photo), strict=True)
            )
            if sheet is not None
        }
        answers = [""] * len(given)
        rows, examples = list(found), list(found.values())
        network = loaded(self.script_, self.device)
        with threads(self.threads), torch.inference_mode():
            for part in batches(examples, AT_ONCE):
                scores = network(*tensors([examples[i] for i in part], self.numbers_, self.device))
                for i, best in zip(part, scores.flatten(1).argmax(1).tolist(), strict=True):
                    option, unit = divmod(best, scores.shape[2])
                    value = float(examples[i].sheet.values[option])
                    answers[rows[i]] = format_quantity(value, self.names_[1][unit])
        return answers

    def size(self) -> int:
        """Return the bytes of the network in TorchScript."""
        return len(getattr(self, "script_", b""))

    def export(self, path: str | Path) -> None:
        """Write the network in TorchScript; it takes what :func:`hybridml.evaluation.baselines.lstm.batch.tensors` makes."""
        if not hasattr(self, "script_"):
            raise NotFittedError("this LSTM is not fitted: call fit with labelled rows before it is exported")
        with atomic(path) as temporary:
            temporary.write_bytes(self.script_)

    def _check(self) -> None:
        one_of("photo", self.photo, photo.KINDS)
        one_of("device", self.device, ("cpu", "cuda"))
        for name, low, high in _WHOLE:
            in_range(name, getattr(self, name), low, high, whole=True)
        for name, least, most in _RANGES:
            in_range(name, getattr(self, name), least, most)
        if self.augment and self.photo != "vectors":
            raise SettingsError("augment embeds copies of photos: set photo='vectors' with it, or augment=0")
        require("the LSTM", ["torch"])
        if self.device == "cuda":
            import torch

            if not torch.cuda.is_available():
                raise HybridmlError(
                    "device='cuda': torch sees no GPU here; set device='cpu', or install its GPU build"
                )

    def _examples(self, rows: Given, found: list[Floats | None]) -> list[Example | None]:
        """Return what each row teaches; None where its answer was not read."""
        copies = [None if line is None else line[None] for line in found]
        if self.augment:
            settings = (self.augment, self.embedding, self.resnet_weights, self.store, self.progress)
            copies = with_copies(rows, copies, *settings)
        truths = parse_truth(rows.frame[LABEL], rows.schema)
        examples: list[Example | None] = []
        for sheet, line, truth in zip(sheets(rows), copies, truths, strict=True):
            right = None if sheet is None else sheet.right(truth.quantity, rows.schema)
            taught = sheet is not None and right is not None and right.any()
            examples.append(Example(sheet, line, right) if sheet is not None and taught else None)
        return examples

    def _parted(self, rows: Given, examples: list[Example | None]) -> tuple[list[Example], list[Example]]:
        """Return what is learned from and what says when to stop: they share neither a group nor a photo.

        Rows labelled by others are of another sort, and do not say when to stop.
        """
        held = held_out_rows(rows.frame, self.held_out, self.random_state)
        learn = [e for e, h in zip(examples, held, strict=True) if e is not None and not h]
        judging = held & ~photo.weakly_labelled(rows)
        judge = [e for e, j in zip(examples, judging, strict=True) if e is not None and j]
        if not learn or not judge:
            raise HybridmlError(
                f"the LSTM can learn from {sum(e is not None for e in examples)} of {len(rows)} rows, those whose "
                "answer was read, and they cannot be parted by group and photo to tell when to stop: give rows of "
                "more groups, or check the reader with 'hybridml read PHOTO'"
            )
        return learn, judge


def _names(given: Given) -> Names:
    return tuple(given.schema.entities), tuple(given.schema.units)
