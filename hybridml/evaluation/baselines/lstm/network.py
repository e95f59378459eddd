"""The network: ResNet-50 features of the photo and its tokens through an LSTM, to number and unit."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .example import OPTION
from .tokens import ALPHABET, FEATURES

_LETTER, _WORD, _UNIT, _ENTITY, _PHOTO = 16, 32, 8, 16, 16
# What a unit read beside a number is worth to begin with, in log odds.
_AS_READ = 4.0


class TokenNetwork(nn.Module):
    """Scores each number that could be the answer together with each unit that it could be in.

    Parameters
    ----------
    mean, components : Tensor (numbers,), (reduced, numbers)
        Reduce a photo's ResNet-50 features.
    allowed : Tensor of bool (entities, units)
        The units that each entity may be answered in.
    hidden : int
        Width of the LSTM, each way.
    dropout : float
        Share of what goes into the LSTM, and comes out of it, that is dropped in training.
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
        asked = _ENTITY + _PHOTO
        self.lstm = nn.LSTM(
            _WORD + len(FEATURES) + _UNIT + asked, hidden, batch_first=True, bidirectional=True
        )
        self.dropout = nn.Dropout(dropout)
        described = 2 * hidden + len(OPTION) + units + asked
        self.number = nn.Sequential(
            nn.Linear(described, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, 1)
        )
        self.unit = nn.Linear(described, units)
        self.as_read = nn.Parameter(torch.tensor(_AS_READ))

    def forward(
        self,
        characters: Tensor,
        features: Tensor,
        units: Tensor,
        lengths: Tensor,
        entity: Tensor,
        photo: Tensor,
        looked: Tensor,
        token: Tensor,
        options: Tensor,
        read: Tensor,
        there: Tensor,
    ) -> Tensor:
        """Return the logarithm of each answer's probability, (rows, options, units).

        Parameters
        ----------
        characters : Tensor of int64 (rows, tokens, letters)
        features : Tensor (rows, tokens, features)
        units : Tensor of int64 (rows, tokens)
        lengths : Tensor of int64 (rows,), on the CPU
            Tokens of each row.
        entity : Tensor of int64 (rows,)
        photo : Tensor (rows, numbers)
            ResNet-50 features.
        looked : Tensor (rows,)
            1 where they are there, 0 where not.
        token : Tensor of int64 (rows, options)
            Which token each option starts in.
        options : Tensor (rows, options, features)
        read : Tensor (rows, options, units)
        there : Tensor of bool (rows, options)
            Which options a row has.
        """
        words = self.words(self.letters(characters.flatten(0, 1)).transpose(1, 2)).amax(2)
        words = torch.relu(words).unflatten(0, characters.shape[:2])
        reduced = torch.relu(self.photo(self.dropout((photo - self.mean) @ self.components.T)))
        asked = torch.cat([self.entities(entity), reduced * looked[:, None]], 1)
        told = torch.cat(
            [words, features, self.units(units), asked[:, None].expand(-1, words.shape[1], -1)], 2
        )
        packed = pack_padded_sequence(self.dropout(told), lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        at = states.gather(1, token[:, :, None].expand(-1, -1, states.shape[2]))
        described = torch.cat(
            [self.dropout(at), options, read, asked[:, None].expand(-1, token.shape[1], -1)], 2
        )
        number = self.number(described).squeeze(2).masked_fill(~there, -1e9).log_softmax(1)
        unit = self.unit(described) + self.as_read * read
        unit = unit.masked_fill(~self.allowed[entity][:, None], -1e9).log_softmax(2)
        return number[:, :, None] + unit
