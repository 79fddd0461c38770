"""Whether an observation is like the simulations."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import Floats, floats
from ..errors import not_supported


def calc_misspecification_mmd(
    x_obs: Any,
    x: Any,
    inference: Any = None,
    mode: str = "x_space",
    n_shuffle: int = 1000,
    max_samples: int = 1000,
    mmd_mode: str = "biased",
) -> tuple[float, tuple[Floats, float]]:
    """A test by the maximum mean discrepancy of observed from simulated data.

    Parameters
    ----------
    x_obs : array_like or tensor
        Observed data, one row each.
    x : array_like or tensor
        Simulated data from the prior predictive.
    mode : {"x_space"}
        The data themselves; embeddings are not supported.
    n_shuffle : int
        How many sets of simulations the observed ones are compared with.

    Returns
    -------
    p_value : float
        The share of sets of as many simulations that are at least as far from the others.
    null : tuple of ndarray and float
        The discrepancies of these sets, and that of the observed data.
    """
    if mode != "x_space":
        raise not_supported(f"mode={mode!r}", "Use 'x_space', or give embedded data.")
    if mmd_mode not in ("biased", "unbiased"):
        raise ValueError(f"mmd_mode: given {mmd_mode!r}, expected 'biased' or 'unbiased'.")
    seen = floats(x_obs, "x_obs")
    seen = seen.reshape(1, -1) if seen.ndim < 2 else seen.reshape(len(seen), -1)
    simulated = floats(x, "x").reshape(len(x), -1)
    random = np.random.default_rng(1)
    if len(simulated) > max_samples:
        simulated = simulated[random.choice(len(simulated), max_samples, replace=False)]
    n, m = len(simulated), len(seen)
    if m >= n:
        raise ValueError(f"x: given {n} simulations for {m} observations, expected more of them.")
    together = np.concatenate([simulated, seen])
    mean, sd = simulated.mean(axis=0), simulated.std(axis=0)
    together = (together - mean) / np.where(sd > 0, sd, 1.0)
    squared = ((together[:, None] - together[None]) ** 2).sum(axis=-1)
    scale = np.median(squared[:n, :n][np.triu_indices(n, 1)])
    kernel = np.exp(-squared / (scale if scale > 0 else 1.0))
    statistic = _discrepancy(kernel, np.arange(n), np.arange(n, n + m), mmd_mode)
    null = np.empty(n_shuffle)
    for k in range(n_shuffle):
        order = random.permutation(n)
        null[k] = _discrepancy(kernel, order[m:], order[:m], mmd_mode)
    p_value = (1 + int((null >= statistic).sum())) / (1 + n_shuffle)
    return float(p_value), (null, float(statistic))


def _discrepancy(kernel: Floats, first: Any, second: Any, mode: str) -> float:
    xx, yy = kernel[np.ix_(first, first)], kernel[np.ix_(second, second)]
    xy = float(kernel[np.ix_(first, second)].mean())
    n, m = len(first), len(second)
    if mode == "unbiased" and m > 1:
        within = (xx.sum() - n) / (n * (n - 1)) + (yy.sum() - m) / (m * (m - 1))
        return float(within - 2 * xy)
    return float(xx.mean() + yy.mean() - 2 * xy)


def calc_misspecification_logprob(*args: Any, **kwargs: Any) -> Any:
    """Not supported."""
    raise not_supported(
        "calc_misspecification_logprob",
        "Use calc_misspecification_mmd, or the verdict of retrodict.check.",
    )
