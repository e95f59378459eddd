"""The number classifier: a ResNet-50 that says what each number on a photo labels, from the lines drawn around it."""

from .classifier import NumberClassifier
from .inputs import CLASSES

__all__ = ["CLASSES", "NumberClassifier"]
