"""The number classifier: a ResNet-50 that says what each number on a photo labels, from the lines drawn around it."""

from .classifier import NumberClassifier, default_weights
from .inputs import CLASSES, SIZE, View, look_at

__all__ = ["CLASSES", "SIZE", "NumberClassifier", "View", "default_weights", "look_at"]
