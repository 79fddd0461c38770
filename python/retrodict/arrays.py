"""Anything that holds numbers, as arrays of ``float64`` with two axes.

Everything that comes from a user passes through here: numpy arrays of any type, stride and order, lists,
dictionaries, rows and frames of pandas, tensors of torch and JAX. What cannot be numbers is a ``ValueError``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


def floats(value: Any, what: str) -> Floats:
    """Numbers of any kind as a new or the same array of ``float64``, C-contiguous, its shape kept."""
    array = _array(value, what)
    if array.dtype.name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        array = array.astype(np.float64)
    if array.dtype.kind not in "fiub":
        raise ValueError(
            f"{what}: given {_words(array)}, expected real numbers. "
            "Give an array, a list or a tensor of numbers."
        )
    return np.require(array, np.float64, ["C", "ALIGNED"]).reshape(array.shape)


def _array(value: Any, what: str) -> NDArray[Any]:
    if isinstance(value, np.ndarray):
        return np.asarray(value)
    if isinstance(value, Mapping):
        value = [_array(item, what) for item in value.values()]
    try:
        if hasattr(value, "__dlpack__") and not isinstance(value, np.generic):
            return _from_dlpack(value)
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError, BufferError) as error:
        raise ValueError(
            f"{what}: given {type(value).__name__}, expected numbers ({error}). "
            "Give an array, a list or a tensor of numbers, all rows of the same length."
        ) from None
    if array.dtype == object:
        # Rows that are tensors, Series or missing values.
        try:
            array = array.astype(np.float64)
        except (ValueError, TypeError):
            pass
    return array


def _from_dlpack(value: Any) -> NDArray[Any]:
    # A tensor of torch that has a gradient gives it up, and one on another device comes here.
    if hasattr(value, "detach"):
        value = value.detach()
        if hasattr(value, "cpu"):
            value = value.cpu()
    unknown = (BufferError, RuntimeError, TypeError, ValueError, AttributeError)
    try:
        return np.asarray(np.from_dlpack(value))
    except unknown:
        pass
    try:
        return np.asarray(value)
    except unknown:
        # A kind of numbers that numpy has not, such as torch's bfloat16.
        return np.asarray(value.float())


def _words(array: NDArray[Any]) -> str:
    if array.dtype == object:
        return "objects"
    if array.dtype.kind in "US":
        return "text"
    return f"numbers of type {array.dtype}"


def matrix(value: Any, columns: int, names: Sequence[str], what: str) -> Floats:
    """Rows × ``columns``. One axis is one row, or one column where there is only one."""
    value = by_name(value, names)
    array = floats(value, what)
    if array.ndim == 1 and columns == 1:
        array = array.reshape(-1, 1)
    elif array.ndim == 1 and array.size == columns:
        array = array.reshape(1, -1)
    elif array.ndim == 0 and columns == 1:
        array = array.reshape(1, 1)
    if array.ndim != 2 or array.shape[1] != columns:
        raise ValueError(
            f"{what}: given an array of shape {array.shape}, expected rows of {columns}: "
            f"{shortened(names)}. Give an array of shape (n, {columns})."
        )
    return array


def by_name(value: Any, names: Sequence[str]) -> Any:
    """Dictionaries, Series and frames with these names: in this order."""
    if isinstance(value, Mapping) or hasattr(value, "columns") or hasattr(value, "index"):
        keys = _keys(value)
        if keys is not None and set(names) <= set(keys):
            columns = [_column(value, name) for name in names]
            return np.stack([floats(column, name) for column, name in zip(columns, names)], axis=-1)
    if not isinstance(value, np.ndarray) and hasattr(value, "to_numpy"):
        return getattr(value, "to_numpy")()
    return value


def _keys(value: Any) -> list[Any] | None:
    if isinstance(value, Mapping):
        return list(value)
    if hasattr(value, "columns"):
        return list(value.columns)
    index = value.index
    return None if callable(index) else list(index)


def _column(value: Any, name: str) -> Any:
    column = value[name]
    return column.to_numpy() if hasattr(column, "to_numpy") else column


def shortened(names: Sequence[str], most: int = 6) -> str:
    """The names, or the first of them and how many more there are."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def whole(value: Any, what: str, least: int = 0, most: int = 2**63 - 1) -> int:
    """A whole number within bounds."""
    try:
        number = int(value) if not isinstance(value, (str, bytes)) else None
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None or number != value or not least <= number <= most:
        limit = "" if most == 2**63 - 1 else f" and at most {most}"
        raise ValueError(
            f"{what}: given {value!r}, expected a whole number of at least {least}{limit}."
        )
    return number


def blocks(n: int, size: int) -> Iterator[slice]:
    """Slices of ``size`` rows that cover ``n``."""
    return (slice(start, min(start + size, n)) for start in range(0, n, size))
