"""Tensors of torch in, tensors out; arrays in, arrays out.

Torch is never imported unless somebody has given one of its objects, so that it is there already.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import Floats, floats

#: What is returned is a tensor or an array, as the user's own objects are.
Numbers = Any


def is_torch(*values: Any) -> bool:
    """Whether one of them is a tensor or another object of torch."""
    if "torch" not in sys.modules:
        return False
    return any(_is_torch(value) for value in values)


def _is_torch(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_is_torch, value))
    if getattr(value, "torch", None) is True:
        return True
    return any(kind.__module__.split(".")[0] == "torch" for kind in type(value).__mro__)


def give(array: Any, torch: bool) -> Numbers:
    """The numbers as a tensor of torch's default type, or as they are."""
    if not torch:
        return np.asarray(array)
    import torch as library

    return library.as_tensor(np.ascontiguousarray(array), dtype=library.get_default_dtype())


def give_theta(theta: Floats, torch: bool, limits: Sequence[tuple[float, float]]) -> Numbers:
    """Parameters; rounding to single precision takes none of them out of the prior's support."""
    if not torch:
        return theta
    rounded = theta.astype(np.float32)
    low, high = (np.array(ends) for ends in zip(*limits))
    rounded = np.where(rounded < low, np.nextafter(rounded, np.float32(np.inf)), rounded)
    rounded = np.where(rounded > high, np.nextafter(rounded, np.float32(-np.inf)), rounded)
    return give(rounded, True)


def count(sample_shape: Any) -> tuple[tuple[int, ...], int]:
    """A sample shape, ``(1000,)`` or ``1000`` or ``torch.Size([])``, and how many draws it is."""
    if isinstance(sample_shape, (int, np.integer)):
        sample_shape = (sample_shape,)
    shape = tuple(int(k) for k in sample_shape)
    if any(k < 0 for k in shape):
        raise ValueError(f"sample_shape: given {shape}, expected numbers of draws.")
    return shape, int(np.prod(shape)) if shape else 1


def rows(value: Any, width: int, what: str) -> tuple[Floats, tuple[int, ...]]:
    """Numbers as rows of ``width``, and the shape of the axes before."""
    array = floats(value, what)
    if array.ndim == 0 and width == 1:
        return array.reshape(1, 1), ()
    if width == 1 and array.ndim == 1:
        return array.reshape(-1, 1), array.shape
    if array.ndim == 0 or array.shape[-1] != width:
        raise ValueError(
            f"{what}: given an array of shape {array.shape}, expected rows of {width}. "
            f"Give an array of shape (n, {width})."
        )
    return array.reshape(-1, width), array.shape[:-1]


def fresh_seed(torch: bool) -> int:
    """A seed from the global generator that the user seeds: torch's where tensors are given, otherwise NumPy's.

    So draws differ from call to call, and ``torch.manual_seed`` or ``numpy.random.seed`` repeats them.
    """
    if torch:
        import torch as library

        return int(library.randint(0, 2**62, ()).item())
    return int(np.random.randint(0, 2**62, dtype=np.int64))
