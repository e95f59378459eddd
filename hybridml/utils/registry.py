"""Plugins chosen by name: the packaged ones, and a user's own as ``module:name``; and checks of their settings."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from hybridml.errors import HybridmlError, MissingExtraError

Plugin = TypeVar("Plugin")
Settings = TypeVar("Settings")


class SettingsError(HybridmlError, ValueError):
    """A name or a setting that is unknown or out of range."""


class MissingPluginError(SettingsError, MissingExtraError):
    """A user's own ``module:name`` that cannot be imported here; its results in a store can still be ranked."""


def build(
    what: str, name: str, known: Mapping[str, Callable[..., Plugin]], settings: Mapping[str, Any]
) -> Plugin:
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
        When the name is unknown or cannot be imported, or the factory does not take these settings.

    Examples
    --------
    >>> build("number", "fractions:Fraction", {}, {"numerator": 3})
    Fraction(3, 1)
    >>> build("number", "no_such_module:Number", {}, {})
    Traceback (most recent call last):
    hybridml.utils.registry.MissingPluginError: number 'no_such_module:Number': cannot import 'no_such_module' ...
    """
    try:
        return named(what, name, known)(**settings)
    except TypeError as error:
        raise SettingsError(f"{what} {name!r} does not take these settings: {error}") from error


def named(what: str, name: str, known: Mapping[str, Callable[..., Plugin]]) -> Callable[..., Plugin]:
    """Return the factory that ``name`` stands for; parameters and errors are those of :func:`build`."""
    if name in known:
        return known[name]
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise SettingsError(
            f"unknown {what} {name!r}; expected one of: {', '.join(sorted(known))}, "
            "or your own as 'module:name'"
        )
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        raise MissingPluginError(
            f"{what} {name!r}: cannot import {module!r} here: {error}. Install it, or put the folder that holds it "
            "on PYTHONPATH"
        ) from error
    except Exception as error:  # a user's module can raise anything
        raise SettingsError(
            f"{what} {name!r}: importing {module!r} fails with {type(error).__name__}: {error}; correct that module"
        ) from error
    try:
        factory: Callable[..., Plugin] = getattr(found, attribute)
    except AttributeError:
        raise SettingsError(
            f"{what} {name!r}: module {module!r} ({getattr(found, '__file__', 'packaged')}) has no {attribute!r}; "
            "correct the name, or the module"
        ) from None
    if not callable(factory):
        raise SettingsError(f"{what} {name!r}: expected something to call, got {factory!r}")
    return factory


def settings_of(kind: type[Settings], what: str, values: Mapping[str, Any]) -> Settings:
    """Return the settings data class ``kind`` made from ``values``; an error names settings that it does not have."""
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
