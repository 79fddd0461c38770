"""Chains, where ``sbi`` has them, and on a density of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .sampled import MCMCPosterior


def build_from_potential(
    potential_fn: Callable[..., Any], prior: Any, x_o: Any = None, **kwargs: Any
) -> MCMCPosterior:
    """Chains on a density that is known up to a constant.

    Parameters
    ----------
    potential_fn : callable
        ``(theta, x_o)`` ↦ log p(θ, x_o) of each row, up to a constant.
    prior : distribution
        Nothing is drawn outside its support.
    x_o : array_like or tensor, optional
        The observed data.
    **kwargs
        As for :class:`MCMCPosterior`.
    """
    posterior = MCMCPosterior(potential_fn, prior, **kwargs)
    if x_o is not None:
        posterior.set_default_x(x_o)
    return posterior


__all__ = ["MCMCPosterior", "build_from_potential"]
