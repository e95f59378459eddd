"""Training of the network: batches, early stopping, and Optuna's choice of its hyperparameters."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch

from hybridml.entities import EntitySchema
from hybridml.utils.optional import require

from .batch import AT_ONCE, batches, tensors
from .example import Example
from .network import TokenNetwork
from .tokens import Floats

_NEVER = -1e9
_LONGEST_STEP = 1.0


@dataclass(frozen=True)
class Hyperparameters:
    """The hyperparameters that Optuna can choose.

    Parameters
    ----------
    hidden : int
        Width of the LSTM, each way.
    dropout : float
        Share of the network's activations that is dropped in training.
    learning_rate, weight_decay : float
        Of AdamW.
    """

    hidden: int = 64
    dropout: float = 0.3
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2


class Trained(NamedTuple):
    """A network after its last epoch, the epoch of the least held-out loss, and that loss.

    Where nothing was held out, the epoch is the last one and the loss is infinite.
    """

    network: TokenNetwork
    epochs: int
    loss: float


@dataclass(frozen=True)
class Trainer:
    """Trains networks, whatever their hyperparameters.

    Parameters
    ----------
    schema : EntitySchema
        Entities and units, which the network numbers in this order.
    mean, components : array (numbers,), (reduced, numbers)
        Reduction of a photo's ResNet-50 features.
    patience : int
        Epochs without a lower held-out loss after which training stops.
    batch_size : int
        Examples of a step.
    device : str
        Where it computes.
    seed : int
        Seed of weights, order, dropout and variation.
    progress : bool
        Show a progress bar.
    """

    schema: EntitySchema
    mean: Floats
    components: Floats
    patience: int
    batch_size: int
    device: str
    seed: int
    progress: bool = False

    def train(
        self, examples: Sequence[Example], hyper: Hyperparameters, epochs: int, held: Sequence[Example] = ()
    ) -> Trained:
        """Train for ``epochs``, or until the loss of the examples ``held`` out no longer falls."""
        from tqdm import tqdm

        rng = np.random.default_rng(self.seed)
        best, least = 0 if held else epochs, np.inf
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            network = self._network(hyper)
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
        return Trained(network.eval(), best, least)

    def _network(self, hyper: Hyperparameters) -> TokenNetwork:
        allowed = [
            [unit in entity.units for unit in self.schema.units] for entity in self.schema.entities.values()
        ]
        network = TokenNetwork(
            torch.from_numpy(self.mean),
            torch.from_numpy(self.components),
            torch.tensor(allowed),
            hyper.hidden,
            hyper.dropout,
        )
        return network.to(self.device)

    def _losses(
        self, network: TokenNetwork, examples: Sequence[Example], rng: np.random.Generator | None
    ) -> torch.Tensor:
        """Return the negative log-likelihood of each row's options with the right number and unit."""
        answers = network(tensors(examples, len(self.mean), self.device, rng))
        wrong = np.ones(answers.shape, dtype=bool)
        for row, example in zip(wrong, examples, strict=True):
            if example.right is not None:
                row[: len(example.right)] = ~example.right
        return -answers.masked_fill(torch.from_numpy(wrong).to(self.device), _NEVER).logsumexp((1, 2))

    def _held_loss(self, network: TokenNetwork, held: Sequence[Example]) -> float:
        network.eval()
        with torch.inference_mode():
            parts = (
                self._losses(network, [held[i] for i in part], None).sum() for part in batches(held, AT_ONCE)
            )
            return float(sum(parts)) / len(held)

    def choose(
        self,
        examples: Sequence[Example],
        held: Sequence[Example],
        start: Hyperparameters,
        epochs: int,
        trials: int,
    ) -> Hyperparameters:
        """Return the hyperparameters with the least held-out loss of some Optuna trials, ``start`` being the first."""
        require("choosing the hyperparameters of the LSTM", ["optuna"], "baselines")
        import optuna

        def loss(trial: Any) -> float:
            return self.train(examples, _suggested(trial, start), epochs, held).loss

        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=self.seed))
                study.enqueue_trial(asdict(start))
                study.optimize(loss, n_trials=trials)
        finally:
            optuna.logging.set_verbosity(verbosity)
        return replace(start, **study.best_params)


_RANGES = (
    ("hidden", 32, 128, True),
    ("dropout", 0.1, 0.6, False),
    ("learning_rate", 5e-4, 8e-3, True),
    ("weight_decay", 1e-4, 0.1, True),
)
"""Name, least and greatest value of a trial, and whether it is drawn on a logarithmic scale."""


def _suggested(trial: Any, start: Hyperparameters) -> Hyperparameters:
    """Return the hyperparameters of one trial; the ranges are widened to hold those of ``start``."""
    found: dict[str, Any] = {}
    for name, least, most, log in _RANGES:
        value = getattr(start, name)
        suggest = trial.suggest_int if name == "hidden" else trial.suggest_float
        found[name] = suggest(name, min(least, value), max(most, value), log=log)
    return Hyperparameters(**found)
