"""Densities of some parameters while others stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays import Floats, floats
from ..distributions import NativePrior, as_prior, parts_of, prior_of
from ..errors import not_supported
from ..inference.potentials.potential import Identity
from ..tensors import Numbers, give, is_torch


def grid_density(
    density: Any,
    condition: Floats,
    limits: Floats,
    dims: tuple[int, int],
    resolution: int,
    torch: bool,
) -> Floats:
    """The density on a grid of one or two parameters, highest value one: rows are the first of ``dims``."""
    i, j = dims
    xs, ys = (np.linspace(limits[k, 0], limits[k, 1], resolution) for k in (j, i))
    if i == j:
        points = np.repeat(condition[np.newaxis], resolution, axis=0)
        points[:, i] = xs
    else:
        points = np.repeat(condition[np.newaxis], resolution**2, axis=0)
        points[:, i], points[:, j] = np.repeat(ys, resolution), np.tile(xs, resolution)
    values = floats(log_density(density, give(points, torch)), "density").ravel()
    peak = values.max()
    if not np.isfinite(peak):
        raise ValueError(
            "density: it is zero everywhere in the limits. Give others, or another condition."
        )
    found = np.exp(values - peak)
    return np.asarray(found if i == j else found.reshape(resolution, resolution))


def log_density(density: Any, theta: Any) -> Any:
    """log p(θ), up to a constant, of a posterior, a potential or a distribution."""
    if hasattr(density, "potential"):
        return density.potential(theta)
    if hasattr(density, "log_prob"):
        return density.log_prob(theta)
    return density(theta)


def eval_conditional_density(
    density: Any,
    condition: Any,
    limits: Any,
    dim1: int,
    dim2: int,
    resolution: int = 50,
    eps_margins1: float = 1e-32,
    eps_margins2: float = 1e-32,
    return_raw_log_prob: bool = False,
    warn_about_deprecation: bool = True,
) -> Numbers:
    """The density of one or two parameters on a grid while the others stay at ``condition``.

    Returns
    -------
    array or tensor
        Highest value one; of shape (resolution,) if ``dim1 == dim2``, else (resolution, resolution) with
        ``dim1`` along the first axis. The logarithm of it with ``return_raw_log_prob``.
    """
    at = floats(condition, "condition").reshape(-1)
    ends = floats(limits, "limits").reshape(-1, 2)
    torch = is_torch(condition)
    values = grid_density(density, at, ends, (dim1, dim2), resolution, torch)
    return give(np.log(values) if return_raw_log_prob else values, torch)


def conditional_corrcoeff(
    density: Any,
    limits: Any,
    condition: Any,
    subset: Sequence[int] | None = None,
    resolution: int = 50,
) -> Numbers:
    """The correlation of each pair of parameters while the others stay: the mean over several conditions."""
    conditions = np.atleast_2d(floats(condition, "condition"))
    ends = floats(limits, "limits").reshape(-1, 2)
    chosen = list(range(conditions.shape[1])) if subset is None else list(subset)
    torch = is_torch(condition)
    total = np.zeros((len(chosen), len(chosen)))
    for at in conditions:
        for a, i in enumerate(chosen):
            for b, j in enumerate(chosen):
                if a == b:
                    total[a, b] += 1.0
                elif b > a:
                    weights = grid_density(density, at, ends, (i, j), resolution, torch)
                    value = _correlation(
                        weights, *(np.linspace(ends[k, 0], ends[k, 1], resolution) for k in (i, j))
                    )
                    total[a, b] += value
                    total[b, a] += value
    return give(total / len(conditions), torch)


def _correlation(weights: Floats, first: Floats, second: Floats) -> float:
    weights = weights / weights.sum()
    mean_1, mean_2 = weights.sum(axis=1) @ first, weights.sum(axis=0) @ second
    off_1, off_2 = first - mean_1, second - mean_2
    covariance = off_1 @ weights @ off_2
    return float(
        covariance / np.sqrt((weights.sum(axis=1) @ off_1**2) * (weights.sum(axis=0) @ off_2**2))
    )


class ConditionalPotential:
    """A potential of some parameters while the others stay."""

    def __init__(self, potential_fn: Any, condition: Any, dims: Sequence[int]) -> None:
        self.potential_fn = potential_fn
        self.condition = floats(condition, "condition").reshape(-1)
        self.dims = [int(k) for k in dims]
        self.x_o = getattr(potential_fn, "x_o", None)

    def __call__(self, theta: Any) -> Numbers:
        torch = is_torch(theta)
        given = floats(theta, "theta").reshape(-1, len(self.dims))
        whole = np.repeat(self.condition[np.newaxis], len(given), axis=0)
        whole[:, self.dims] = given
        return self.potential_fn(give(whole, torch))


def conditional_potential(
    potential_fn: Any,
    theta_transform: Any,
    prior: Any,
    condition: Any,
    dims_to_sample: Sequence[int],
) -> tuple[ConditionalPotential, Identity, NativePrior]:
    """The potential, transform and prior of some parameters while the others stay.

    For ``MCMCPosterior(potential_fn, theta_transform=…, proposal=prior)``; draws have the chosen columns only.
    """
    known = as_prior(prior)
    parts = parts_of(known)
    if any(width != 1 for _, width in parts):
        raise not_supported(
            "a conditional of correlated parameters of the prior", "Use eval_conditional_density."
        )
    chosen = prior_of([parts[int(k)] for k in dims_to_sample])
    return (
        ConditionalPotential(potential_fn, condition, dims_to_sample),
        Identity(),
        NativePrior(chosen, known.torch or is_torch(condition)),
    )


class ConditionedMDN:
    """Not supported."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise not_supported("ConditionedMDN", "Use conditional_potential and MCMCPosterior.")
