"""Approximate Bayesian computation by rejection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .... import _native
from ....arrays import Floats, floats
from ...distributions import NativePrior, as_prior
from ...errors import not_supported, warn_unused
from ...tensors import Numbers, give, give_theta, is_torch
from ...utils.kde import KDEWrapper
from ...utils.simulation_utils import simulate_for_sbi
from .distance import distance_of


class Base:
    """A simulator, a prior and a distance."""

    def __init__(
        self,
        simulator: Callable[..., Any],
        prior: Any,
        distance: Any = "l2",
        requires_iid_data: bool | None = None,
        distance_kwargs: dict[str, Any] | None = None,
        num_workers: int = 1,
        simulation_batch_size: int = 1,
        distance_batch_size: int = -1,
        show_progress_bars: bool = True,
    ) -> None:
        if requires_iid_data:
            raise not_supported("requires_iid_data", "Use NLE or NRE for trials of one θ.")
        warn_unused(
            type(self).__name__,
            {
                "distance_batch_size": distance_batch_size,
                "distance_kwargs": distance_kwargs or None,
            },
            {"distance_batch_size": -1},
        )
        self.prior = prior
        self.torch = is_torch(prior)
        self._known: NativePrior = as_prior(prior)
        self.torch = self.torch or self._known.torch
        self.distance_name = distance
        self._simulator = simulator
        self._workers = num_workers
        self._batch = simulation_batch_size

    def _simulate(self, n: int) -> tuple[Floats, Floats]:
        proposal = self._known
        theta, x = simulate_for_sbi(
            self._simulator, proposal, n, self._workers, self._batch, show_progress_bar=False
        )
        return floats(theta, "theta"), floats(x, "x").reshape(n, -1)

    def _given(self, theta: Floats) -> Numbers:
        return give_theta(theta, self.torch, self._known.native.limits)


class MCABC(Base):
    """Rejection: simulations from the prior with data near the observed ones are kept.

    Parameters
    ----------
    simulator : callable
        Takes one θ a row and returns one row of data for each.
    prior : distribution
        The prior.
    distance : str or callable
        ``"l1"``, ``"l2"``, ``"mse"`` or a function of observed and simulated data.
    num_workers, simulation_batch_size : int
        As for :func:`retrodict.sbi.inference.simulate_for_sbi`.
    """

    def __call__(
        self,
        x_o: Any,
        num_simulations: int,
        eps: float | None = None,
        quantile: float | None = None,
        lra: bool = False,
        sass: bool = False,
        sass_fraction: float = 0.25,
        sass_expansion_degree: int = 1,
        kde: bool = False,
        kde_kwargs: dict[str, Any] | None = None,
        return_summary: bool = False,
        num_iid_samples: int = 1,
    ) -> Any:
        """Simulate and keep.

        Parameters
        ----------
        x_o : array_like or tensor
            The observed data.
        num_simulations : int
            How many simulations.
        eps, quantile : float
            The largest distance, or the share that is kept: one of the two.
        lra : bool
            Whether a linear regression of θ on the data adjusts what is kept (Beaumont et al. 2002).
        sass : bool
            Whether data are summarised by linear estimates of θ, learned from a part of the simulations
            (Fearnhead and Prangle 2012).
        kde : bool
            Whether a kernel density estimate is returned instead of draws.
        return_summary : bool
            Whether what was simulated is returned, too.

        Returns
        -------
        array or tensor
            What is kept, one row each; or a density.
        """
        if (eps is None) == (quantile is None):
            raise ValueError("eps and quantile: given both or neither, expected one of them.")
        if num_iid_samples != 1:
            raise not_supported("num_iid_samples", "Use NLE or NRE for trials of one θ.")
        observed = floats(x_o, "x_o").reshape(1, -1)
        summarise = None
        if sass:
            pilots = int(sass_fraction * num_simulations)
            summarise = Summaries(*self._simulate(pilots), sass_expansion_degree)
            num_simulations -= pilots
        theta, x = self._simulate(num_simulations)
        if x.shape[1] != observed.shape[1]:
            raise ValueError(
                f"x_o: given {observed.shape[1]} numbers, and the simulator gives {x.shape[1]}."
            )
        valid = np.isfinite(x).all(axis=1)
        theta, x = theta[valid], x[valid]
        s, s_o = (x, observed) if summarise is None else (summarise(x), summarise(observed))
        distances = distance_of(self.distance_name, self.torch)(s_o, s)
        if eps is not None:
            kept = np.flatnonzero(distances < eps)
        else:
            kept = np.argsort(distances, kind="stable")[: int(quantile * num_simulations)]  # type: ignore[operator]
        if len(kept) == 0:
            raise _native.Error(
                f"none of {num_simulations} simulations is near enough: the nearest is {distances.min():.3g} "
                "away. Allow a larger distance with eps, or a share with quantile."
            )
        found = theta[kept]
        if lra:
            found = adjusted(found, s[kept], s_o[0], self._known)
        summary = {
            "theta": self._given(theta),
            "x": give(x, self.torch),
            "distances": give(distances[kept], self.torch),
        }
        answer: Any = self._given(found)
        if kde:
            answer = KDEWrapper(answer, **(kde_kwargs or {}))
        return (answer, summary) if return_summary else answer


class Summaries:
    """Linear estimates of θ from powers of the data."""

    def __init__(self, theta: Floats, x: Floats, degree: int) -> None:
        valid = np.isfinite(x).all(axis=1)
        theta, x = theta[valid], x[valid]
        self.degree = degree
        self.mean, sd = x.mean(axis=0), x.std(axis=0)
        self.sd = np.where(sd > 0, sd, 1.0)
        self.weights, *_ = np.linalg.lstsq(self._features(x), theta, rcond=None)

    def _features(self, x: Floats) -> Floats:
        z = (x - self.mean) / self.sd
        powers = [z**k for k in range(1, self.degree + 1)]
        return np.concatenate([np.ones((len(z), 1)), *powers], axis=1)

    def __call__(self, x: Floats) -> Floats:
        return np.asarray(self._features(x) @ self.weights)


def adjusted(theta: Floats, x: Floats, x_o: Floats, prior: NativePrior) -> Floats:
    """Draws moved along a linear regression of θ on x to the observed data, held within the support."""
    design = np.concatenate([np.ones((len(x), 1)), x - x_o], axis=1)
    low, high = (np.array(ends) for ends in zip(*prior.native.limits))
    bounded = np.isfinite(low) & np.isfinite(high)
    span = np.where(bounded, high - low, 1.0)
    start = np.where(bounded, low, 0.0)
    share = np.clip((theta - start) / span, 1e-9, 1 - 1e-9)
    free = np.where(bounded, np.log(share / (1 - share)), theta)
    weights, *_ = np.linalg.lstsq(design, free, rcond=None)
    moved = free - (x - x_o) @ weights[1:]
    inside = start + span / (1 + np.exp(-np.clip(moved, -500, 500)))
    return np.asarray(np.where(bounded, inside, moved))
