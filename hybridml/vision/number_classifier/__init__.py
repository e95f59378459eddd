"""The number classifier: a ResNet-50 that predicts what each number on a photo measures from the lines around it."""

from .classifier import NumberClassifier
from .inputs import CLASSES

__all__ = ["CLASSES", "NumberClassifier"]
