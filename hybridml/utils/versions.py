"""Versions of the packages that a model's answers depend on."""

from __future__ import annotations

import platform
from importlib import metadata

from hybridml import __version__

LEARNING_LIBRARIES = ("lightgbm", "numpy", "scikit-learn")


def installed() -> dict[str, str]:
    """Return the installed versions of hybridml, Python and the libraries that training uses.

    Examples
    --------
    >>> sorted(installed())
    ['hybridml', 'lightgbm', 'numpy', 'python', 'scikit-learn']
    """
    return {
        "hybridml": __version__,
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in LEARNING_LIBRARIES},
    }
