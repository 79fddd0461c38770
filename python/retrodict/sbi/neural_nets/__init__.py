"""Networks by the names of ``sbi``: settings of Retrodict's own."""

from .factory import (
    Network,
    classifier_nn,
    likelihood_nn,
    marginal_nn,
    posterior_flow_nn,
    posterior_nn,
    posterior_score_nn,
)

__all__ = [
    "Network",
    "classifier_nn",
    "likelihood_nn",
    "marginal_nn",
    "posterior_flow_nn",
    "posterior_nn",
    "posterior_score_nn",
]
