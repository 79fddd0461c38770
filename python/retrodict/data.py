"""What a simulator returns, as rows of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .arrays import Floats, floats


class NoRows(ValueError):
    """What came back is not one row for each row of parameters."""


def row(value: Any) -> tuple[Floats, list[str] | None]:
    """One simulation's data, flattened, and their names if they have any."""
    names = None
    if isinstance(value, Iterator):
        value = list(value)
    if value is None:
        raise ValueError("the simulator returned nothing (None)")
    if isinstance(value, Mapping):
        parts = [floats(item, str(key)) for key, item in value.items()]
        names = _numbered(list(value), [part.size for part in parts])
        return np.concatenate([part.ravel() for part in parts]) if parts else np.empty(0), names
    if _has_index(value):
        names = [str(name) for name in value.index]
        value = value.to_numpy()
    if isinstance(value, (tuple, list)) and any(np.ndim(item) > 0 for item in value):
        parts = [floats(item, "data").ravel() for item in value]
        return np.concatenate(parts), names
    return floats(value, "data").ravel(), names


def rows(value: Any, n: int) -> tuple[Floats, list[str] | None]:
    """The data of ``n`` simulations, of shape (n, data), and their names if they have any."""
    names = None
    if isinstance(value, Iterator):
        value = list(value)
    if isinstance(value, Mapping):
        parts = [_tall(item, n, str(key)) for key, item in value.items()]
        names = _numbered(list(value), [part.shape[1] for part in parts])
        if not parts:
            raise NoRows("the simulator returned no data")
        return np.concatenate(parts, axis=1), names
    if hasattr(value, "columns") and hasattr(value, "to_numpy"):
        names = [str(name) for name in value.columns]
        value = value.to_numpy()
    if isinstance(value, (list, tuple)) and len(value) == n and not _is_plain(value):
        found = [row(item) for item in value]
        lengths = {len(data) for data, _ in found}
        if len(lengths) != 1:
            raise NoRows(f"the simulator returned rows of {sorted(lengths)} numbers")
        return np.stack([data for data, _ in found]), found[0][1]
    return _tall(value, n, "data"), names


def _tall(value: Any, n: int, what: str) -> Floats:
    array = floats(value, what)
    if array.ndim == 0 or len(array) != n:
        raise NoRows(
            f"the simulator returned an array of shape {array.shape} for {n} rows of parameters"
        )
    return array.reshape(n, int(np.prod(array.shape[1:])))


def _is_plain(value: Any) -> bool:
    return all(isinstance(item, (int, float, np.ndarray, np.number)) for item in value)


def _has_index(value: Any) -> bool:
    return hasattr(value, "to_numpy") and hasattr(value, "index") and not callable(value.index)


def _numbered(names: list[Any], sizes: list[int]) -> list[str]:
    return [
        str(name) if size == 1 else f"{name}_{j + 1}"
        for name, size in zip(names, sizes)
        for j in range(size)
    ]
