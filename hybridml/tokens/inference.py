"""The network over tokens without torch: what a scorer needs, in numpy and in doubles.

It computes what :class:`hybridml.tokens.network.TokenNetwork` does in inference, of sheets whose photos have no
ResNet-50 features. In doubles, so that what a sheet gets does not depend, up to the fourteenth digit, on what it is
computed together with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .batch import AT_ONCE, Example, batches
from .sheet import OPTION, Sheet

Array = npt.NDArray[np.float64]
Weights = Mapping[str, npt.NDArray[Any]]

_NEVER = -1e9

BLANK = ("mean", "components", "photo.weight", "photo.bias")
"""What the network has for photos with features only."""


def scores(weights: Weights, sheets: Sequence[Sheet]) -> list[Array]:
    """Return the logarithm of each answer's probability, an array (options, units) a sheet.

    Parameters
    ----------
    weights : mapping of str to array
        The network's state, :data:`BLANK` not needed.
    sheets : sequence of Sheet
        Rows, each with at least one option.
    """
    state = {name: np.asarray(array, dtype=np.float64) for name, array in weights.items()}
    found: list[Array] = [np.zeros((0, 0))] * len(sheets)
    for part in batches([Example(sheet) for sheet in sheets], AT_ONCE):
        for i, scored in zip(part, _batch(state, [sheets[i] for i in part]), strict=True):
            found[i] = scored
    return found


def _batch(state: Mapping[str, Array], sheets: Sequence[Sheet]) -> list[Array]:
    lengths = np.array([len(sheet.page.units) for sheet in sheets])
    tokens = np.concatenate([_told(state, sheet) for sheet in sheets])
    told = np.zeros((len(sheets), int(lengths.max()), tokens.shape[1]))
    told[np.arange(told.shape[1]) < lengths[:, None]] = tokens
    ways = [_lstm(state, told, lengths, way) for way in ("", "_reverse")]
    states = np.concatenate(ways, axis=2)
    return [_answers(state, sheet, states[i]) for i, sheet in enumerate(sheets)]


def _asked(state: Mapping[str, Array], sheet: Sheet, n: int) -> Array:
    """Return what is asked, ``n`` times below each other."""
    entity = state["entities.weight"][sheet.entity]
    # as wide as network and entity's vector make it: the photo's features, of which there are none
    photo = state["number.0.weight"].shape[1] - _described(state) - len(entity)
    return np.broadcast_to(np.concatenate([entity, np.zeros(photo)]), (n, len(entity) + photo))


def _described(state: Mapping[str, Array]) -> int:
    """Return the numbers that describe an option, without what is asked."""
    return 2 * state["lstm.weight_hh_l0"].shape[1] + len(OPTION) + len(state["unit.weight"])


def _told(state: Mapping[str, Array], sheet: Sheet) -> Array:
    """Return what goes into the LSTM, (tokens, numbers)."""
    page = sheet.page
    letters = state["letters.weight"][page.characters]
    n, width, _ = letters.shape
    padded = np.zeros((n, width + 2, letters.shape[2]))
    padded[:, 1:-1] = letters
    # of a convolution over three letters: weight (words, letter, 3)
    kernel = state["words.weight"]
    words = sum(padded[:, k : k + width] @ kernel[:, :, k].T for k in range(kernel.shape[2]))
    words = np.maximum((words + state["words.bias"]).max(axis=1), 0.0)
    asked = _asked(state, sheet, n)
    return np.concatenate([words, page.features, state["units.weight"][page.units], asked], axis=1)


def _sigmoid(x: Array) -> Array:
    found: Array = 0.5 * (1.0 + np.tanh(0.5 * x))
    return found


def _lstm(state: Mapping[str, Array], told: Array, lengths: npt.NDArray[np.int64], way: str) -> Array:
    """Return one direction's states, (rows, tokens, hidden), zero where a row has no token."""
    own = {part: state[f"lstm.{part}_l0{way}"] for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    gates = told @ own["weight_ih"].T + (own["bias_ih"] + own["bias_hh"])
    rows, steps, _ = told.shape
    hidden = own["weight_hh"].shape[1]
    h, c = np.zeros((rows, hidden)), np.zeros((rows, hidden))
    states = np.zeros((rows, steps, hidden))
    for step in range(steps) if not way else range(steps - 1, -1, -1):
        there = step < lengths
        ahead = gates[there, step] + h[there] @ own["weight_hh"].T
        i, f, g, o = np.split(ahead, 4, axis=1)
        c[there] = _sigmoid(f) * c[there] + _sigmoid(i) * np.tanh(g)
        h[there] = _sigmoid(o) * np.tanh(c[there])
        states[there, step] = h[there]
    return states


def _answers(state: Mapping[str, Array], sheet: Sheet, states: Array) -> Array:
    asked = _asked(state, sheet, len(sheet.token))
    described = np.concatenate([states[sheet.token], sheet.options, sheet.read, asked], axis=1)
    between = np.maximum(described @ state["number.0.weight"].T + state["number.0.bias"], 0.0)
    number = between @ state["number.3.weight"][0] + state["number.3.bias"]
    unit = described @ state["unit.weight"].T + state["unit.bias"] + state["as_read"] * sheet.read
    unit = np.where(state["allowed"][sheet.entity] > 0, unit, _NEVER)
    return _log_softmax(number)[:, None] + _log_softmax(unit)


def _log_softmax(x: Array) -> Array:
    """Return the logarithm of the softmax over the last axis."""
    above = x - x.max(axis=-1, keepdims=True)
    found: Array = above - np.log(np.exp(above).sum(axis=-1, keepdims=True))
    return found
