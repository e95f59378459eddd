"""Rows as tensors: as they were read, or varied for training."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .example import OPTION, Sheet
from .tokens import FEATURES, GEOMETRY, LETTERS, Bools, Floats

# Degrees, shares of the photo's longer side, and of its size.
_TURN, _SHIFT, _SCALE = 8.0, 0.05, 0.1
# Shares of the tokens.
_DROPPED, _MISREAD = 0.1, 0.05

AT_ONCE = 64
"""Examples that are scored at a time; changes speed only."""


@dataclass(frozen=True)
class Example:
    """A row: its tokens, its photo's ResNet-50 features and, in training, its answer.

    Parameters
    ----------
    sheet : Sheet
        Tokens and options.
    photo : array (copies, numbers), optional
        Features of the photo as it is and then of varied copies; None where there are none.
    right : array (options, units), optional
        Which answers are right.
    """

    sheet: Sheet
    photo: Floats | None = None
    right: Bools | None = None


def varied(sheet: Sheet, rng: np.random.Generator) -> Sheet:
    """Return a sheet as if the photo had been turned, shifted and scaled a little, and read less well.

    Tokens are dropped and letters misread, but for the numbers that could be the answer: it must stay the answer.
    """
    keep = rng.random(len(sheet.page.units)) >= _DROPPED
    keep[sheet.token] = True
    sheet = sheet.kept(keep)
    page = sheet.page
    features, characters = page.features.copy(), page.characters.copy()
    features[:, : len(GEOMETRY)] = _moved(features[:, : len(GEOMETRY)], rng)
    misread = rng.random(len(features)) < _MISREAD
    misread &= features[:, FEATURES.index("number")] == 0
    misread[sheet.token] = False
    for i in np.flatnonzero(misread):
        letters = max(int(np.count_nonzero(characters[i])), 1)
        characters[i, rng.integers(letters)] = rng.integers(ord("a"), ord("z") + 1)
    return replace(sheet, page=replace(page, features=features, characters=characters))


def _moved(geometry: Floats, rng: np.random.Generator) -> Floats:
    """Return where tokens stand once the photo is turned about its centre, scaled and shifted."""
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
    """Yield which examples go together: such of like length, drawn anew each time where ``rng`` is given."""
    length = np.array([len(e.sheet.page.units) for e in examples], dtype=float)
    if rng is not None:
        length *= rng.uniform(0.8, 1.25, len(length))
    order = np.argsort(length, kind="stable").tolist()
    parts = [order[i : i + size] for i in range(0, len(order), size)]
    if rng is not None:
        rng.shuffle(parts)
    yield from parts


def tensors(
    examples: Sequence[Example], numbers: int, device: str, rng: np.random.Generator | None = None
) -> tuple[Any, ...]:
    """Return what :meth:`hybridml.evaluation.baselines.lstm.network.TokenNetwork.forward` takes.

    Parameters
    ----------
    examples : sequence of Example
        At least one.
    numbers : int
        ResNet-50 features of a photo.
    device : str
        Where the tensors go; lengths stay on the CPU.
    rng : numpy Generator, optional
        Vary the examples.
    """
    import torch

    sheets = [e.sheet if rng is None else varied(e.sheet, rng) for e in examples]
    rows, units = len(sheets), sheets[0].read.shape[1]
    lengths = np.array([len(s.page.units) for s in sheets])
    tokens, options = int(lengths.max()), max(len(s.token) for s in sheets)
    made: dict[str, npt.NDArray[Any]] = {
        "characters": np.zeros((rows, tokens, LETTERS), np.int64),
        "features": np.zeros((rows, tokens, len(FEATURES)), np.float32),
        "units": np.zeros((rows, tokens), np.int64),
        "lengths": lengths,
        "entity": np.array([s.entity for s in sheets]),
        "photo": np.zeros((rows, numbers), np.float32),
        "looked": np.zeros(rows, np.float32),
        "token": np.zeros((rows, options), np.int64),
        "options": np.zeros((rows, options, len(OPTION)), np.float32),
        "read": np.zeros((rows, options, units), np.float32),
        "there": np.zeros((rows, options), bool),
    }
    for i, (example, sheet) in enumerate(zip(examples, sheets, strict=True)):
        n, k = lengths[i], len(sheet.token)
        for name in ("characters", "features", "units"):
            made[name][i, :n] = getattr(sheet.page, name)
        for name in ("token", "options", "read"):
            made[name][i, :k] = getattr(sheet, name)
        made["there"][i, :k] = True
        if example.photo is not None:
            made["photo"][i] = example.photo[0 if rng is None else rng.integers(len(example.photo))]
            made["looked"][i] = 1.0
    found = {name: torch.from_numpy(array) for name, array in made.items()}
    return tuple(tensor if name == "lengths" else tensor.to(device) for name, tensor in found.items())
