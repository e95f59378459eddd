"""What is shipped: the pretrained model and the weights of the region network.

They lie in ``models/`` of the source tree; the package reaches them through the link ``hybridml/pretrained``, which a
wheel holds as files.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "pretrained"

MODEL = FOLDER / "hybridml.joblib"
"""The pretrained artifact."""

REGIONS = FOLDER / "regions-resnet50.pt"
"""Our own weights of the ResNet-50 that sees the photo around each number."""
