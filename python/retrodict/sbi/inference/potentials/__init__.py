"""Densities up to a constant, and the spaces in which samplers of ``sbi`` work."""

from .potential import (
    Identity,
    Potential,
    likelihood_estimator_based_potential,
    mixed_likelihood_estimator_based_potential,
    posterior_estimator_based_potential,
    ratio_estimator_based_potential,
    vector_field_estimator_based_potential,
)

__all__ = [
    "Identity",
    "Potential",
    "likelihood_estimator_based_potential",
    "mixed_likelihood_estimator_based_potential",
    "posterior_estimator_based_potential",
    "ratio_estimator_based_potential",
    "vector_field_estimator_based_potential",
]
