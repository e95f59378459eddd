"""The LSTM baseline as a system: it finds number and unit from the tokens and ResNet-50 features of a photo."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
import torch

from hybridml.datasets.groups import held_out_rows
from hybridml.datasets.labels import parse_labels
from hybridml.errors import HybridmlError, NotFittedError
from hybridml.evaluation.baselines.system import LABEL, OCR, PHOTOS, VECTORS, Dataset, System
from hybridml.quantity import format_quantity
from hybridml.utils.files import atomic
from hybridml.utils.registry import SettingsError, in_range, one_of
from hybridml.utils.torch import inferring, limited_threads
from hybridml.vision.stages import DEFAULT_WEIGHTS

from . import photo
from .batch import AT_ONCE, batches, tensors
from .copies import embed_copies
from .example import Example, examples
from .network import from_torchscript, to_torchscript
from .tokens import Floats
from .training import Hyperparameters, Trainer

COMPONENTS = 32
"""Numbers that an embedding is reduced to."""

_RANGES = (
    ("augment", 0, 100),
    ("hidden", 1, 4096),
    ("n_trials", 0, 10_000),
    ("epochs", 1, 100_000),
    ("patience", 1, 100_000),
    ("batch_size", 1, 100_000),
    ("threads", 1, 1024),
    ("dropout", 0.0, 0.95),
    ("learning_rate", 1e-6, 1.0),
    ("weight_decay", 0.0, 1.0),
    ("held_out", 0.05, 0.5),
)
"""Bounds of the parameters, which are whole numbers where their bounds are."""


class LstmSystem(System):
    """A bidirectional LSTM over all tokens that scores every number that was read, in every unit of the entity.

    Tokens are words, numbers and signs in reading order: their letters, place, size, value and the unit read with them,
    beside the entity and ResNet-50 features of the photo. The loss is the negative log-likelihood of the options with
    the right number and unit. Some of the training rows, by whole groups and photos, are held out to find the number of
    epochs; then the network is trained on all rows for as many. Rows whose answer was not read or is empty are left
    out.

    Parameters
    ----------
    photo : {"number_classifier", "vectors", "none"}
        ResNet-50 features: the pooled output of the shipped number classifier, which needs no downloaded weights; the
        photo's global embedding, as published; or none.
    augment : int
        Copies of each photo, turned, brightened or darkened and blurred, whose embeddings are trained on too; with
        ``photo="vectors"`` only. They are embedded once and kept in ``store``. 0 by default, because every copy costs
        as much as embedding all photos. Tokens are turned, shifted, dropped and misread in every epoch in any case.
    embedding, resnet_weights, store
        What made the vectors, and where those of the copies are kept; with ``augment`` only.
    hidden, dropout, learning_rate, weight_decay
        See :class:`hybridml.evaluation.baselines.lstm.training.Hyperparameters`.
    n_trials : int
        Trials in which Optuna chooses those four on the held-out rows; 0 takes them as they are.
    epochs, patience : int
        Maximum number of epochs, and of epochs without a gain on the held-out rows.
    batch_size : int
        Rows of a step.
    held_out : float
        Share of the training rows that is held out.
    device : {"cpu", "cuda"}
        Where it trains and predicts. A seed gives the same numbers on the CPU; on a GPU up to rounding.
    threads : int
        Threads of torch. Other numbers of threads round differently, so this is a setting and not the machine's choice.
    random_state : int
        Seed of everything random.
    progress : bool
        Show a progress bar.

    Attributes
    ----------
    script_ : bytes
        The network in TorchScript, which predicts; :meth:`export` writes it to a file.
    hyper_ : Hyperparameters
        Hyperparameters that it was trained with.
    epochs_ : int
        Epochs that it was trained for.
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
        """OCR results, and with ``photo="vectors"`` embeddings; with ``augment`` the photos too."""
        vectors = {VECTORS} if self.photo == "vectors" else set()
        return frozenset({OCR} | vectors | ({PHOTOS} if self.augment else set()))

    def stages(self, offered: frozenset[str]) -> frozenset[str]:
        """Return the second pass where it is offered, and the number classifier where ``photo`` asks for it."""
        return (offered & {"second_pass"}) | ({self.photo} & {"number_classifier"})

    def fit(self, dataset: Dataset) -> Self:
        """Train on the rows, weakly labelled ones included, whose answer was read.

        Raises
        ------
        HybridmlError
            When there are too few, or a setting makes no sense.
        """
        self._check()
        rows = dataset.with_weak_labels()
        found = photo.features(rows, self.photo)
        if self.photo != "none" and all(line is None for line in found):
            raise HybridmlError(
                f"none of the {len(rows)} training rows has the features of its photo that photo={self.photo!r} needs: "
                f"extract them, or set photo to another of: {', '.join(photo.PHOTO_INPUTS)}"
            )
        mean, components = photo.reduction(found, COMPONENTS, self.random_state)
        known = self._examples(rows, found)
        train, held = self._split(rows, known)
        trainer = Trainer(
            schema=dataset.schema,
            mean=mean,
            components=components,
            patience=self.patience,
            batch_size=self.batch_size,
            device=self.device,
            seed=self.random_state,
            progress=self.progress,
        )
        hyper = Hyperparameters(self.hidden, self.dropout, self.learning_rate, self.weight_decay)
        with limited_threads(self.threads):
            if self.n_trials:
                hyper = trainer.choose(train, held, hyper, self.epochs, self.n_trials)
            stopped = trainer.train(train, hyper, self.epochs, held)
            if not math.isfinite(stopped.loss):
                raise HybridmlError(
                    "the LSTM's loss is no number: set a lower learning_rate, and check the embeddings if it uses any"
                )
            network = trainer.train([e for e in known if e is not None], hyper, stopped.epochs).network
        self.names_, self.numbers_ = _names(dataset), len(mean)
        self.hyper_, self.epochs_ = hyper, stopped.epochs
        self.script_ = to_torchscript(network)
        return self

    def predict(self, dataset: Dataset) -> list[str]:
        """Return the likeliest number and unit of each row; blank where nothing was read that could be one.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        HybridmlError
            When the entities or units are not those it was fitted with.
        """
        self._check_fitted()
        if _names(dataset) != self.names_:
            raise HybridmlError(
                "the LSTM was fitted with other entities or units: fit it again, or give those it was fitted with"
            )
        self._check()
        found = {
            i: replace(example, photo=None if line is None else line[None])
            for i, (example, line) in enumerate(
                zip(examples(dataset), photo.features(dataset, self.photo), strict=True)
            )
            if example is not None
        }
        answers = [""] * len(dataset)
        rows, known = list(found), list(found.values())
        network = from_torchscript(self.script_, self.device)
        with inferring(self.threads):
            for part in batches(known, AT_ONCE):
                scores = network(tensors([known[i] for i in part], self.numbers_, self.device))
                for i, best in zip(part, scores.flatten(1).argmax(1).tolist(), strict=True):
                    option, unit = divmod(best, scores.shape[2])
                    value = float(known[i].values[option])
                    answers[rows[i]] = format_quantity(value, self.names_[1][unit])
        return answers

    def size(self) -> int:
        """Return the bytes of the network in TorchScript."""
        return len(getattr(self, "script_", b""))

    def export(self, path: str | Path) -> None:
        """Write the network in TorchScript.

        It takes what :func:`hybridml.evaluation.baselines.lstm.batch.tensors` returns.
        """
        self._check_fitted()
        with atomic(path) as temporary:
            temporary.write_bytes(self.script_)

    def _check_fitted(self) -> None:
        if not hasattr(self, "script_"):
            raise NotFittedError("this LSTM is not fitted: call fit with labelled rows first")

    def _check(self) -> None:
        one_of("photo", self.photo, photo.PHOTO_INPUTS)
        one_of("device", self.device, ("cpu", "cuda"))
        for name, low, high in _RANGES:
            in_range(name, getattr(self, name), low, high, whole=isinstance(low, int))
        if self.augment and self.photo != "vectors":
            raise SettingsError("augment embeds copies of photos: set photo='vectors' with it, or augment=0")
        if self.device == "cuda" and not torch.cuda.is_available():
            raise HybridmlError(
                "device='cuda': torch sees no GPU here; set device='cpu', or install its GPU build"
            )

    def _examples(self, rows: Dataset, found: list[Floats | None]) -> list[Example | None]:
        """Return each row as an example with its photo and answer; None where its answer was not read."""
        copies: dict[str, list[Floats]] = {}
        if self.augment:
            copies = embed_copies(
                rows, self.augment, self.embedding, self.resnet_weights, self.store, self.progress
            )
        truths = parse_labels(rows.frame[LABEL], rows.schema)
        known: list[Example | None] = []
        for example, key, line, truth in zip(examples(rows), rows.keys, found, truths, strict=True):
            right = None if example is None else example.answers(truth.quantity, rows.schema)
            if example is None or right is None or not right.any():
                known.append(None)
                continue
            photos = None if line is None else np.stack([line, *copies.get(key or "", [])])
            known.append(replace(example, photo=photos, right=right))
        return known

    def _split(self, rows: Dataset, known: list[Example | None]) -> tuple[list[Example], list[Example]]:
        """Return the examples to train on and those held out, which share neither a group nor a photo.

        Weakly labelled rows are of another kind, and are not held out.
        """
        held = held_out_rows(rows.frame, self.held_out, self.random_state)
        weak = photo.weakly_labelled(rows)
        train = [e for e, h in zip(known, held, strict=True) if e is not None and not h]
        held_examples = [e for e, h in zip(known, held & ~weak, strict=True) if e is not None and h]
        if not train or not held_examples:
            raise HybridmlError(
                f"the LSTM can be trained on {sum(e is not None for e in known)} of {len(rows)} rows, those whose "
                "answer was read, and they cannot be split by group and photo to find when to stop: give rows of "
                "more groups, or check the OCR engine with 'hybridml read PHOTO'"
            )
        return train, held_examples


def _names(dataset: Dataset) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(dataset.schema.entities), tuple(dataset.schema.units)
