"""What is shipped: the pretrained model and the weights of the region network.

They lie in ``models/`` of the source tree; the package reaches them through the link ``hybridml/pretrained``, which a
wheel holds as files.
"""

from __future__ import annotations

from .vision.number_classifier.pretrained import FOLDER

MODEL = FOLDER / "hybridml.joblib"
"""The pretrained artifact."""
