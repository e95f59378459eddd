"""Optional packages: whether they are installed, and the command that installs them."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable

from hybridml.errors import MissingExtraError


def install(extra: str = "read") -> str:
    """Return the command that installs an extra; there is no package of this name on an index yet.

    Examples
    --------
    >>> print(install("explore"))
    pip install ".[explore]" in a checkout of hybridml
    """
    return f'pip install ".[{extra}]" in a checkout of hybridml'


def lacking(what: str, modules: Iterable[str], extra: str = "read") -> str | None:
    """Return a message that names the first module that is not installed, or None; nothing is imported.

    Parameters
    ----------
    what : str
        What needs the modules, for the message: ``"the OCR engine 'rapidocr'"``.
    modules : iterable of str
        Names of top-level packages.
    extra : str
        The extra that provides them.

    Examples
    --------
    >>> lacking("counting", ["math", "no_such_module"])
    'counting needs no_such_module, which is not installed: pip install ".[read]" in a checkout of hybridml'
    >>> lacking("counting", ["math"]) is None
    True
    """
    for module in modules:
        if importlib.util.find_spec(module) is None:
            return f"{what} needs {module}, which is not installed: {install(extra)}"
    return None


def require(what: str, modules: Iterable[str], extra: str = "read") -> None:
    """Raise :class:`MissingExtraError` with the message of :func:`lacking`, if there is one."""
    if reason := lacking(what, modules, extra):
        raise MissingExtraError(reason)


def missing(what: str, package: str, error: ImportError, extra: str = "read") -> MissingExtraError:
    """Return the error for a package that could not be imported.

    Parameters
    ----------
    what : str
        What needs it, for the message.
    package : str
        The name under which it is installed: ``"Pillow"``.
    error : ImportError
        The error that the import raised; for an installed package that does not load, the message repeats it.
    extra : str
        The extra that provides it.

    Examples
    --------
    >>> print(missing("decoding photos", "Pillow", ModuleNotFoundError()))
    decoding photos needs Pillow, which is not installed: pip install ".[read]" in a checkout of hybridml
    >>> print(missing("ResNet-50", "torch", ImportError("libgomp.so.1: cannot open shared object file")))
    ResNet-50 needs torch, which does not load (libgomp.so.1: cannot open shared object file): pip install ...
    """
    why = "is not installed" if isinstance(error, ModuleNotFoundError) else f"does not load ({error})"
    return MissingExtraError(f"{what} needs {package}, which {why}: {install(extra)}")
