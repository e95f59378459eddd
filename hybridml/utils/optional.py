"""Packages that only some parts need: whether they are installed, and what to type where they are not."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable

from hybridml.errors import MissingExtraError


def install(extra: str = "read") -> str:
    """Return what to type to install an extra.

    Examples
    --------
    >>> install("explore")
    'pip install "hybridml[explore]"'
    """
    return f'pip install "hybridml[{extra}]"'


def lacking(what: str, modules: Iterable[str], extra: str = "read") -> str | None:
    """Return that ``what`` needs the first of ``modules`` that is not installed, and what to type; or None.

    Nothing is imported.

    Parameters
    ----------
    what : str
        What needs them, for the message: ``"the reader 'rapidocr'"``.
    modules : iterable of str
        Names to import, of packages at the top level.
    extra : str
        The extra that has them.

    Examples
    --------
    >>> lacking("counting", ["math", "no_such_module"])
    'counting needs no_such_module, which is not installed: pip install "hybridml[read]"'
    >>> lacking("counting", ["math"]) is None
    True
    """
    for module in modules:
        if importlib.util.find_spec(module) is None:
            return f"{what} needs {module}, which is not installed: {install(extra)}"
    return None


def require(what: str, modules: Iterable[str], extra: str = "read") -> None:
    """Raise :class:`MissingExtraError` with what :func:`lacking` returns, unless it returns None."""
    if reason := lacking(what, modules, extra):
        raise MissingExtraError(reason)


def missing(what: str, package: str, error: ImportError, extra: str = "read") -> MissingExtraError:
    """Return the error for a package that was tried and could not be imported.

    Parameters
    ----------
    what : str
        What needs it, for the message.
    package : str
        As one installs it: ``"Pillow"``.
    error : ImportError
        What importing it raised. A package that is there and does not load says why.
    extra : str
        The extra that has it.

    Examples
    --------
    >>> print(missing("decoding photos", "Pillow", ModuleNotFoundError()))
    decoding photos needs Pillow, which is not installed: pip install "hybridml[read]"
    >>> print(missing("ResNet-50", "torch", ImportError("libgomp.so.1: cannot open shared object file")))
    ResNet-50 needs torch, which does not load (libgomp.so.1: cannot open shared object file): pip install ...
    """
    if isinstance(error, ModuleNotFoundError):
        return MissingExtraError(f"{what} needs {package}, which is not installed: {install(extra)}")
    return MissingExtraError(f"{what} needs {package}, which does not load ({error}): {install(extra)}")
