"""Coverage of regions about random points (TARP; Lemos et al. 2023)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays import Floats, floats
from ..errors import warn_unused
from ..tensors import Numbers, fresh_seed, give, is_torch
from .sbc import draws_for, uniform_p_value


def l2(x: Floats, y: Floats) -> Floats:
    """The Euclidean distance along the last axis."""
    return np.asarray(np.sqrt(((x - y) ** 2).sum(axis=-1)))


def l1(x: Floats, y: Floats) -> Floats:
    """The sum of absolute differences along the last axis."""
    return np.asarray(np.abs(x - y).sum(axis=-1))


def run_tarp(
    thetas: Any,
    xs: Any,
    posterior: Any,
    references: Any = None,
    num_posterior_samples: int = 1000,
    num_workers: int = 1,
    show_progress_bar: bool = True,
    distance: Callable[..., Any] = l2,
    num_bins: int | None = None,
    z_score_theta: bool = True,
    use_batched_sampling: bool = True,
) -> tuple[Numbers, Numbers]:
    """Expected coverage of regions about random reference points.

    Parameters
    ----------
    thetas, xs : array_like or tensor
        Parameters from the prior and their data, one row a simulation.
    posterior : posterior
        What is tested.
    references : array_like or tensor, optional
        Reference points, one a simulation; uniform in the box of the parameters unless given.
    num_posterior_samples : int
        How many draws of each posterior.
    distance : callable
        Of two arrays along their last axis.
    num_bins : int, optional
        In how many steps of the credible level; a tenth of the number of simulations unless given.

    Returns
    -------
    ecp, alpha : array or tensor
        Expected coverage, and the credible level from 0 to 1.
    """
    warn_unused(
        "run_tarp",
        {"num_workers": num_workers, "use_batched_sampling": use_batched_sampling},
        {"num_workers": 1, "use_batched_sampling": True},
    )
    truth, draws, torch = draws_for(thetas, xs, posterior, num_posterior_samples)
    points = None if references is None else floats(references, "references")
    ecp, alpha = coverage(
        draws, truth, points, distance, num_bins, z_score_theta, fresh_seed(torch)
    )
    return give(ecp, torch), give(alpha, torch)


def coverage(
    draws: Floats,
    truth: Floats,
    references: Floats | None,
    distance: Callable[..., Any],
    num_bins: int | None,
    z_score: bool,
    seed: int = 1,
) -> tuple[Floats, Floats]:
    """Expected coverage at levels from 0 to 1, of draws of shape (draws, simulations, parameters)."""
    if references is None:
        low, high = truth.min(axis=0), truth.max(axis=0)
        references = np.random.default_rng(seed).uniform(low, high, size=truth.shape)
    if references.shape != truth.shape:
        raise ValueError(
            f"references: given an array of shape {references.shape}, expected {truth.shape}."
        )
    if z_score:
        mean, sd = truth.mean(axis=0), truth.std(axis=0)
        sd = np.where(sd > 0, sd, 1.0)
        draws, truth, references = ((v - mean) / sd for v in (draws, truth, references))
    nearer = np.asarray(distance(draws, references)) < np.asarray(distance(truth, references))
    share = nearer.mean(axis=0)
    bins = num_bins or max(len(truth) // 10, 2)
    alpha = np.linspace(0.0, 1.0, bins + 1)
    counts, _ = np.histogram(share, bins=alpha)
    return np.concatenate([[0.0], np.cumsum(counts) / len(share)]), alpha


def check_tarp(ecp: Any, alpha: Any) -> tuple[Any, Any]:
    """The area to the curve, and the p-value of the curve.

    Returns
    -------
    atc : float or tensor
        The sum of ecp − α above the middle: 0 if calibrated, positive if too wide, negative if too narrow.
    ks_prob : float
        The p-value of Kolmogorov and Smirnov's test that the curve is the diagonal, as if from as many
        numbers as it has steps.
    """
    curve, levels = floats(ecp, "ecp"), floats(alpha, "alpha")
    middle = len(levels) // 2
    atc = float((curve[middle:] - levels[middle:]).sum())
    return give(np.array(atc), is_torch(ecp, alpha)), uniform_p_value(curve)


def _run_tarp(
    posterior_samples: Any,
    thetas: Any,
    references: Any = None,
    distance: Callable[..., Any] = l2,
    num_bins: int | None = None,
    z_score_theta: bool = False,
) -> tuple[Numbers, Numbers]:
    """The same from draws, of shape (draws, simulations, parameters)."""
    torch = is_torch(posterior_samples, thetas)
    points = None if references is None else floats(references, "references")
    ecp, alpha = coverage(
        floats(posterior_samples, "posterior_samples"),
        floats(thetas, "thetas"),
        points,
        distance,
        num_bins,
        z_score_theta,
        fresh_seed(torch),
    )
    return give(ecp, torch), give(alpha, torch)
