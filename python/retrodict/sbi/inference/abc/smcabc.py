"""Approximate Bayesian computation by sequential Monte Carlo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ....arrays import Floats, floats
from ....infer import infer
from ...errors import not_supported, warn_unused
from ...tensors import fresh_seed, give
from ...utils.kde import KDEWrapper
from .mcabc import Base

#: Distances of the library, by the names of ``sbi``.
NORMS: dict[Any, float] = {"l1": 1.0, "l2": 2.0, "mse": 2.0}


class SMCABC(Base):
    """Populations that come nearer to the observed data, one after the other.

    The library's algorithm takes the tolerances from the distances of each population (Beaumont et al. 2009;
    Prangle 2017), so ``algorithm_variant`` and ``kernel`` of ``sbi`` are not chosen.

    Parameters
    ----------
    simulator : callable
        Takes one θ a row and returns one row of data for each.
    prior : distribution
        The prior.
    distance : {"l1", "l2", "mse"}
        A norm.
    """

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
        kernel: str = "gaussian",
        algorithm_variant: str = "C",
    ) -> None:
        if distance not in NORMS:
            raise not_supported(
                f"distance={distance!r}", "Use 'l1' or 'l2', or MCABC with a function."
            )
        warn_unused(
            "SMCABC",
            {"kernel": kernel, "algorithm_variant": algorithm_variant},
            {"kernel": "gaussian", "algorithm_variant": "C"},
        )
        super().__init__(
            simulator,
            prior,
            distance,
            requires_iid_data,
            distance_kwargs,
            num_workers,
            simulation_batch_size,
            distance_batch_size,
            show_progress_bars,
        )

    def __call__(
        self,
        x_o: Any,
        num_particles: int,
        num_initial_pop: int,
        num_simulations: int,
        epsilon_decay: float = 0.5,
        distance_based_decay: bool = False,
        ess_min: float | None = None,
        kernel_variance_scale: float = 1.0,
        use_last_pop_samples: bool = True,
        return_summary: bool = False,
        kde: bool = False,
        kde_kwargs: dict[str, Any] | None = None,
        kde_sample_weights: bool = False,
        lra: bool = False,
        lra_with_weights: bool = False,
        sass: bool = False,
        sass_fraction: float = 0.25,
        sass_expansion_degree: int = 1,
        num_iid_samples: int = 1,
    ) -> Any:
        """Simulate population after population.

        Parameters
        ----------
        x_o : array_like or tensor
            The observed data.
        num_particles : int
            The size of a population.
        num_initial_pop : int
            How many simulations from the prior the first is chosen from.
        num_simulations : int
            The budget.
        epsilon_decay : float
            To which quantile of the distances the tolerance falls.

        Returns
        -------
        array or tensor
            Draws that all count the same, as many as particles.
        """
        if num_iid_samples != 1 or sass or lra_with_weights:
            raise not_supported(
                "num_iid_samples, sass and lra_with_weights of SMCABC",
                "Use MCABC, or retrodict.infer with method='abc_smc' and abc_smc={'summaries': …}.",
            )
        usual = {
            "distance_based_decay": False,
            "kernel_variance_scale": 1.0,
            "use_last_pop_samples": True,
            "kde_sample_weights": False,
        }
        warn_unused(
            "SMCABC.__call__",
            {
                "distance_based_decay": distance_based_decay,
                "ess_min": ess_min,
                "kernel_variance_scale": kernel_variance_scale,
                "use_last_pop_samples": use_last_pop_samples,
                "kde_sample_weights": kde_sample_weights,
            },
            usual,
        )
        section: dict[str, Any] = {
            "population": int(num_particles),
            "initial_simulations": int(num_initial_pop),
            "quantile": float(epsilon_decay),
            "distance": {"kind": "norm", "p": NORMS[self.distance_name]},
        }
        section["adjustment"] = "local_linear" if lra else "none"
        observed = floats(x_o, "x_o").reshape(-1)
        posterior = infer(
            self._known.native,
            self._rows,
            "abc_smc",
            seed=fresh_seed(self.torch),
            x_o=observed,
            n=int(num_simulations),
            vectorized=True,
            progress=False,
            abc_smc=section,
        )
        samples = posterior.sample(None, int(num_particles), seed=fresh_seed(self.torch))
        answer: Any = self._given(samples.array)
        if kde:
            answer = KDEWrapper(answer, **(kde_kwargs or {}))
        if not return_summary:
            return answer
        distances = samples.statistics.get("distance", np.empty(0))
        return answer, {
            "particles": [self._given(samples.array)],
            "weights": [give(samples.weights, self.torch)],
            "distances": [give(distances, self.torch)],
        }

    def _rows(self, theta: Floats) -> Floats:
        size = len(theta) if self._batch is None else max(int(self._batch), 1)
        parts = []
        for i in range(0, len(theta), size):
            rows = theta[i : i + size]
            x = floats(self._simulator(give(rows, self.torch)), "x")
            parts.append(x.reshape(len(rows), -1))
        return np.concatenate(parts)
