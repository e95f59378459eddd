"""The system published as CNN, OCR and LSTM: tokens and ResNet-50 features to number and unit, in torch."""

from .system import LstmSystem

__all__ = ["LstmSystem"]
