"""What ``sbi.inference`` has: trainers, posteriors, simulation."""

from __future__ import annotations

import warnings
from typing import Any

from ..utils.restricted_prior import RestrictedPrior, get_density_thresholder
from ..utils.simulation_utils import simulate_for_sbi
from .abc import MCABC, SMCABC
from .base import check_if_proposal_has_default_x, infer
from .posteriors import (
    DirectPosterior,
    DirectPosteriorParameters,
    EnsemblePosterior,
    ImportanceSamplingPosterior,
    ImportanceSamplingPosteriorParameters,
    MCMCPosterior,
    MCMCPosteriorParameters,
    RejectionPosterior,
    RejectionPosteriorParameters,
    VectorFieldPosterior,
    VectorFieldPosteriorParameters,
    VIPosterior,
    VIPosteriorParameters,
)
from .potentials import (
    likelihood_estimator_based_potential,
    mixed_likelihood_estimator_based_potential,
    posterior_estimator_based_potential,
    ratio_estimator_based_potential,
    vector_field_estimator_based_potential,
)
from .trainers import (
    BNRE,
    FMPE,
    MNLE,
    MNPE,
    NLE_A,
    NPE_A,
    NPE_B,
    NPE_C,
    NPE_PFN,
    NPSE,
    NRE_A,
    NRE_B,
    NRE_C,
    MarginalTrainer,
    Trainer,
)

NPE = NPE_C
NLE = NLE_A
NRE = NRE_B
NeuralInference = Trainer

#: What :func:`infer` knows.
TRAINERS = (
    "NPE", "NPE_A", "NPE_B", "NPE_C", "MNPE", "NLE", "NLE_A", "MNLE", "NRE", "NRE_A", "NRE_B", "NRE_C", "BNRE",
    "FMPE", "NPSE",
)  # fmt: skip

#: Old names.
_OLD = {
    "SNL": "NLE_A",
    "SNLE": "NLE_A",
    "SNLE_A": "NLE_A",
    "SNPE_A": "NPE_A",
    "SNPE_B": "NPE_B",
    "SNPE": "NPE_C",
    "SNPE_C": "NPE_C",
    "APT": "NPE_C",
    "SRE": "NRE_B",
    "SNRE": "NRE_B",
    "SNRE_B": "NRE_B",
    "AALR": "NRE_A",
    "SNRE_A": "NRE_A",
    "CNRE": "NRE_C",
    "SNRE_C": "NRE_C",
    "ABC": "MCABC",
    "SMC": "SMCABC",
}

__all__ = [
    "BNRE",
    "DirectPosterior",
    "DirectPosteriorParameters",
    "EnsemblePosterior",
    "FMPE",
    "ImportanceSamplingPosterior",
    "ImportanceSamplingPosteriorParameters",
    "MCABC",
    "MCMCPosterior",
    "MCMCPosteriorParameters",
    "MNLE",
    "MNPE",
    "MarginalTrainer",
    "NLE",
    "NLE_A",
    "NPE",
    "NPE_A",
    "NPE_B",
    "NPE_C",
    "NPE_PFN",
    "NPSE",
    "NRE",
    "NRE_A",
    "NRE_B",
    "NRE_C",
    "NeuralInference",
    "RejectionPosterior",
    "RejectionPosteriorParameters",
    "RestrictedPrior",
    "SMCABC",
    "VIPosterior",
    "VIPosteriorParameters",
    "VectorFieldPosterior",
    "VectorFieldPosteriorParameters",
    "check_if_proposal_has_default_x",
    "get_density_thresholder",
    "infer",
    "likelihood_estimator_based_potential",
    "mixed_likelihood_estimator_based_potential",
    "posterior_estimator_based_potential",
    "ratio_estimator_based_potential",
    "simulate_for_sbi",
    "vector_field_estimator_based_potential",
]


def __getattr__(name: str) -> Any:
    if name in _OLD:
        warnings.warn(
            f"{name} is an old name, which sbi 0.28 drops: use {_OLD[name]}.",
            FutureWarning,
            stacklevel=2,
        )
        return globals()[_OLD[name]]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
