"""Several posteriors as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ....arrays import Floats, floats
from ...maximum import maximum
from ...tensors import Numbers, count, fresh_seed, give, give_theta
from .base import NeuralPosterior, refuse_gradients


class EnsemblePosterior(NeuralPosterior):
    """A mixture of posteriors of the same parameters.

    Parameters
    ----------
    posteriors : sequence of NeuralPosterior
        Its members.
    weights : array_like, optional
        Their weights, scaled to sum to one; equal unless given.
    """

    def __init__(
        self,
        posteriors: Sequence[NeuralPosterior],
        weights: Any = None,
        theta_transform: Any = None,
        device: Any = None,
    ) -> None:
        self.posteriors = list(posteriors)
        self.num_components = len(self.posteriors)
        if not self.posteriors:
            raise ValueError("posteriors: given none, expected at least one.")
        first = self.posteriors[0]
        if any(len(p.prior.native) != len(first.prior.native) for p in self.posteriors):
            raise ValueError("posteriors: given posteriors of different numbers of parameters.")
        super().__init__(None, first.prior, any(p.torch for p in self.posteriors), first._observe)
        self.weights = weights

    @property
    def weights(self) -> Numbers:
        """The weight of each member."""
        return give(self._weights, self.torch)

    @weights.setter
    def weights(self, weights: Any) -> None:
        values = (
            np.ones(self.num_components) if weights is None else floats(weights, "weights").ravel()
        )
        if len(values) != self.num_components or (values < 0).any() or not values.sum() > 0:
            raise ValueError(
                f"weights: given {values.tolist()}, expected {self.num_components} numbers that are not negative."
            )
        self._weights = values / values.sum()

    def set_default_x(self, x: Any) -> Any:
        """Set the data that are meant if none are given, for all members."""
        for posterior in self.posteriors:
            posterior.set_default_x(x)
        return super().set_default_x(x)

    def sample(self, sample_shape: Any = (), x: Any = None, **kwargs: Any) -> Numbers:
        """Draws: of each member in proportion to its weight, in random order."""
        shape, n = count(sample_shape)
        parts = [floats(p.sample((k,), x, **kwargs), "draws") for p, k in self._shares(n)] or [
            np.empty((0, self._width))
        ]
        theta = np.random.default_rng(fresh_seed(self.torch)).permutation(np.concatenate(parts))
        drawn = give_theta(theta, self._gives(x), self.prior.native.limits)
        return drawn.reshape((*shape, self._width))

    def sample_batched(self, sample_shape: Any, x: Any, **kwargs: Any) -> Numbers:
        """Draws for each of several observations, of shape (\\*sample_shape, observations, parameters)."""
        shape, n = count(sample_shape)
        parts = [floats(p.sample_batched((k,), x, **kwargs), "draws") for p, k in self._shares(n)]
        theta = np.random.default_rng(fresh_seed(self.torch)).permutation(np.concatenate(parts))
        drawn = give_theta(theta, self._gives(x), self.prior.native.limits)
        return drawn.reshape((*shape, *theta.shape[1:]))

    def _shares(self, n: int) -> list[tuple[NeuralPosterior, int]]:
        counts = np.random.default_rng(fresh_seed(self.torch)).multinomial(n, self._weights)
        return [(p, int(k)) for p, k in zip(self.posteriors, counts) if k]

    def log_prob(
        self,
        theta: Any,
        x: Any = None,
        norm_posterior: bool = True,
        track_gradients: bool = False,
        individually: bool = False,
        **kwargs: Any,
    ) -> Numbers:
        """log Σ wᵢ pᵢ(θ | x) of each row; with ``individually`` that of each member, one a row."""
        refuse_gradients(track_gradients)
        every = np.stack(
            [
                floats(p.log_prob(theta, x, norm_posterior=norm_posterior, **kwargs), "log_prob")
                for p in self.posteriors
            ]
        )
        if individually:
            return give(every, self._gives(theta, x))
        return give(self._mixed(every), self._gives(theta, x))

    def log_prob_batched(
        self,
        theta: Any,
        x: Any,
        norm_posterior: bool = True,
        track_gradients: bool = False,
        **kwargs: Any,
    ) -> Numbers:
        """log Σ wᵢ pᵢ(θ | x) for several observations."""
        refuse_gradients(track_gradients)
        every = np.stack(
            [
                floats(p.log_prob_batched(theta, x, norm_posterior=norm_posterior), "log_prob")
                for p in self.posteriors
            ]
        )
        return give(self._mixed(every), self._gives(theta, x))

    def _mixed(self, every: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            shifted = every + np.log(self._weights).reshape(-1, *[1] * (every.ndim - 1))
        return np.asarray(np.logaddexp.reduce(shifted, axis=0))

    def potential(self, theta: Any, x: Any = None, track_gradients: bool = False) -> Numbers:
        """log Σ wᵢ pᵢ(θ | x)."""
        return self.log_prob(theta, x, track_gradients=track_gradients)

    def map(self, x: Any = None, individually: bool = False, **kwargs: Any) -> Numbers:
        """The θ with the largest density, of shape (1, parameters); of each member if ``individually``."""
        if individually:
            return [p.map(x, **kwargs) for p in self.posteriors]
        start = floats(self.sample((500,), x), "draws")
        best = maximum(lambda theta: floats(self.log_prob(theta, x), "log_prob"), start)
        return give_theta(best[np.newaxis], self._gives(x), self.prior.native.limits)

    def ensure_same_device(self, posteriors: Any) -> str:
        """The processor."""
        return "cpu"
