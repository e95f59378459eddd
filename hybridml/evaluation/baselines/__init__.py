"""Baselines: the systems that can be compared, by name; a system of your own is named as ``module:Class``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

from hybridml.utils.optional import require
from hybridml.utils.registry import SettingsError, build

from .ranker import ABLATIONS, RankerSystem
from .rules import RULES, First, Largest, LineAngle, answer
from .system import Dataset, System
from .tabular import MODELS, TabularRegression

__all__ = [
    "DEFAULT_SYSTEMS",
    "RULES",
    "SYSTEMS",
    "Dataset",
    "RankerSystem",
    "System",
    "TabularRegression",
    "answer",
    "create",
]


def _imported(module: str, name: str, packages: Sequence[str], /, **settings: Any) -> System:
    """Create a system whose module is imported only when the system is used."""
    require(f"the system {module!r}", packages)
    made: System = getattr(import_module(f".{module}", __name__), name)(**settings)
    return made


SYSTEMS: dict[str, Callable[..., System]] = {
    "first": First,
    "largest": Largest,
    "line-angle": LineAngle,
    **{f"tabular-{model}": partial(TabularRegression, model=model) for model in MODELS},
    "lstm": partial(_imported, "lstm", "LstmSystem", ("torch",)),
    "vlm": partial(_imported, "vlm", "VlmSystem", ()),
    "ranker": RankerSystem,
    **{f"ranker-without-{name}": partial(RankerSystem, without=(name,)) for name in ABLATIONS},
}
"""The packaged systems."""

DEFAULT_SYSTEMS = (
    "first",
    "largest",
    "line-angle",
    *(f"tabular-{model}" for model in MODELS),
    "lstm",
    "ranker",
)
"""The systems compared by default: all but the ablations and the vision-language model, whose weights must be named."""


def create(name: str, **settings: Any) -> System:
    """Create the system called ``name``.

    Parameters
    ----------
    name : str
        A key of :data:`SYSTEMS`, or ``"module:Class"`` of your own.
    **settings
        Parameters of that system.

    Raises
    ------
    SettingsError
        When the name or a setting is not known, or the class is no system.

    Examples
    --------
    >>> create("tabular-forest", trees=50)
    TabularRegression(model='forest', trees=50)
    """
    made = build("system", name, SYSTEMS, settings)
    if not isinstance(made, System):
        raise SettingsError(
            f"system {name!r}: expected a subclass of hybridml.evaluation.baselines.System, got {type(made).__name__}"
        )
    return made
