"""What a posterior of this package is made of: draws, densities and maxima for given data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from ..arrays import Floats
from ..infer import infer
from ..posterior import Posterior
from ..prior import Prior
from .distributions import NativePrior
from .maximum import maximum

Settings = Mapping[str, Any]


class Density(Protocol):
    """p(θ | x). ``x`` has one row, or one a trial."""

    @property
    def prior(self) -> Prior:
        """The prior."""
        ...

    def sample(self, x: Floats, n: int, seed: int) -> Floats:
        """Draws, one a row."""
        ...

    def sample_many(self, xs: Floats, n: int, seed: int) -> list[Floats]:
        """Draws for each row of ``xs``."""
        ...

    def log_prob(self, theta: Floats, x: Floats, normalized: bool) -> Floats:
        """log p(θ | x) of each row."""
        ...

    def map(self, x: Floats, seed: int) -> Floats:
        """The θ with the largest density."""
        ...


class Fitted:
    """A posterior that the library fitted."""

    def __init__(self, posterior: Posterior) -> None:
        self.posterior = posterior

    @property
    def prior(self) -> Prior:
        """The prior."""
        return self.posterior.prior

    def sample(self, x: Floats, n: int, seed: int) -> Floats:
        """Draws, one a row."""
        samples = self.posterior.sample(x, n, seed=seed)
        if isinstance(samples, list):
            raise ValueError(
                f"x: given {len(samples)} observations, expected one. Use sample_batched for several."
            )
        return unweighted(samples.array, samples.log_weights, n, seed)

    def sample_many(self, xs: Floats, n: int, seed: int) -> list[Floats]:
        """Draws for each row of ``xs``."""
        if self.posterior.trials or len(xs) == 1:
            return [self.sample(x[np.newaxis], n, seed + i) for i, x in enumerate(xs)]
        every = self.posterior.sample(xs, n, seed=seed)
        return [unweighted(s.array, s.log_weights, n, seed) for s in every]

    def log_prob(self, theta: Floats, x: Floats, normalized: bool) -> Floats:
        """log p(θ | x) of each row."""
        return np.atleast_1d(self.posterior.log_prob(theta, x, normalized=normalized))

    def map(self, x: Floats, seed: int) -> Floats:
        """The θ with the largest density."""
        return np.array(list(self.posterior.map(x, seed=seed).values()))


def unweighted(theta: Floats, log_weights: Floats | None, n: int, seed: int) -> Floats:
    """Draws that all count the same."""
    if log_weights is None:
        return theta
    weights = np.exp(log_weights - log_weights.max())
    chosen = np.random.default_rng(seed).choice(len(theta), n, p=weights / weights.sum())
    return theta[chosen]


class Known:
    """A density that somebody wrote down, and a sampler.

    Parameters
    ----------
    potential : callable
        (θ, x) → log p(θ, x) of each row of θ, up to a constant.
    prior : NativePrior
        The prior; nothing is drawn outside its support.
    sampler : mapping
        Settings of the sampler.
    """

    def __init__(
        self,
        potential: Callable[[Floats, Floats], Floats],
        prior: NativePrior,
        sampler: Settings,
    ) -> None:
        self.potential = potential
        self.known = prior
        self.sampler = dict(sampler)

    @property
    def prior(self) -> Prior:
        """The prior."""
        return self.known.native

    def sample(self, x: Floats, n: int, seed: int) -> Floats:
        """Draws, one a row."""
        samples = self._posterior(x).sample([0.0], n, seed=seed)
        return unweighted(samples.array, samples.log_weights, n, seed)

    def sample_many(self, xs: Floats, n: int, seed: int) -> list[Floats]:
        """Draws for each row of ``xs``."""
        return [self.sample(x[np.newaxis], n, seed + i) for i, x in enumerate(xs)]

    def log_prob(self, theta: Floats, x: Floats, normalized: bool) -> Floats:
        """log p(θ | x) of each row."""
        if normalized:
            return np.atleast_1d(self._posterior(x).log_prob(theta, [0.0]))
        inside = np.isfinite(self.prior.log_prob(theta))
        values = np.full(len(theta), -np.inf)
        if inside.any():
            values[inside] = self.potential(theta[inside], x)
        return values

    def map(self, x: Floats, seed: int) -> Floats:
        """The θ with the largest density."""
        start = self.sample(x, 500, seed)
        return maximum(lambda theta: self.log_prob(theta, x, False), start, seed)

    def _posterior(self, x: Floats) -> Posterior:
        def log_likelihood(theta: Floats, _: Floats) -> Floats:
            return self.potential(theta, x) - self.prior.log_prob(theta)

        return infer(
            self.prior,
            _nothing,
            method="likelihood",
            log_likelihood=log_likelihood,
            vectorized=True,
            n=100,
            progress=False,
            sampler=self.sampler or {"kind": "slice"},
        )


def _nothing(theta: Floats) -> Floats:
    """A simulator of no data: the potential knows them."""
    return np.zeros((len(theta), 1))
