"""Scores of a LightGBM model, by LightGBM's C interface.

LightGBM's Python package imports scikit-learn and SciPy: a second and 100 MB that ranking stored features needs for
nothing. Its library, which computes the scores either way, is loaded here by itself.

References
----------
https://lightgbm.readthedocs.io/en/stable/C-API.html
"""

from __future__ import annotations

import ctypes
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hybridml.errors import HybridmlError

FLOAT32 = 0
RAW = 1
CONTRIBUTIONS = 3
GAIN = 1
ALL = -1


class Booster:
    """A LightGBM model.

    Parameters
    ----------
    text : str
        LightGBM's own model text.

    Raises
    ------
    HybridmlError
        When LightGBM cannot read it.
    """

    def __init__(self, text: str) -> None:
        self._handle = ctypes.c_void_p()
        rounds = ctypes.c_int(0)
        _call(
            "LGBM_BoosterLoadModelFromString",
            ctypes.c_char_p(text.encode()),
            ctypes.byref(rounds),
            ctypes.byref(self._handle),
        )
        columns = ctypes.c_int(0)
        _call("LGBM_BoosterGetNumFeature", self._handle, ctypes.byref(columns))
        self.columns = columns.value

    def __del__(self) -> None:
        if self._handle:
            _library().LGBM_BoosterFree(self._handle)

    def score(self, X: npt.NDArray[Any], threads: int = 1) -> npt.NDArray[np.float64]:
        """Return one raw score per line of a table (n, columns)."""
        return self._predict(X, RAW, 1, threads)[:, 0]

    def contributions(self, X: npt.NDArray[Any], threads: int = 1) -> npt.NDArray[np.float64]:
        """Return what each column added to the raw score of each line: (n, columns + 1), the last the mean score.

        A line's contributions add up to its score.

        References
        ----------
        Lundberg et al., "Consistent Individualized Feature Attribution for Tree Ensembles", arXiv:1802.03888.
        """
        return self._predict(X, CONTRIBUTIONS, self.columns + 1, threads)

    def _predict(self, X: npt.NDArray[Any], kind: int, width: int, threads: int) -> npt.NDArray[np.float64]:
        table = np.ascontiguousarray(X, dtype=np.float32)
        if table.ndim != 2 or table.shape[1] != self.columns:
            raise HybridmlError(
                f"a ranker of {self.columns} columns cannot score a table of shape {table.shape}"
            )
        found = np.zeros((len(table), width))
        if not len(table):
            return found
        written = ctypes.c_int64(0)
        _call(
            "LGBM_BoosterPredictForMat",
            self._handle,
            table.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_int(FLOAT32),
            ctypes.c_int32(table.shape[0]),
            ctypes.c_int32(table.shape[1]),
            ctypes.c_int(1),  # line by line
            ctypes.c_int(kind),
            ctypes.c_int(0),
            ctypes.c_int(ALL),
            ctypes.c_char_p(f"num_threads={threads}".encode()),
            ctypes.byref(written),
            found.ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
        )
        return found

    def gain(self) -> npt.NDArray[np.float64]:
        """Return the total gain of each column's splits."""
        gain = np.zeros(self.columns)
        _call(
            "LGBM_BoosterFeatureImportance",
            self._handle,
            ctypes.c_int(ALL),
            ctypes.c_int(GAIN),
            gain.ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
        )
        return gain


def _call(function: str, *arguments: Any) -> None:
    """Call a function of the library; raise an error with what it says when it fails."""
    library = _library()
    if getattr(library, function)(*arguments):
        raise HybridmlError(f"LightGBM: {library.LGBM_GetLastError().decode(errors='replace')}")


@cache
def _library() -> ctypes.CDLL:
    """Return LightGBM's library, the one that its Python package loads."""
    spec = find_spec("lightgbm")
    folders = spec.submodule_search_locations if spec else None
    found = [path for folder in folders or () for path in sorted(Path(folder).glob("*/lib_lightgbm.*"))]
    if found:
        library = ctypes.CDLL(str(found[0]))
    else:
        from lightgbm import basic  # packaged otherwise: it knows where

        library = basic._LIB
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    library.LGBM_BoosterFree.argtypes = [ctypes.c_void_p]
    return library
