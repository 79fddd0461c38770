"""Helpers that tutorials of ``sbi`` import from here."""

from __future__ import annotations

from typing import Any

from ..inference.potentials.potential import Identity
from .simulation_utils import seed_all

seed_all_backends = seed_all


def mcmc_transform(prior: Any, *args: Any, **kwargs: Any) -> Identity:
    """The identity: samplers here find their own space."""
    return Identity()


def transformed_potential(
    theta: Any,
    potential_fn: Any,
    theta_transform: Any,
    device: Any = None,
    track_gradients: bool = False,
) -> Any:
    """The potential where a transform leads from."""
    parameters = theta_transform.inv(theta)
    return potential_fn(parameters) - theta_transform.log_abs_det_jacobian(parameters, theta)


__all__ = ["mcmc_transform", "seed_all_backends", "transformed_potential"]
