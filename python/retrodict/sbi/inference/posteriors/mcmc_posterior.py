"""Chains, where ``sbi`` has them, and on a density of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .sampled import MCMCPosterior, takes_data


def build_from_potential(
    potential_fn: Callable[..., Any], prior: Any, x: Any = None, **kwargs: Any
) -> MCMCPosterior:
    """Chains on a density that is known up to a constant.

    Parameters
    ----------
    potential_fn : callable
        ``(theta, x)`` ↦ log p(θ, x) of each row, up to a constant, or ``theta`` ↦ log p(θ).
    prior : distribution
        Nothing is drawn outside its support.
    x : array_like or tensor, optional
        The observed data, for a potential that takes them. They may also be given when drawing.
    **kwargs
        As for :class:`MCMCPosterior`.
    """
    posterior = MCMCPosterior(potential_fn, prior, **kwargs)
    if x is None and posterior.default_x is None and not takes_data(potential_fn):
        x = np.zeros(1)
    return posterior if x is None else posterior.set_default_x(x)


__all__ = ["MCMCPosterior", "build_from_potential"]
