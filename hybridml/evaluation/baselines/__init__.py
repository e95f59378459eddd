"""The systems that hybridml is compared with, by name; a system of one's own is named as ``module:Class``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from hybridml.utils.registry import SettingsError, build

from .ranker import PARTS, RankerSystem
from .rules import RULES, First, Largest, LineAngle, Rule, answer, first, largest, line_angle
from .system import Given, System
from .tabular import MODELS, TabularRegression

__all__ = [
    "DEFAULT_SYSTEMS",
    "RULES",
    "SYSTEMS",
    "Given",
    "RankerSystem",
    "Rule",
    "System",
    "TabularRegression",
    "answer",
    "create",
    "first",
    "largest",
    "line_angle",
]


def _heavy(module: str, name: str, **settings: Any) -> System:
    """Create a system whose module imports torch or more."""
    made: System = getattr(import_module(f".{module}", __name__), name)(**settings)
    return made


SYSTEMS: dict[str, Callable[..., System]] = {
    "first": First,
    "largest": Largest,
    "line-angle": LineAngle,
    **{f"tabular-{model}": partial(TabularRegression, model=model) for model in MODELS},
    "lstm": partial(_heavy, "lstm", "LstmSystem"),
    "vlm": partial(_heavy, "vlm", "VlmSystem"),
    "ranker": RankerSystem,
    **{f"ranker-without-{part}": partial(RankerSystem, without=(part,)) for part in PARTS},
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
"""What is compared unless named: all but ablations, and the vision-language model, whose weights must be named."""


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
