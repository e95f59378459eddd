"""Which dimension does a number label? A ResNet-50 that looks at the lines drawn around the texts of a photo."""

from .classifier import NumberClassifier, default_weights
from .inputs import CLASSES, SIZE, View, look_at

__all__ = ["CLASSES", "SIZE", "NumberClassifier", "View", "default_weights", "look_at"]
