"""Which dimension does a number label? A ResNet-50 that looks at the lines drawn around the texts of a photo."""

from .look import RegionLooker, default_weights
from .view import CLASSES, SIZE, View, look_at

__all__ = ["CLASSES", "SIZE", "RegionLooker", "View", "default_weights", "look_at"]
