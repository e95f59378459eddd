"""The versions of what decides a model's answers."""

from __future__ import annotations

import platform
from importlib import metadata

from hybridml import __version__

LIBRARIES = ("lightgbm", "numpy", "scikit-learn")


def installed() -> dict[str, str]:
    """Return the versions of hybridml, Python and the libraries that learning uses, as they are here.

    Examples
    --------
    >>> sorted(installed())
    ['hybridml', 'lightgbm', 'numpy', 'python', 'scikit-learn']
    """
    return {
        "hybridml": __version__,
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in LIBRARIES},
    }
