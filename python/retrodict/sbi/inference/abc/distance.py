"""Distances of simulated data from observed ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ....arrays import Floats, floats
from ...errors import not_supported
from ...tensors import give

#: (observed, simulated rows) ↦ one distance a row.
Distance = Callable[[Floats, Floats], Floats]


def distance_of(name: Any, torch: bool) -> Distance:
    """A distance by its name, or a function ``(x_o, x) -> distances`` of the user's."""
    if callable(name):

        def own(x_o: Floats, x: Floats) -> Floats:
            return floats(name(give(x_o, torch), give(x, torch)), "distance").reshape(len(x))

        return own
    if name == "l1":
        return lambda x_o, x: np.asarray(np.abs(x - x_o).reshape(len(x), -1).mean(axis=1))
    if name == "l2":
        return lambda x_o, x: np.asarray(np.sqrt(((x - x_o) ** 2).reshape(len(x), -1).sum(axis=1)))
    if name == "mse":
        return lambda x_o, x: np.asarray(((x - x_o) ** 2).reshape(len(x), -1).mean(axis=1))
    raise not_supported(
        f"distance={name!r}",
        "Use 'l1', 'l2', 'mse' or a function, or retrodict.infer with method='abc_rejection' and "
        "abc={'distance': {'kind': 'wasserstein'}}, 'mmd' or 'energy'.",
    )
