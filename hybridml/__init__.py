"""Reads physical quantities (weight, volume, dimensions, voltage, wattage) off product photos."""

from ._version import __version__

__all__ = ["__version__"]
