"""The weights of the number classifier that come with the package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

FOLDER = Path(str(resources.files("hybridml"))) / "pretrained"
"""Folder of everything that was trained and comes with the package."""

NUMBER_CLASSIFIER = FOLDER / "number-classifier-resnet50.pt"
"""Our own weights of the ResNet-50 that sees the photo around each number."""
