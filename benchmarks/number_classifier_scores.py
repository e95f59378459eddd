"""Scores of the number classifier on held-out photos, beside those of position and angle of the text alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.number_classifier_data import IGNORED, METRES, Photo, drawings, stack
from hybridml.quantity import parse
from hybridml.vision.number_classifier.inputs import CLASSES, SIZE, has_digit

LENGTHS = ("width", "height", "depth")

Rows = NDArray[np.float32]


def tensors(batch: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return planes (0 to 1, channels last), geometry, photo and label of each line."""
    planes, geometry, photo, labels = (torch.from_numpy(np.ascontiguousarray(a)) for a in batch)
    return planes.float().div(255).contiguous(memory_format=torch.channels_last), geometry, photo, labels


def answers(network: nn.Module, samples: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities and labels of all labelled lines of ``samples``."""
    network.eval()
    found, labels = [], []
    with torch.inference_mode():
        for start in range(0, len(samples), 16):
            planes, geometry, photo, label = tensors(stack(samples[start : start + 16]))
            found.append(network(planes, geometry, photo).softmax(1).numpy())
            labels.append(label.numpy())
    network.train()
    return np.concatenate(found), np.concatenate(labels)


def table(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Return accuracies: over all classes, of each length, and among the three lengths alone."""
    best = probabilities.argmax(1)
    n = len(LENGTHS)
    length = labels < n
    result: dict[str, Any] = {"lines": len(labels), "all classes": float((best == labels).mean())}
    if length.any():
        best3 = probabilities[length, :n].argmax(1)
        result["lengths"] = int(length.sum())
        result["among lengths"] = float((best3 == labels[length]).mean())
        for i, name in enumerate(LENGTHS):
            mask = labels[length] == i
            result[name] = float((best3[mask] == i).mean()) if mask.any() else math.nan
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in result.items()}


def choice(held: list[Photo], classify: Callable[[Photo], Rows]) -> dict[str, Any]:
    """Return how often the line chosen for a length is the agreed one, among the lines that state a length.

    Parameters
    ----------
    held : list of Photo
        Held-out photos; those count that state at least two different lengths.
    classify : callable
        Returns the probabilities of all lines of a photo.
    """
    tried, hits, chance = dict.fromkeys(LENGTHS, 0), dict.fromkeys(LENGTHS, 0), 0.0
    for photo in held:
        labels = np.array(photo.labels)
        wanted = [name for i, name in enumerate(LENGTHS) if (labels == i).any()]
        stated = [
            i for i, line in enumerate(photo.lines) if has_digit(line.text) and _states_length(line.text)
        ]
        if not wanted or len(stated) < 2:
            continue
        rows = classify(photo)[stated, : len(LENGTHS)]
        rows = rows / rows.sum(axis=1, keepdims=True).clip(1e-9)
        for name in wanted:
            right = labels[stated] == LENGTHS.index(name)
            if right.all() or not right.any():
                continue
            tried[name] += 1
            hits[name] += int(right[int(rows[:, LENGTHS.index(name)].argmax())])
            chance += float(right.mean())
    total = sum(tried.values())
    result: dict[str, Any] = {"questions": total, "right": sum(hits.values()) / max(1, total)}
    result["by chance"] = chance / max(1, total)
    result |= {name: f"{hits[name]} of {tried[name]}" for name in LENGTHS}
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in result.items()}


def _states_length(text: str) -> bool:
    return any(q.unit in METRES for q in parse(text))


class PositionOnly:
    """The baseline of the network: boosted trees on position, size and angle of the text alone.

    Parameters
    ----------
    train : list of Photo
        The photos that the network was trained on.
    seed : int
        Seed of the trees.
    """

    def __init__(self, train: list[Photo], seed: int) -> None:
        from lightgbm import LGBMClassifier

        self.model = LGBMClassifier(
            n_estimators=120, num_leaves=8, learning_rate=0.05, random_state=seed, n_jobs=1, verbose=-1
        )
        labels = np.concatenate([np.array(p.labels) for p in train])
        rows = np.concatenate([self._rows(p) for p in train])
        self.model.fit(rows[labels != IGNORED], labels[labels != IGNORED])

    def __call__(self, photo: Photo) -> Rows:
        """Return the probabilities of all lines of a photo."""
        result = np.zeros((len(photo.lines), len(CLASSES)), dtype=np.float32)
        result[:, self.model.classes_] = self.model.predict_proba(self._rows(photo))
        return result

    @staticmethod
    def _rows(photo: Photo) -> Rows:
        x = photo.geometry()
        return np.concatenate([x, (x[:, :2] + x[:, 2:4]) / 2, x[:, 2:4] - x[:, :2]], axis=1)


def score_rows(network: nn.Module, train: list[Photo], held: list[Photo], seed: int) -> dict[str, Any]:
    """Return the tables of the network and of :class:`PositionOnly`."""
    network.eval()

    def network_rows(photo: Photo) -> Rows:
        view = photo.view(SIZE)
        one = (view.planes[None], view.geometry, np.zeros(len(view.geometry), dtype=np.int64), np.zeros(1))
        with torch.inference_mode():
            return network(*tensors(one)[:3]).softmax(1).numpy()

    result = {}
    for name, classify in (
        ("network", network_rows),
        ("position of the text alone", PositionOnly(train, seed)),
    ):
        rows = np.concatenate([classify(p) for p in held])
        labels = np.concatenate([np.array(p.labels) for p in held])
        known = labels != IGNORED
        result[f"held-out photos, {name}"] = table(rows[known], labels[known])
        result[f"choice among the lengths of a photo, {name}"] = choice(held, classify)
    result["drawings, network"] = table(*answers(network, drawings(200, SIZE, -1)))
    return result


def samples_of(held: list[Photo]) -> list[Any]:
    """Return photos as inputs of the network, with their labels."""
    return [(p.view(SIZE), np.array(p.labels, dtype=np.int64)) for p in held]
