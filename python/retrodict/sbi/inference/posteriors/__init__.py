"""Posteriors."""

from .base import NeuralPosterior
from .direct import DirectPosterior, VectorFieldPosterior
from .ensemble_posterior import EnsemblePosterior
from .posterior_parameters import (
    DirectPosteriorParameters,
    ImportanceSamplingPosteriorParameters,
    MCMCPosteriorParameters,
    PosteriorParameters,
    RejectionPosteriorParameters,
    VectorFieldPosteriorParameters,
    VIPosteriorParameters,
)
from .sampled import (
    ImportanceSamplingPosterior,
    MCMCPosterior,
    RejectionPosterior,
    VIPosterior,
)

__all__ = [
    "DirectPosterior",
    "DirectPosteriorParameters",
    "EnsemblePosterior",
    "ImportanceSamplingPosterior",
    "ImportanceSamplingPosteriorParameters",
    "MCMCPosterior",
    "MCMCPosteriorParameters",
    "NeuralPosterior",
    "PosteriorParameters",
    "RejectionPosterior",
    "RejectionPosteriorParameters",
    "VIPosterior",
    "VIPosteriorParameters",
    "VectorFieldPosterior",
    "VectorFieldPosteriorParameters",
]
