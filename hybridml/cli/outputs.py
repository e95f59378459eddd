"""The check, before a command does anything, that its outputs overwrite neither its inputs nor each other."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from hybridml.errors import HybridmlError
from hybridml.utils.paths import is_remote, path_of

Paths = Iterable[str | Path]


def paths_given(arguments: argparse.Namespace, *names: str) -> dict[str, list[str]]:
    """Return the paths that a command was given, by option, without the options that it was not given.

    Examples
    --------
    >>> paths_given(argparse.Namespace(rows=["a.csv", "b.csv"], truth=None, model="m"), "rows", "truth", "model")
    {'--rows': ['a.csv', 'b.csv'], '--model': ['m']}
    """
    found = {f"--{name.replace('_', '-')}": getattr(arguments, name) for name in names}
    return {
        option: [value] if isinstance(value, str) else list(value) for option, value in found.items() if value
    }


def check_outputs(reads: Mapping[str, Paths], writes: Mapping[str, Paths]) -> None:
    """Raise HybridmlError where a command would overwrite an input, write one file twice, or write below a file.

    Both mappings are by option. Links are followed before paths are compared. Pipes and devices may be named any number
    of times.
    """
    read = {place: (option, path) for option, path, place in _places(reads)}
    written: dict[str, str] = {}
    for option, path, place in _places(writes):
        _check_folder(option, path_of(path))
        if place in read:
            other, name = read[place]
            through = "" if str(name) == str(path) else f" (as {path})"
            raise HybridmlError(
                f"{option} would overwrite {name}{through}, which {other} reads; name another place to write to"
            )
        if place in written:
            both = " and ".join(dict.fromkeys((written[place], option)))
            raise HybridmlError(f"{both} would write two files to {path}; name a place for each")
        written[place] = option


def _places(paths_of: Mapping[str, Paths]) -> Iterator[tuple[str, str | Path, str]]:
    """Yield option, path, and the place that is the same for all paths to one file."""
    for option, paths in paths_of.items():
        for path in paths:
            place = path_of(path)
            if is_remote(place):
                yield option, path, str(place)
            elif not os.path.exists(place) or os.path.isfile(place) or os.path.isdir(place):
                yield option, path, os.path.realpath(place)


def _check_folder(option: str, place: Path) -> None:
    if is_remote(place):
        return
    there = next((folder for folder in place.parents if os.path.exists(folder)), None)
    if there is not None and not os.path.isdir(there):
        raise HybridmlError(f"{option}: {there} is a file; give a folder in its place")
