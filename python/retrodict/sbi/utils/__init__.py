"""Priors, simulators and metrics by the names of ``sbi``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..distributions import BoxUniform, MultipleIndependent
from .restricted_prior import RestrictedPrior, get_density_thresholder
from .restriction_estimator import RestrictionEstimator
from .user_input_checks import (
    check_prior,
    check_sbi_inputs,
    process_prior,
    process_simulator,
    process_x,
    validate_theta_and_x,
)

if TYPE_CHECKING:
    from .sbiutils import mcmc_transform, transformed_potential

__all__ = [
    "BoxUniform",
    "MultipleIndependent",
    "RestrictedPrior",
    "RestrictionEstimator",
    "check_prior",
    "check_sbi_inputs",
    "get_density_thresholder",
    "mcmc_transform",
    "process_prior",
    "process_simulator",
    "process_x",
    "transformed_potential",
    "validate_theta_and_x",
]


def __getattr__(name: str) -> Any:
    # These need the posteriors, which need the priors of this module.
    if name in ("mcmc_transform", "transformed_potential"):
        from . import sbiutils

        return getattr(sbiutils, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
