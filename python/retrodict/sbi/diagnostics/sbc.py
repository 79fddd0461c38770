"""Simulation-based calibration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any

import numpy as np

from ...arrays import Floats, floats
from ..errors import warn_unused
from ..tensors import Numbers, give, is_torch
from ..utils.metrics import c2st


def draws_for(
    thetas: Any, xs: Any, posterior: Any, n: int, batched: bool = True
) -> tuple[Floats, Floats, bool]:
    """True parameters, and draws of each posterior, of shape (draws, simulations, parameters)."""
    torch = is_torch(thetas, xs)
    truth = floats(thetas, "thetas")
    if truth.ndim != 2 or len(truth) != len(xs):
        raise ValueError(
            f"thetas and xs: given {truth.shape} and {np.shape(xs)}, expected one row a simulation in both."
        )
    draws = floats(posterior.sample_batched((n,), x=xs), "draws")
    if draws.shape != (n, *truth.shape):
        raise ValueError(
            f"posterior: it gave draws of shape {draws.shape}, expected {(n, *truth.shape)}."
        )
    return truth, draws, torch


def run_sbc(
    thetas: Any,
    xs: Any,
    posterior: Any,
    num_posterior_samples: int = 1000,
    reduce_fns: Any = "marginals",
    num_workers: int = 1,
    show_progress_bar: bool = True,
    use_batched_sampling: bool = True,
    **kwargs: Any,
) -> tuple[Numbers, Numbers]:
    """Ranks of true parameters among draws of their posteriors.

    Parameters
    ----------
    thetas, xs : array_like or tensor
        Parameters from the prior and their data, one row a simulation, never trained on.
    posterior : posterior
        What is tested.
    num_posterior_samples : int
        How many draws each true parameter is compared with.
    reduce_fns : "marginals" or callable or list of callables
        What is ranked: each parameter, or functions ``(theta, x) -> number`` of rows of θ. For the coverage of
        regions of highest density: ``lambda theta, x: -posterior.log_prob(theta, x)``.

    Returns
    -------
    ranks : array or tensor
        Of shape (simulations, what is ranked): how many draws are smaller.
    dap_samples : array or tensor
        One draw of each posterior: together they are distributed as the prior.
    """
    warn_unused(
        "run_sbc",
        {"num_workers": num_workers, "use_batched_sampling": use_batched_sampling, **kwargs},
        {"num_workers": 1, "use_batched_sampling": True},
    )
    truth, draws, torch = draws_for(thetas, xs, posterior, num_posterior_samples)
    if isinstance(reduce_fns, str):
        if reduce_fns != "marginals":
            raise ValueError(
                f"reduce_fns: given {reduce_fns!r}, expected 'marginals' or functions."
            )
        ranks = (draws < truth).sum(axis=0).astype(np.float64)
    else:
        functions: Sequence[Callable[..., Any]] = (
            [reduce_fns] if callable(reduce_fns) else list(reduce_fns)
        )
        ranks = np.stack([_ranks(f, truth, draws, xs, torch) for f in functions], axis=1)
    return give(ranks, torch), give(draws[0], torch)


def _ranks(
    function: Callable[..., Any], truth: Floats, draws: Floats, xs: Any, torch: bool
) -> Floats:
    ranks = np.empty(len(truth))
    for i, theta in enumerate(truth):
        x = xs[i : i + 1]
        together = np.concatenate([theta[np.newaxis], draws[:, i]])
        values = floats(function(give(together, torch), x), "reduce_fns").ravel()
        ranks[i] = (values[1:] < values[0]).sum()
    return ranks


def check_sbc(
    ranks: Any,
    prior_samples: Any,
    dap_samples: Any,
    num_posterior_samples: int = 1000,
    num_c2st_repetitions: int = 1,
) -> dict[str, Numbers]:
    """How far ranks are from uniform, and draws from the prior.

    Parameters
    ----------
    ranks : array_like or tensor
        Of shape (simulations, what is ranked).
    prior_samples : array_like or tensor
        Draws from the prior, as many as simulations.
    dap_samples : array_like or tensor
        One draw of each posterior.
    num_posterior_samples : int
        With how many draws each was compared.

    Returns
    -------
    dict
        ``ks_pvals``: the p-values of Kolmogorov and Smirnov's test of each column, on ranks that are spread
        over their steps; ``c2st_ranks``: how well a classifier tells ranks from uniform numbers;
        ``c2st_dap``: and the draws from the prior.
    """
    torch = is_torch(ranks, prior_samples, dap_samples)
    given = floats(ranks, "ranks")
    prior, dap = floats(prior_samples, "prior_samples"), floats(dap_samples, "dap_samples")
    if given.ndim != 2 or (given < 0).any() or (given > num_posterior_samples).any():
        raise ValueError(
            f"ranks: given an array of shape {given.shape}, expected (simulations, columns) of numbers from 0 "
            f"to {num_posterior_samples}."
        )
    if len(given) < 100:
        import warnings

        warnings.warn(
            f"{len(given)} simulations say little about calibration: a few hundred are a good number.",
            stacklevel=2,
        )
    random = np.random.default_rng(1)
    scale = num_posterior_samples + 1
    spread = (given + random.random(given.shape)) / scale
    p_values = np.array([uniform_p_value(column) for column in spread.T])
    c2st_ranks = np.array(
        [
            np.mean(
                [
                    float(c2st(column[:, None], random.random((len(column), 1)), seed=1 + k))
                    for k in range(num_c2st_repetitions)
                ]
            )
            for column in spread.T
        ]
    )
    c2st_dap = np.array([float(c2st(a[:, None], b[:, None])) for a, b in zip(prior.T, dap.T)])
    return {
        "ks_pvals": give(p_values, torch),
        "c2st_ranks": give(c2st_ranks, torch),
        "c2st_dap": give(c2st_dap, torch),
    }


def uniform_p_value(values: Floats) -> float:
    """The p-value of Kolmogorov and Smirnov's test of numbers against the uniform distribution on (0, 1).

    The asymptotic law with the correction of Stephens (1970), good from ten numbers on.
    """
    u = np.sort(values)
    n = len(u)
    grid = np.arange(1, n + 1) / n
    distance = float(max((grid - u).max(), (u - grid + 1 / n).max()))
    t = (sqrt(n) + 0.12 + 0.11 / sqrt(n)) * distance
    k = np.arange(1, 101)
    p = 2 * float(((-1.0) ** (k - 1) * np.exp(-2 * (k * t) ** 2)).sum())
    return float(np.clip(p, 0.0, 1.0)) if t > 0.2 else 1.0


def get_nltp(thetas: Any, xs: Any, posterior: Any) -> Numbers:
    """−log p(θ | x) of each true parameter under its posterior."""
    torch = is_torch(thetas, xs)
    truth = floats(thetas, "thetas")
    values = [
        floats(posterior.log_prob(give(theta[np.newaxis], torch), xs[i : i + 1]), "log_prob")[0]
        for i, theta in enumerate(truth)
    ]
    return give(-np.array(values), torch)
