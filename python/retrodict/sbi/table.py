"""The simulations of a trainer, round after round."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Floats, floats


@dataclass
class Round:
    """What was simulated at once; ``proposal`` is ``None`` if the parameters come from the prior."""

    theta: Floats
    x: Floats
    proposal: Any
    number: int


def as_theta(theta: Any) -> Floats:
    """Parameters, one row a simulation."""
    array = floats(theta, "theta")
    if array.ndim == 1:
        array = array.reshape(-1, 1)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(
            f"theta: given an array of shape {array.shape}, expected (simulations, parameters)."
        )
    if not np.isfinite(array).all():
        raise ValueError("theta: given numbers that are not finite, expected parameters.")
    return array


def as_x(x: Any, n: int) -> tuple[Floats, tuple[int, ...]]:
    """Data, flattened to one row a simulation, and the shape of one simulation's data."""
    array = floats(x, "x")
    if array.ndim == 1:
        array = array.reshape(-1, 1)
    if len(array) != n:
        raise ValueError(
            f"theta and x: given {n} and {len(array)} rows, expected as many of one as of the other."
        )
    return array.reshape(n, -1), array.shape[1:]


def observed(x: Any, shape: tuple[int, ...], what: str = "x") -> Floats:
    """Data as one row an observation or trial."""
    array = floats(x, what)
    width = int(np.prod(shape))
    if array.size == width:
        return array.reshape(1, width)
    if array.ndim >= 2 and array.shape[1:] == shape:
        return array.reshape(len(array), width)
    if array.ndim >= 2 and len(array) and array[0].size == width:
        return array.reshape(len(array), width)
    if array.ndim == 1 and width == 1 and array.size:
        return array.reshape(-1, 1)
    raise ValueError(
        f"{what}: given an array of shape {array.shape}, expected {shape} for one observation, or one a row."
    )


def valid_rows(x: Floats, exclude: bool | None, learns_posterior: bool) -> Any:
    """Which rows are learned from.

    What learns a posterior may leave simulations that failed out: it is then the posterior given that a
    simulation succeeds. A likelihood or a ratio would be wrong without them, so that has to be asked for.
    """
    valid = np.isfinite(x).all(axis=1)
    failed = int((~valid).sum())
    if failed == 0 or exclude is True:
        return valid
    if not learns_posterior or exclude is False:
        raise ValueError(
            f"x: {failed} of {len(x)} simulations have data that are not finite. What is learned without them "
            "is biased where failing depends on the parameters. Give exclude_invalid_x=True to leave them out, "
            "or learn where simulations succeed with RestrictionEstimator."
        )
    warnings.warn(
        f"{failed} of {len(x)} simulations have data that are not finite. They are left out: the posterior is "
        "that given that a simulation succeeds.",
        stacklevel=4,
    )
    return valid
