"""Parts that are chosen by name: the packaged ones, and a user's own as ``module:name``."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from hybridml.errors import HybridmlError, MissingExtraError

Part = TypeVar("Part")
Settings = TypeVar("Settings")


class SettingsError(HybridmlError, ValueError):
    """A part, or a setting of one, that is not known or has no sensible value."""


class MissingPartError(SettingsError, MissingExtraError):
    """A user's own ``module:name`` that cannot be imported here: what the store has of it can be ranked without."""


def build(
    what: str, name: str, known: Mapping[str, Callable[..., Part]], settings: Mapping[str, Any]
) -> Part:
    """Call the factory that ``name`` stands for with ``settings``.

    Parameters
    ----------
    what : str
        What is chosen, for messages: ``"ocr"``.
    name : str
        A key of ``known``, or ``module:name`` of anything importable that can be called with ``settings``.
    known : mapping of str to callable
        The packaged factories.
    settings : mapping
        Keyword arguments of the factory.

    Raises
    ------
    SettingsError
        When the name is not known, cannot be imported, or does not take these settings.

    Examples
    --------
    >>> build("number", "fractions:Fraction", {}, {"numerator": 3})
    Fraction(3, 1)
    >>> build("number", "no_such_module:Number", {}, {})
    Traceback (most recent call last):
    hybridml.utils.registry.MissingPartError: number 'no_such_module:Number': cannot import 'no_such_module' ...
    """
    try:
        return named(what, name, known)(**settings)
    except TypeError as error:
        raise SettingsError(f"{what} {name!r} does not take these settings: {error}") from error


def named(what: str, name: str, known: Mapping[str, Callable[..., Part]]) -> Callable[..., Part]:
    """Return what ``name`` stands for: something of ``known``, or a user's own ``module:name``.

    Parameters
    ----------
    what : str
        What is chosen, for messages.
    name : str
        A key of ``known``, or ``module:name`` of anything importable that can be called.
    known : mapping of str to callable
        The packaged ones.

    Raises
    ------
    SettingsError
        When the name is not known or cannot be imported.
    """
    return known[name] if name in known else _imported(what, name, known)


def _imported(what: str, name: str, known: Mapping[str, object]) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise SettingsError(
            f"unknown {what} {name!r}; expected one of: {', '.join(sorted(known))}, "
            "or your own as 'module:name'"
        )
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        raise MissingPartError(
            f"{what} {name!r}: cannot import {module!r} here: {error}. Install it, or put the folder in which it lies "
            "on PYTHONPATH"
        ) from error
    except Exception as error:  # whatever a module of somebody's own does
        raise SettingsError(
            f"{what} {name!r}: importing {module!r} fails with {type(error).__name__}: {error}; mend that module"
        ) from error
    try:
        factory = getattr(found, attribute)
    except AttributeError:
        raise SettingsError(
            f"{what} {name!r}: module {module!r} ({getattr(found, '__file__', 'packaged')}) has no {attribute!r}; "
            "correct the name, or the module"
        ) from None
    if not callable(factory):
        raise SettingsError(f"{what} {name!r}: expected something to call, got {factory!r}")
    return factory


def settings_of(kind: type[Settings], what: str, values: Mapping[str, Any]) -> Settings:
    """Build the settings data class ``kind`` from ``values``; name the settings that it does not have."""
    names = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(names))
    if unknown:
        raise SettingsError(
            f"{what} has no setting {', '.join(map(repr, unknown))}; it has: {', '.join(sorted(names))}"
        )
    return kind(**values)


def in_range(name: str, value: object, low: float, high: float, whole: bool = False) -> None:
    """Raise :class:`SettingsError` unless ``value`` is a number from ``low`` to ``high``."""
    fits = int if whole else int | float
    if isinstance(value, bool) or not isinstance(value, fits) or not low <= value <= high:
        kind = "a whole number" if whole else "a number"
        raise SettingsError(f"{name} must be {kind} from {low:g} to {high:g}, got {value!r}")


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Raise :class:`SettingsError` unless ``value`` is one of ``allowed``."""
    if value not in allowed:
        raise SettingsError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}")
