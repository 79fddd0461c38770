"""Posteriors that are known up to a constant, and drawn by a sampler."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ....arrays import Floats, floats
from ...density import Density, Known, Settings
from ...distributions import NativePrior, as_prior
from ...errors import not_supported, warn_unused
from ...tensors import Numbers, count, fresh_seed, give, give_theta, is_torch
from ..potentials.potential import Potential
from .base import UNUSED, NeuralPosterior, refuse_gradients

#: What each name of ``sbi`` is here.
MCMC_METHODS = {
    "slice_np": "slice",
    "slice_np_vectorized": "slice",
    "slice": "slice",
    "slice_pymc": "slice",
    "nuts_pyro": "nuts",
    "nuts_pymc": "nuts",
    "hmc_pyro": "nuts",
    "hmc_pymc": "nuts",
    "nuts": "nuts",
    "ensemble": "ensemble",
    "random_walk": "random_walk",
}


class SampledPosterior(NeuralPosterior):
    """A posterior that is known up to a constant.

    ``log_prob`` is that up to a constant, as for these posteriors in ``sbi``, unless ``norm_posterior=True``
    asks for the evidence to be estimated.
    """

    _init_method = "proposal"

    def __init__(self, potential_fn: Any, proposal: Any, sampler: Settings) -> None:
        prior = _prior(potential_fn, proposal)
        self.potential_fn = potential_fn
        self._sampler = dict(sampler)
        self._densities: dict[str, Density] = {}
        torch = is_torch(proposal)
        observe: Callable[..., Floats] = _any_data
        if isinstance(potential_fn, Potential):
            torch = torch or potential_fn.estimator.torch
            observe = potential_fn.estimator.observe
        super().__init__(None, prior, torch, observe)
        known = getattr(potential_fn, "x_o", None)
        if known is not None:
            self.set_default_x(known)

    def _for(self, x: Floats, **kwargs: Any) -> Density:
        sampler = self._changed(kwargs)
        key = repr(sorted(sampler.items()))
        if key not in self._densities:
            self._densities[key] = self._make(sampler)
        return self._densities[key]

    def _make(self, sampler: dict[str, Any]) -> Density:
        if isinstance(self.potential_fn, Potential):
            return self.potential_fn.density(sampler)
        return Known(_Callable(self.potential_fn, self.torch), self.prior, sampler)

    def _changed(self, given: dict[str, Any]) -> dict[str, Any]:
        """The sampler with what one call says otherwise."""
        warn_unused(f"{type(self).__name__}.sample", given, UNUSED)
        return self._sampler

    def log_prob(
        self,
        theta: Any,
        x: Any = None,
        norm_posterior: bool = False,
        track_gradients: bool = False,
        **kwargs: Any,
    ) -> Numbers:
        """log p(θ | x) of each row, up to a constant unless ``norm_posterior``."""
        return super().log_prob(theta, x, norm_posterior, track_gradients, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_densities": {}}


def _prior(potential_fn: Any, proposal: Any) -> NativePrior:
    if isinstance(potential_fn, Potential):
        return potential_fn.prior
    if isinstance(proposal, NeuralPosterior):
        raise not_supported(
            "another posterior as the proposal of a sampler",
            "Give the prior: samplers here find their own proposals.",
        )
    return as_prior(proposal, "proposal")


def _any_data(x: Any, what: str = "x") -> Floats:
    array = floats(x, what)
    return array.reshape(len(array), -1) if array.ndim >= 2 else array.reshape(1, -1)


def takes_data(function: Callable[..., Any]) -> bool:
    """Whether a potential is ``f(theta, x_o)``, by any names, and not ``f(theta)``."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [p for p in parameters.values() if p.kind in positional and p.default is inspect.Parameter.empty]
    return len(needed) >= 2 or "x_o" in parameters or "x" in parameters


class _Callable:
    """A potential that somebody wrote: ``f(theta, x_o)`` or ``f(theta)``."""

    def __init__(self, function: Callable[..., Any], torch: bool) -> None:
        self.function = function
        self.torch = torch
        self.takes_x = takes_data(function)

    def __call__(self, theta: Floats, x: Floats) -> Floats:
        given = give(theta, self.torch)
        values = self.function(given, give(x, self.torch)) if self.takes_x else self.function(given)
        return floats(values, "potential_fn").reshape(len(theta)).astype(np.float64)


class MCMCPosterior(SampledPosterior):
    """Draws by Markov chains.

    Parameters
    ----------
    potential_fn : Potential or callable
        log p(θ | x_o) up to a constant.
    proposal : distribution
        The prior.
    theta_transform : optional
        Without meaning: chains run where the prior is standard normal.
    method : str
        ``"slice_np_vectorized"`` and ``"slice_np"`` are Retrodict's slice sampler, names with ``nuts`` or
        ``hmc`` its no-U-turn sampler; ``"ensemble"`` and ``"random_walk"`` are there, too.
    thin, warmup_steps, num_chains : int, optional
        Retrodict's own defaults unless given.
    """

    def __init__(
        self,
        potential_fn: Any,
        proposal: Any,
        theta_transform: Any = None,
        method: str = "slice_np_vectorized",
        thin: int | None = None,
        warmup_steps: int | None = None,
        num_chains: int | None = None,
        init_strategy: str | None = None,
        init_strategy_parameters: Any = None,
        num_workers: int | None = None,
        mp_context: str | None = None,
        device: Any = None,
        x_shape: Any = None,
        target_accept: float | None = None,
    ) -> None:
        unused = {
            "init_strategy": init_strategy,
            "init_strategy_parameters": init_strategy_parameters,
            "num_workers": num_workers,
            "mp_context": mp_context,
        }
        warn_unused("MCMCPosterior", unused, MCMC_UNUSED)
        self._method = method
        sampler = mcmc({}, method, thin, warmup_steps, num_chains, target_accept)
        super().__init__(potential_fn, proposal, sampler)

    @property
    def mcmc_method(self) -> str:
        """The method by its name in ``sbi``."""
        return self._method

    def set_mcmc_method(self, method: str) -> MCMCPosterior:
        """Another method; returns the posterior."""
        self._sampler = mcmc({}, method)
        self._method = method
        return self

    def _changed(self, given: dict[str, Any]) -> dict[str, Any]:
        names = ("method", "thin", "warmup_steps", "num_chains", "target_accept")
        chosen = {name: given.pop(name, None) for name in names}
        warn_unused("MCMCPosterior.sample", given, {**UNUSED, **MCMC_UNUSED})
        return mcmc(self._sampler, **chosen)


MCMC_UNUSED = {
    "init_strategy": "resample",
    "init_strategy_parameters": {},
    "num_workers": 1,
    "mp_context": "spawn",
}


#: Settings of chains, by the names of ``sbi``, and the samplers that do not have them.
SETTINGS = {
    "thin": "thin",
    "warmup_steps": "warmup",
    "num_chains": "chains",
    "target_accept": "target_acceptance",
}
WITHOUT = {
    "thin": ("nuts",),
    "chains": ("ensemble",),
    "target_acceptance": ("slice", "ensemble", "random_walk"),
}


def mcmc(
    sampler: Settings,
    method: str | None = None,
    thin: int | None = None,
    warmup_steps: int | None = None,
    num_chains: int | None = None,
    target_accept: float | None = None,
) -> dict[str, Any]:
    """Settings of a sampler of chains, by the names of ``sbi``."""
    changed: dict[str, Any] = dict(sampler)
    if method is not None:
        if method not in MCMC_METHODS:
            raise not_supported(
                f"mcmc_method={method!r}", f"Use one of {', '.join(sorted(MCMC_METHODS))}."
            )
        if changed.get("kind") != MCMC_METHODS[method]:
            changed = dict[str, Any](kind=MCMC_METHODS[method])
    kind = changed["kind"]
    given = {
        "thin": None if thin == -1 else thin,
        "warmup_steps": warmup_steps,
        "num_chains": num_chains,
        "target_accept": target_accept,
    }
    unused = {}
    for name, value in given.items():
        key = SETTINGS[name]
        if value is None:
            continue
        if kind in WITHOUT.get(key, ()):
            unused[name] = value
        else:
            changed[key] = float(value) if name == "target_accept" else int(value)
    warn_unused(f"the sampler {kind}", unused)
    return changed


class RejectionPosterior(SampledPosterior):
    """Independent draws by rejection.

    Parameters
    ----------
    potential_fn : Potential or callable
        log p(θ | x_o) up to a constant.
    proposal : distribution
        The prior, from which candidates come.
    num_samples_to_find_max, m : optional
        From how many candidates the bound is searched, and by what it is multiplied.
    """

    def __init__(
        self,
        potential_fn: Any,
        proposal: Any,
        theta_transform: Any = None,
        max_sampling_batch_size: int | None = None,
        num_samples_to_find_max: int | None = None,
        num_iter_to_find_max: int | None = None,
        m: float | None = None,
        device: Any = None,
        x_shape: Any = None,
    ) -> None:
        warn_unused(
            "RejectionPosterior",
            {"num_iter_to_find_max": num_iter_to_find_max},
            {"num_iter_to_find_max": 100},
        )
        super().__init__(potential_fn, proposal, _rejection({}, num_samples_to_find_max, m))

    def _changed(self, given: dict[str, Any]) -> dict[str, Any]:
        candidates, m = given.pop("num_samples_to_find_max", None), given.pop("m", None)
        warn_unused("RejectionPosterior.sample", given, {**UNUSED, "num_iter_to_find_max": 100})
        return _rejection(self._sampler, candidates, m)


def _rejection(sampler: Settings, candidates: int | None, m: float | None) -> dict[str, Any]:
    changed = {"kind": "rejection", **sampler}
    if candidates is not None:
        changed["candidates"] = int(candidates)
    if m is not None:
        changed["margin"] = float(m)
    return changed


class ImportanceSamplingPosterior(SampledPosterior):
    """Draws by importance sampling with Pareto-smoothed weights.

    Parameters
    ----------
    potential_fn : Potential or callable
        log p(θ | x_o) up to a constant.
    proposal : distribution
        The prior, from which candidates come.
    method : {"sir", "importance"}
        Whether draws are resampled by their weights, or returned together with the weights.
    oversampling_factor : int
        Candidates for each draw.
    """

    def __init__(
        self,
        potential_fn: Any,
        proposal: Any,
        theta_transform: Any = None,
        method: str = "sir",
        oversampling_factor: int = 32,
        max_sampling_batch_size: int | None = None,
        device: Any = None,
        x_shape: Any = None,
    ) -> None:
        self._weighted = method == "importance"
        if method not in ("sir", "importance"):
            raise ValueError(f"method: given {method!r}, expected 'sir' or 'importance'.")
        sampler = {"kind": "importance", "oversampling": int(oversampling_factor)}
        super().__init__(potential_fn, proposal, sampler)

    def _changed(self, given: dict[str, Any]) -> dict[str, Any]:
        factor = given.pop("oversampling_factor", None)
        warn_unused("ImportanceSamplingPosterior.sample", given, UNUSED)
        return self._sampler if factor is None else {**self._sampler, "oversampling": int(factor)}

    def sample(self, sample_shape: Any = (), x: Any = None, **kwargs: Any) -> Numbers:
        """Draws; with ``method="importance"`` a pair of draws from the prior and their log-weights."""
        method = kwargs.pop("method", None)
        if not (self._weighted if method is None else method == "importance"):
            return super().sample(sample_shape, x, **kwargs)
        shape, n = count(sample_shape)
        data = self._given(x)
        density = self._for(data, **kwargs)
        theta = self.prior.native.sample(n, seed=fresh_seed(self._gives(x))).array
        values = density.log_prob(theta, data, False) - self.prior.native.log_prob(theta)
        torch = self._gives(x)
        drawn = give_theta(theta, torch, self.prior.native.limits)
        return drawn.reshape((*shape, self._width)), give(values.reshape(shape), torch)


class VIPosterior(SampledPosterior):
    """Draws by variational inference, corrected by importance weights.

    Parameters
    ----------
    potential_fn : Potential or callable
        log p(θ | x_o) up to a constant.
    prior : distribution
        The prior.
    q : str
        A flow; names of other families are not supported.
    vi_method : str
        ``"rKL"``, the reverse divergence.
    """

    def __init__(
        self,
        potential_fn: Any,
        prior: Any = None,
        q: Any = "maf",
        theta_transform: Any = None,
        vi_method: str = "rKL",
        device: Any = None,
        x_shape: Any = None,
        parameters: Any = None,
        modules: Any = None,
        num_transforms: int | None = None,
        hidden_features: int | None = None,
        z_score_theta: Any = None,
        z_score_x: Any = None,
    ) -> None:
        if q not in ("maf", "nsf"):
            raise not_supported(f"q={q!r}", "Use q='nsf' or 'maf': a flow of splines.")
        if vi_method != "rKL":
            raise not_supported(
                f"vi_method={vi_method!r}",
                "Use 'rKL': its draws are corrected by importance weights with a k̂ that says whether they suffice.",
            )
        sampler: dict[str, Any] = {"kind": "variational"}
        if num_transforms is not None:
            sampler["transforms"] = int(num_transforms)
        if hidden_features is not None:
            sampler["hidden"] = [int(hidden_features)]
        self.vi_method = vi_method
        super().__init__(potential_fn, prior, sampler)

    def train(
        self,
        x: Any = None,
        n_particles: int | None = None,
        learning_rate: float | None = None,
        max_num_iters: int | None = None,
        **kwargs: Any,
    ) -> VIPosterior:
        """Set what the fit is, which :meth:`sample` makes; returns the posterior.

        Parameters
        ----------
        x : array_like or tensor, optional
            The observed data.
        n_particles, learning_rate, max_num_iters : optional
            Retrodict's own defaults unless given.
        """
        usual = {
            "gamma": 0.999,
            "min_num_iters": 10,
            "clip_value": 10.0,
            "warm_up_rounds": 100,
            "retrain_from_scratch": False,
            "reset_optimizer": False,
            "show_progress_bar": True,
            "check_for_convergence": True,
            "quality_control": True,
            "quality_control_metric": "psis",
        }
        warn_unused("VIPosterior.train", kwargs, usual)
        changes = {"particles": n_particles, "steps": max_num_iters, "learning_rate": learning_rate}
        self._sampler.update({key: value for key, value in changes.items() if value is not None})
        if x is not None:
            self.set_default_x(x)
        self._given(None)
        return self

    def train_amortized(self, *args: Any, **kwargs: Any) -> VIPosterior:
        """Not supported."""
        raise not_supported("train_amortized", "Use NPE, which is amortised by nature.")

    def evaluate(self, quality_control_metric: str = "psis", N: int = 1000) -> float:
        """Print and return k̂ of the importance weights: below 0.7 the draws can be relied on."""
        density = self._for(self._given(None))
        posterior: Any = getattr(density, "posterior", None)
        if posterior is None:
            raise not_supported(
                "evaluate for a potential of your own", "Use RejectionPosterior to compare."
            )
        k_hat = float(posterior.sample(self._given(None), N).provenance["k_hat"])
        print(
            f"k̂ = {k_hat:.2f}: {'good' if k_hat < 0.7 else 'the draws miss a part of the posterior'}"
        )
        return k_hat


__all__ = [
    "ImportanceSamplingPosterior",
    "MCMCPosterior",
    "RejectionPosterior",
    "SampledPosterior",
    "VIPosterior",
    "refuse_gradients",
]
