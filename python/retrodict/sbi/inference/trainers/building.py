"""From an estimator and the arguments of ``build_posterior`` to a posterior with a sampler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...estimator import Estimator
from ..posteriors import (
    ImportanceSamplingPosterior,
    MCMCPosterior,
    PosteriorParameters,
    RejectionPosterior,
    VIPosterior,
)
from ..potentials import Potential


@dataclass
class Parameters:
    """What ``build_posterior`` was given."""

    mcmc_method: str = "slice_np_vectorized"
    vi_method: str = "rKL"
    mcmc: Any = None
    vi: Any = None
    rejection: Any = None
    importance: Any = None
    given: Any = None

    def of(self, old: Any) -> dict[str, Any]:
        """The arguments of one sampler, from the dictionary of old or from the class of now."""
        chosen = self.given if self.given is not None else old
        if chosen is None:
            return {}
        if isinstance(chosen, PosteriorParameters):
            return chosen.given()
        if isinstance(chosen, Mapping):
            return dict(chosen)
        raise ValueError(
            f"posterior_parameters: given {type(chosen).__name__}, expected one of the classes in "
            "retrodict.sbi.inference.posteriors, such as MCMCPosteriorParameters."
        )


def sampled(estimator: Estimator, prior: Any, sample_with: str, parameters: Parameters) -> Any:
    """A posterior that is drawn by a sampler."""
    potential = Potential(estimator, prior)
    known = potential.prior
    if sample_with == "mcmc":
        settings = {"method": parameters.mcmc_method, **parameters.of(parameters.mcmc)}
        return MCMCPosterior(potential, known, **settings)
    if sample_with == "rejection":
        return RejectionPosterior(potential, known, **parameters.of(parameters.rejection))
    if sample_with == "importance":
        return ImportanceSamplingPosterior(potential, known, **parameters.of(parameters.importance))
    if sample_with == "vi":
        settings = {"vi_method": parameters.vi_method, **parameters.of(parameters.vi)}
        return VIPosterior(potential, known, **settings)
    raise ValueError(
        f"sample_with: given {sample_with!r}, expected 'mcmc', 'rejection', 'vi' or 'importance', "
        "or 'direct' for what learns a posterior."
    )
