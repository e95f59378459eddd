"""Batches of examples as tensors, varied at random for training."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from .example import OPTION, Example
from .tokens import CHARACTERS, FEATURES, TOKEN_GEOMETRY, Floats

# Degrees, shares of the photo's longer side, and of its size.
_TURN, _SHIFT, _SCALE = 8.0, 0.05, 0.1
# Shares of the tokens.
_DROPPED, _MISREAD = 0.1, 0.05

AT_ONCE = 64
"""Examples that are scored at a time; changes speed only."""


def varied(example: Example, rng: np.random.Generator) -> Example:
    """Return an example as if the photo had been turned, shifted and scaled a little, and read less well.

    Tokens are dropped and letters misread, except in the options, which keep the answer.
    """
    keep = rng.random(len(example.tokens)) >= _DROPPED
    keep[example.starts] = True
    starts = (np.cumsum(keep) - 1)[example.starts]
    tokens = example.tokens
    features, characters = tokens.features[keep], tokens.characters[keep]
    features[:, : len(TOKEN_GEOMETRY)] = _moved(features[:, : len(TOKEN_GEOMETRY)], rng)
    misread = rng.random(len(features)) < _MISREAD
    misread &= features[:, FEATURES.index("number")] == 0
    misread[starts] = False
    for i in np.flatnonzero(misread):
        letters = max(int(np.count_nonzero(characters[i])), 1)
        characters[i, rng.integers(letters)] = rng.integers(ord("a"), ord("z") + 1)
    tokens = replace(tokens, characters=characters, features=features, units=tokens.units[keep])
    return replace(example, tokens=tokens, starts=starts)


def _moved(geometry: Floats, rng: np.random.Generator) -> Floats:
    """Return the positions of tokens once the photo is turned about its centre, scaled and shifted."""
    x, y, width, height, cosine, sine = geometry.T
    turn = math.radians(rng.uniform(-_TURN, _TURN))
    c, s = math.cos(turn), math.sin(turn)
    scale = 1 + rng.uniform(-_SCALE, _SCALE)
    right, down = rng.uniform(-_SHIFT, _SHIFT, 2)
    return np.stack(
        [
            scale * (c * x - s * y) + right,
            scale * (s * x + c * y) + down,
            scale * (c * width + abs(s) * height),
            scale * (abs(s) * width + c * height),
            c * cosine - s * sine,
            s * cosine + c * sine,
        ],
        axis=1,
    )


def batches(
    examples: Sequence[Example], size: int, rng: np.random.Generator | None = None
) -> Iterator[list[int]]:
    """Yield the positions of each batch: examples of similar length, drawn anew each time where ``rng`` is given."""
    length = np.array([len(e.tokens) for e in examples], dtype=float)
    if rng is not None:
        length *= rng.uniform(0.8, 1.25, len(length))
    order = np.argsort(length, kind="stable").tolist()
    parts = [order[i : i + size] for i in range(0, len(order), size)]
    if rng is not None:
        rng.shuffle(parts)
    yield from parts


def tensors(
    examples: Sequence[Example], numbers: int, device: str, rng: np.random.Generator | None = None
) -> dict[str, torch.Tensor]:
    """Return the input of the network, by name: examples padded to the longest of them, and varied with ``rng``.

    ``numbers`` is how many ResNet-50 features a photo has. All tensors but the lengths go to ``device``.
    """
    if rng is not None:
        examples = [varied(example, rng) for example in examples]
    rows, units = len(examples), examples[0].units_read.shape[1]
    lengths = np.array([len(e.tokens) for e in examples])
    tokens, options = int(lengths.max()), max(len(e.starts) for e in examples)
    made: dict[str, npt.NDArray[np.generic]] = {
        "characters": np.zeros((rows, tokens, CHARACTERS), np.int64),
        "features": np.zeros((rows, tokens, len(FEATURES)), np.float32),
        "units": np.zeros((rows, tokens), np.int64),
        "lengths": lengths,
        "entity": np.array([e.entity for e in examples]),
        "photo": np.zeros((rows, numbers), np.float32),
        "has_photo": np.zeros(rows, np.float32),
        "starts": np.zeros((rows, options), np.int64),
        "options": np.zeros((rows, options, len(OPTION)), np.float32),
        "units_read": np.zeros((rows, options, units), np.float32),
        "is_option": np.zeros((rows, options), bool),
    }
    for i, example in enumerate(examples):
        n, k = lengths[i], len(example.starts)
        for name in ("characters", "features", "units"):
            made[name][i, :n] = getattr(example.tokens, name)
        for name in ("starts", "options", "units_read"):
            made[name][i, :k] = getattr(example, name)
        made["is_option"][i, :k] = True
        if example.photo is not None:
            made["photo"][i] = example.photo[0 if rng is None else rng.integers(len(example.photo))]
            made["has_photo"][i] = 1.0
    return {
        name: torch.from_numpy(array).to("cpu" if name == "lengths" else device)
        for name, array in made.items()
    }
