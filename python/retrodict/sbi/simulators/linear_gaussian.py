"""The linear Gaussian problem, and its exact posteriors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import Floats, floats
from ..distributions import NativePrior, _normal_block, as_prior, prior_of
from ..tensors import Numbers, fresh_seed, give, give_theta, is_torch


def linear_gaussian(
    theta: Any,
    likelihood_shift: Any,
    likelihood_cov: Any,
    num_discarded_dims: int = 0,
) -> Numbers:
    """x = θ + shift + noise of a covariance; the last ``num_discarded_dims`` of θ are left out."""
    values = floats(theta, "theta")
    values = values.reshape(1, -1) if values.ndim == 1 else values
    if num_discarded_dims:
        values = values[:, :-num_discarded_dims]
    shift, covariance = floats(likelihood_shift, "shift"), floats(likelihood_cov, "covariance")
    random = np.random.default_rng(fresh_seed(is_torch(theta)))
    noise = random.normal(size=values.shape) @ np.linalg.cholesky(covariance).T
    return give(values + shift + noise, is_torch(theta))


def diagonal_linear_gaussian(theta: Any, std: float = 1.0) -> Numbers:
    """x = θ + noise of one standard deviation."""
    values = floats(theta, "theta")
    noise = np.random.default_rng(fresh_seed(is_torch(theta))).normal(size=values.shape)
    return give(values + std * noise, is_torch(theta))


def true_posterior_linear_gaussian_mvn_prior(
    x_o: Any, likelihood_shift: Any, likelihood_cov: Any, prior_mean: Any, prior_cov: Any
) -> Any:
    """The exact posterior of independent trials ``x_o`` under a normal prior: torch's distribution if it is used."""
    x = np.atleast_2d(floats(x_o, "x_o"))
    mean, covariance = _posterior(
        x,
        floats(likelihood_shift, "shift"),
        floats(likelihood_cov, "covariance"),
        floats(prior_mean, "prior_mean"),
        floats(prior_cov, "prior_cov"),
    )
    if is_torch(x_o):
        from torch.distributions import MultivariateNormal

        return MultivariateNormal(give(mean, True), give(covariance, True))
    return NativePrior(prior_of(_normal_block(mean, covariance)))


def _posterior(
    x: Floats, shift: Floats, noise: Floats, mean: Floats, covariance: Floats
) -> tuple[Floats, Floats]:
    precision, prior_precision = np.linalg.inv(noise), np.linalg.inv(covariance)
    posterior = np.linalg.inv(len(x) * precision + prior_precision)
    pull = precision @ (x - shift).sum(axis=0) + prior_precision @ mean
    return np.asarray(posterior @ pull, dtype=np.float64), posterior.astype(np.float64)


def samples_true_posterior_linear_gaussian_uniform_prior(
    x_o: Any, likelihood_shift: Any, likelihood_cov: Any, prior: Any, num_samples: int = 1000
) -> Numbers:
    """Draws of the exact posterior under a uniform prior, by rejection."""
    known = as_prior(prior)
    x = np.atleast_2d(floats(x_o, "x_o"))
    shift, noise = floats(likelihood_shift, "shift"), floats(likelihood_cov, "covariance")
    mean, factor = (x - shift).mean(axis=0), np.linalg.cholesky(noise / len(x))
    random = np.random.default_rng(fresh_seed(is_torch(x_o)))
    kept: list[Floats] = []
    while sum(map(len, kept)) < num_samples:
        if len(kept) > 1000:
            raise ValueError("prior: the posterior lies outside of it nearly everywhere.")
        theta = mean + random.normal(size=(10_000, len(mean))) @ factor.T
        kept.append(theta[np.isfinite(known.native.log_prob(theta))])
    theta = np.concatenate(kept)[:num_samples]
    return give_theta(theta, known.torch or is_torch(x_o), known.native.limits)


__all__ = [
    "diagonal_linear_gaussian",
    "linear_gaussian",
    "samples_true_posterior_linear_gaussian_uniform_prior",
    "true_posterior_linear_gaussian_mvn_prior",
]
