"""A prior restricted to a part of its support."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import _native
from ...arrays import Floats, floats
from ..distributions import NativePrior, as_prior
from ..errors import warn_unused
from ..tensors import Numbers, count, fresh_seed, give, give_theta, is_torch, rows

#: Draws from the prior that are judged at once, and at most.
BATCH, MOST = 100_000, 20_000_000


class RestrictedPrior(NativePrior):
    """A prior, where a function accepts.

    Parameters
    ----------
    prior : distribution
        The prior.
    accept_reject_fn : callable
        θ, one a row, ↦ whether each is accepted.
    posterior : posterior, optional
        What ``sample_with="sir"`` proposes from.
    sample_with : {"rejection", "sir"}
        Whether draws from the prior are rejected, or draws from the posterior resampled.
    """

    def __init__(
        self,
        prior: Any,
        accept_reject_fn: Callable[[Any], Any],
        posterior: Any = None,
        sample_with: str = "rejection",
        device: Any = None,
    ) -> None:
        known = as_prior(prior)
        super().__init__(known.native, known.torch or is_torch(prior))
        if sample_with not in ("rejection", "sir"):
            raise ValueError(f"sample_with: given {sample_with!r}, expected 'rejection' or 'sir'.")
        if sample_with == "sir" and posterior is None:
            raise ValueError("posterior: given none, but sample_with='sir' resamples its draws.")
        self._prior = prior
        self._accept_reject_fn = accept_reject_fn
        self._posterior = posterior
        self._sample_with = sample_with
        self.acceptance_rate: float | None = None

    def accepts(self, theta: Floats) -> Any:
        """Whether each row is accepted, as an array of truth values."""
        answer = self._accept_reject_fn(give(theta, self.torch))
        return floats(answer, "accept_reject_fn").reshape(len(theta)) > 0.5

    def sample(
        self,
        sample_shape: Any = (),
        sample_with: str | None = None,
        max_sampling_batch_size: int = 10_000,
        oversampling_factor: int = 1024,
        save_acceptance_rate: bool = False,
        show_progress_bars: bool = False,
        print_rejected_frac: bool = True,
    ) -> Numbers:
        """Draws, of shape (\\*sample_shape, parameters).

        Raises
        ------
        Error
            If the function accepts too little of the prior to find them.
        """
        warn_unused(
            "RestrictedPrior.sample",
            {"max_sampling_batch_size": max_sampling_batch_size},
            {"max_sampling_batch_size": 10_000},
        )
        shape, n = count(sample_shape)
        if (sample_with or self._sample_with) == "sir":
            theta = self._resampled(n, oversampling_factor)
        else:
            theta = self._accepted(n)
        drawn = give_theta(theta, self.torch, self.native.limits)
        return drawn.reshape((*shape, len(self.native)))

    def _accepted(self, n: int) -> Floats:
        kept: list[Floats] = [np.empty((0, len(self.native)))]
        found = tried = 0
        wanted = max(2 * n, 1000)
        while found < n:
            if tried >= MOST:
                raise _native.Error(
                    f"{found} of {tried} draws from the prior were accepted, and {n} are needed. Use "
                    "sample_with='sir' with the posterior, or restrict the prior less."
                )
            theta = self._draws(min(wanted, BATCH))
            accepted = theta[self.accepts(theta)]
            kept.append(accepted)
            found, tried = found + len(accepted), tried + len(theta)
            wanted = max(1000, int(1.2 * (n - found) * tried / max(found, 1)))
        self.acceptance_rate = found / tried if tried else None
        return np.concatenate(kept)[:n]

    def _resampled(self, n: int, oversampling: int) -> Floats:
        """Draws from the posterior with weights 1[accepted] p / q."""
        many = int(min(max(n, 1) * oversampling, 200_000))
        posterior = self._posterior
        given = posterior.sample((many,))
        theta = floats(given, "draws")
        log_q = floats(posterior.log_prob(given, norm_posterior=False), "log_prob")
        log_weights = np.where(self.accepts(theta), self.native.log_prob(theta) - log_q, -np.inf)
        if not np.isfinite(log_weights).any():
            raise _native.Error("no draw of the posterior is accepted. Restrict the prior less.")
        weights = np.exp(log_weights - log_weights.max())
        random = np.random.default_rng(fresh_seed(self.torch))
        return theta[random.choice(many, n, p=weights / weights.sum())]

    def log_prob(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        theta: Any,
        norm_restricted_prior: bool = True,
        track_gradients: bool = False,
        prior_acceptance_params: Any = None,
    ) -> Numbers:
        """log p(θ) within what is accepted: −∞ elsewhere, and normalised unless told otherwise."""
        points, shape = rows(theta, len(self.native), "theta")
        values = np.where(self.accepts(points), self.native.log_prob(points), -np.inf)
        if norm_restricted_prior:
            values = values - np.log(self._acceptance())
        return give(values.reshape(shape), self.torch or is_torch(theta))

    def _acceptance(self, n: int = 100_000) -> float:
        if getattr(self, "_share", None) is None:
            accepted = float(self.accepts(self._draws(n, 1)).mean())
            if accepted == 0:
                raise _native.Error(
                    f"none of {n} draws from the prior is accepted, so its density cannot be normalised. "
                    "Use norm_restricted_prior=False."
                )
            self._share: float | None = accepted
        return float(self._share or 0.0)

    def prior_acceptance(self, *args: Any, **kwargs: Any) -> Numbers:
        """The share of the prior that is accepted."""
        return give(np.array(self._acceptance()), self.torch)

    def _many(self) -> Floats:
        theta = self._draws(200_000, 1)
        return np.asarray(theta[self.accepts(theta)])

    def __repr__(self) -> str:
        return f"RestrictedPrior({self._prior!r})"


class Thresholder:
    """Whether a density is above a threshold."""

    def __init__(self, dist: Any, threshold: float) -> None:
        self.dist = dist
        self.threshold = threshold

    def __call__(self, theta: Any) -> Any:
        return log_density(self.dist, theta) > self.threshold


def log_density(dist: Any, theta: Any) -> Any:
    """Up to a constant where that is cheaper."""
    try:
        return dist.log_prob(theta, norm_posterior=False)
    except TypeError:
        return dist.log_prob(theta)


def get_density_thresholder(
    dist: Any, quantile: float = 1e-4, num_samples_to_estimate_support: int = 100_000
) -> Thresholder:
    """A function that accepts θ in the region of highest density of a distribution.

    Parameters
    ----------
    dist : posterior
        With a default observation.
    quantile : float
        The share of its mass that is given up.
    num_samples_to_estimate_support : int
        How many draws find the threshold.

    Returns
    -------
    callable
        For :class:`RestrictedPrior`.
    """
    draws = dist.sample((int(num_samples_to_estimate_support),))
    values = floats(log_density(dist, draws), "log_prob")
    return Thresholder(dist, float(np.quantile(values, quantile)))
