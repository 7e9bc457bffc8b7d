"""Pickled arrays and plain containers, read without running anything that a file asks for.

A pickle names functions to be called. Here only the few names that arrays are written with are known,
and each stands for code of ours that checks what it is given; numpy's own would trust it.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnbench.errors import DataError


class _Dtype:
    """Stands for ``numpy.dtype``: of numbers only."""

    def __init__(self, name: str, *flags: object) -> None:
        self.dtype = np.dtype(str(name))
        if self.dtype.kind not in "biuf":
            raise pickle.UnpicklingError(f"an array of {self.dtype}, not of numbers")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.dtype = self.dtype.newbyteorder("=" if state[1] == "|" else state[1])


class _Array:
    """Stands for an array until its content is there."""

    def __init__(self, *empty: object) -> None:
        self.values: NDArray[Any] = np.empty(0)

    def __setstate__(self, state: tuple[int, tuple[int, ...], _Dtype, bool, bytes | str]) -> None:
        _, shape, kind, by_columns, content = state
        data = content.encode("latin1") if isinstance(content, str) else content
        self.values = np.frombuffer(data, kind.dtype).reshape(shape, order="F" if by_columns else "C")


def _encode(text: str, encoding: str) -> bytes:
    """Stand for ``_codecs.encode``: how Python 3 writes bytes for Python 2."""
    return text.encode(encoding)


_KNOWN = {
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): None,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("_codecs", "encode"): _encode,
}
"""The names that arrays are written with, by numpy before version 2 and after."""


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _KNOWN[module, name]


def load_plain(path: Path) -> dict[str, Any]:
    """Read a pickled dict of arrays of numbers and plain containers; bytes of Python 2 become text.

    Raises:
        DataError: It holds something else. Nothing of it has been run.
    """
    with path.open("rb") as file:
        try:
            found = _Plain(file, encoding="latin1").load()
        except pickle.UnpicklingError as error:
            hint = "only arrays of numbers and plain containers are read: it may be made to run code"
            raise DataError(f"{path} cannot be read: {error}", hint) from error
    if not isinstance(found, dict):
        raise DataError(f"{path} holds a {type(found).__name__}, not a dict", "it is not a batch of images")
    return {key: value.values if isinstance(value, _Array) else value for key, value in found.items()}
