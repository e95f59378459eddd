"""TODO."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "pretrained"


REGIONS = FOLDER / "regions-resnet50.pt"
"""Our own weights of the ResNet-50 that sees the photo around each number."""
