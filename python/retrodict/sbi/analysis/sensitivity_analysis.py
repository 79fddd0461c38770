"""The directions along which a posterior changes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import Floats, floats
from ..errors import not_supported
from ..inference.posteriors import NeuralPosterior
from ..tensors import Numbers, give, is_torch


class ActiveSubspace:
    """Eigenvectors of E[∇log p ∇log pᵀ] (Constantine 2015).

    Parameters
    ----------
    posterior : posterior
        With a default observation.
    """

    def __init__(self, posterior: NeuralPosterior) -> None:
        self._posterior = posterior
        self._scale: Floats = np.empty(0)
        self._vectors: Floats = np.empty((0, 0))

    def add_property(self, *args: Any, **kwargs: Any) -> Any:
        """Not supported."""
        raise not_supported(
            "add_property", "Use find_directions(posterior_log_prob_as_property=True)."
        )

    def train(self, *args: Any, **kwargs: Any) -> Any:
        """Not supported."""
        raise not_supported("train", "Use find_directions(posterior_log_prob_as_property=True).")

    def find_directions(
        self,
        posterior_log_prob_as_property: bool = False,
        norm_gradients_to_prior: bool = True,
        num_monte_carlo_samples: int = 1000,
    ) -> tuple[Numbers, Numbers]:
        """The directions, in rising order of how much the posterior changes along them.

        Parameters
        ----------
        posterior_log_prob_as_property : bool
            Must be true: a property of your own is not supported.
        norm_gradients_to_prior : bool
            Whether parameters are in units of the prior's standard deviations.
        num_monte_carlo_samples : int
            At how many draws of the posterior gradients are taken.

        Returns
        -------
        eigenvalues, eigenvectors : array or tensor
            One eigenvector a column.
        """
        if not posterior_log_prob_as_property:
            raise not_supported(
                "a property of your own", "Use posterior_log_prob_as_property=True."
            )
        posterior = self._posterior
        draws = posterior.sample((num_monte_carlo_samples,))
        torch = is_torch(draws)
        theta = floats(draws, "draws")
        prior_sd = posterior.prior.native.sample(10_000, seed=1).array.std(axis=0)
        self._scale = prior_sd if norm_gradients_to_prior else np.ones(theta.shape[1])
        gradients = self._gradients(theta) * self._scale
        gradients = gradients[np.isfinite(gradients).all(axis=1)]
        values, self._vectors = np.linalg.eigh(gradients.T @ gradients / len(gradients))
        return give(values, torch), give(self._vectors, torch)

    def _gradients(self, theta: Floats) -> Floats:
        """Central differences, a thousandth of the posterior's standard deviation wide."""
        steps = 1e-3 * theta.std(axis=0)
        gradients = np.empty_like(theta)
        for j, step in enumerate(steps):
            off = np.zeros(theta.shape[1])
            off[j] = step
            up, down = (
                floats(self._posterior.potential(points), "potential")
                for points in (theta + off, theta - off)
            )
            gradients[:, j] = (up - down) / (2 * step)
        return gradients

    def project(self, theta: Any, num_dimensions: int) -> Numbers:
        """Parameters along the last directions, those of largest change."""
        if self._vectors.size == 0:
            raise ValueError("there are no directions yet. Call find_directions() first.")
        points = floats(theta, "theta") / self._scale
        return give(points @ self._vectors[:, -num_dimensions:], is_torch(theta))
