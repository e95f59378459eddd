"""The network: ResNet-50 features of the photo and its tokens through an LSTM, to number and unit."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .example import OPTION
from .tokens import ALPHABET, FEATURES

_LETTER, _WORD, _UNIT, _ENTITY, _PHOTO = 16, 32, 8, 16, 16
# Log odds of a unit read with a number, before training.
_AS_READ = 4.0


class TokenNetwork(nn.Module):
    """Scores each number that could be the answer together with each unit that it could be in.

    Parameters
    ----------
    mean, components : Tensor (numbers,), (reduced, numbers)
        Reduction of a photo's ResNet-50 features.
    allowed : Tensor of bool (entities, units)
        The units that each entity may be answered in.
    hidden : int
        Width of the LSTM, each way.
    dropout : float
        Share of the LSTM's inputs and outputs that is dropped in training.
    """

    def __init__(
        self, mean: Tensor, components: Tensor, allowed: Tensor, hidden: int = 64, dropout: float = 0.3
    ) -> None:
        super().__init__()
        entities, units = allowed.shape
        self.register_buffer("mean", mean)
        self.register_buffer("components", components)
        self.register_buffer("allowed", allowed)
        self.letters = nn.Embedding(ALPHABET, _LETTER, padding_idx=0)
        self.words = nn.Conv1d(_LETTER, _WORD, 3, padding=1)
        self.units = nn.Embedding(units + 1, _UNIT)
        self.entities = nn.Embedding(entities, _ENTITY)
        self.photo = nn.Linear(len(components), _PHOTO)
        context = _ENTITY + _PHOTO
        self.lstm = nn.LSTM(
            _WORD + len(FEATURES) + _UNIT + context, hidden, batch_first=True, bidirectional=True
        )
        self.dropout = nn.Dropout(dropout)
        described = 2 * hidden + len(OPTION) + units + context
        self.number = nn.Sequential(
            nn.Linear(described, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, 1)
        )
        self.unit = nn.Linear(described, units)
        self.as_read = nn.Parameter(torch.tensor(_AS_READ))

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the logarithm of each answer's probability, (rows, options, units).

        The input is what :func:`hybridml.evaluation.baselines.lstm.batch.tensors` returns.
        """
        characters, starts, units_read = batch["characters"], batch["starts"], batch["units_read"]
        words = self.words(self.letters(characters.flatten(0, 1)).transpose(1, 2)).amax(2)
        words = torch.relu(words).unflatten(0, characters.shape[:2])
        photo = torch.relu(self.photo(self.dropout((batch["photo"] - self.mean) @ self.components.T)))
        context = torch.cat([self.entities(batch["entity"]), photo * batch["has_photo"][:, None]], 1)
        context_of_tokens = context[:, None].expand(-1, words.shape[1], -1)
        inputs = torch.cat([words, batch["features"], self.units(batch["units"]), context_of_tokens], 2)
        packed = pack_padded_sequence(
            self.dropout(inputs), batch["lengths"], batch_first=True, enforce_sorted=False
        )
        states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        at = states.gather(1, starts[:, :, None].expand(-1, -1, states.shape[2]))
        context_of_options = context[:, None].expand(-1, starts.shape[1], -1)
        described = torch.cat([self.dropout(at), batch["options"], units_read, context_of_options], 2)
        number = self.number(described).squeeze(2).masked_fill(~batch["is_option"], -1e9).log_softmax(1)
        unit = self.unit(described) + self.as_read * units_read
        unit = unit.masked_fill(~self.allowed[batch["entity"]][:, None], -1e9).log_softmax(2)
        return number[:, :, None] + unit


def to_torchscript(network: nn.Module) -> bytes:
    """Return a network in TorchScript, on the CPU and ready for inference without the code of this package."""
    file = io.BytesIO()
    with _without_advice():
        torch.jit.save(torch.jit.script(network.cpu().eval()), file)
    return file.getvalue()


def from_torchscript(script: bytes, device: str = "cpu") -> torch.jit.ScriptModule:
    """Return the network that :func:`to_torchscript` wrote."""
    with _without_advice():
        return torch.jit.load(io.BytesIO(script), map_location=device)


@contextmanager
def _without_advice() -> Iterator[None]:
    """Leave out torch's advice to export instead, which supports no sequences of differing length."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*torch.jit.*", DeprecationWarning)
        yield
