"""Learning the network: batches, early stopping, and Optuna for its few settings."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from hybridml.entities import EntitySchema
from hybridml.utils.optional import require

from .batch import AT_ONCE, Example, batches, tensors
from .tokens import Floats

_NEVER = -1e9
_LONGEST_STEP = 1.0


@dataclass(frozen=True)
class Hyper:
    """What Optuna chooses.

    Parameters
    ----------
    hidden : int
        Width of the LSTM, each way.
    dropout : float
        Share of what goes through the network that is dropped in training.
    learning_rate, weight_decay : float
        Of AdamW.
    """

    hidden: int = 64
    dropout: float = 0.3
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2


@dataclass(frozen=True)
class Learned:
    """A network as it was after its last epoch.

    Parameters
    ----------
    network : TokenNetwork
        Ready for inference.
    epochs : int
        After how many the held-out loss was least; all, where nothing was held out.
    loss : float
        The least held-out loss; infinite where nothing was held out, or no loss was a number.
    """

    network: Any
    epochs: int
    loss: float


@dataclass(frozen=True)
class Course:
    """How a network is learned, whatever its settings.

    Parameters
    ----------
    build : callable
        Makes a network of settings, its weights drawn from torch's generator.
    numbers : int
        ResNet-50 features of a photo.
    patience : int
        Epochs without a gain on what is held out before it stops.
    batch_size : int
        Examples in a step.
    device : str
        Where it computes.
    seed : int
        Of weights, order, dropout and variation.
    progress : bool
        Show a progress bar.
    """

    build: Callable[[Hyper], Any]
    numbers: int
    patience: int
    batch_size: int
    device: str
    seed: int
    progress: bool = False

    def learn(
        self, examples: Sequence[Example], hyper: Hyper, epochs: int, held: Sequence[Example] = ()
    ) -> Learned:
        """Learn for so many epochs, or until the loss of the examples ``held`` out no longer falls."""
        import torch
        from tqdm import tqdm

        rng = np.random.default_rng(self.seed)
        best, least = 0 if held else epochs, np.inf
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            network = self.build(hyper).to(self.device)
            optimizer = torch.optim.AdamW(
                network.parameters(), lr=hyper.learning_rate, weight_decay=hyper.weight_decay
            )
            for epoch in tqdm(range(1, epochs + 1), "lstm", unit="epoch", disable=not self.progress):
                network.train()
                for part in batches(examples, self.batch_size, rng):
                    loss = self._losses(network, [examples[i] for i in part], rng).mean()
                    optimizer.zero_grad()
                    loss.backward()
                    torch.nn.utils.clip_grad_norm_(network.parameters(), _LONGEST_STEP)
                    optimizer.step()
                if held:
                    now = self._held_loss(network, held)
                    if now < least:
                        best, least = epoch, now
                    elif epoch - best >= self.patience:
                        break
        return Learned(network.eval(), best, least)

    def _losses(self, network: Any, examples: Sequence[Example], rng: np.random.Generator | None) -> Any:
        """Return, per row, minus the logarithm of the probability of all that carries the right number and unit."""
        import torch

        answers = network(*tensors(examples, self.numbers, self.device, rng))
        wrong = np.ones(answers.shape, dtype=bool)
        for row, example in zip(wrong, examples, strict=True):
            if example.right is not None:
                row[: len(example.right)] = ~example.right
        return -answers.masked_fill(torch.from_numpy(wrong).to(self.device), _NEVER).logsumexp((1, 2))

    def _held_loss(self, network: Any, held: Sequence[Example]) -> float:
        import torch

        network.eval()
        with torch.inference_mode():
            parts = (
                self._losses(network, [held[i] for i in part], None).sum() for part in batches(held, AT_ONCE)
            )
            return float(sum(parts)) / len(held)

    def chosen(
        self, examples: Sequence[Example], held: Sequence[Example], start: Hyper, epochs: int, trials: int
    ) -> Hyper:
        """Return the settings that Optuna finds to have the least held-out loss; ``start`` is the first trial.

        Raises
        ------
        MissingExtraError
            When Optuna is not installed.
        """
        require("choosing the settings of the LSTM", ["optuna"], "baselines")
        import optuna

        def loss(trial: Any) -> float:
            return self.learn(examples, suggested(trial, start), epochs, held).loss

        with _quiet(optuna):
            study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=self.seed))
            study.enqueue_trial(asdict(start))
            study.optimize(loss, n_trials=trials)
        return replace(start, **study.best_params)


def builder(schema: EntitySchema, mean: Floats, components: Floats) -> Callable[[Hyper], Any]:
    """Return what makes a network for the entities and units of a book.

    Parameters
    ----------
    schema : EntitySchema
        Entities and units, which the network numbers in this order.
    mean, components : array (numbers,), (reduced, numbers)
        Reduce a photo's ResNet-50 features.
    """
    import torch

    from .network import TokenNetwork

    allowed = torch.tensor(
        [[unit in entity.units for unit in schema.units] for entity in schema.entities.values()]
    )
    reduce = torch.from_numpy(mean), torch.from_numpy(components)
    return lambda hyper: TokenNetwork(*reduce, allowed, hyper.hidden, hyper.dropout)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch use so many threads, and as many as before afterwards."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def suggested(trial: Any, start: Hyper) -> Hyper:
    """Return the settings of one trial; those to start from are always among what can be tried."""
    return Hyper(
        hidden=trial.suggest_int("hidden", min(32, start.hidden), max(128, start.hidden), log=True),
        dropout=trial.suggest_float("dropout", min(0.1, start.dropout), max(0.6, start.dropout)),
        learning_rate=trial.suggest_float(
            "learning_rate", min(5e-4, start.learning_rate), max(8e-3, start.learning_rate), log=True
        ),
        weight_decay=trial.suggest_float(
            "weight_decay", min(1e-4, start.weight_decay), max(0.1, start.weight_decay), log=True
        ),
    )


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Let Optuna say nothing of single trials."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)
