"""Priors, simulators and data as users give them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays import floats
from ..distributions import BoxUniform, MultipleIndependent, NativePrior, as_prior
from ..errors import not_supported, warn_unused
from ..tensors import Numbers, give, is_torch


def process_prior(
    prior: Any, custom_prior_wrapper_kwargs: dict[str, Any] | None = None
) -> tuple[Any, int, bool]:
    """A prior that every class here takes, how many parameters it has, and whether it gives NumPy arrays.

    Parameters
    ----------
    prior : distribution, or a list of them
        Of torch, of SciPy or of Retrodict; or an object with ``sample`` and ``log_prob``.
    custom_prior_wrapper_kwargs : dict, optional
        ``lower_bound`` and ``upper_bound`` of such an object's support.
    """
    wrapped = dict(custom_prior_wrapper_kwargs or {})
    ends = {"low": wrapped.pop("lower_bound", None), "high": wrapped.pop("upper_bound", None)}
    warn_unused("process_prior", {"custom_prior_wrapper_kwargs": wrapped or None})
    known = as_prior(prior, ends=ends)
    if is_torch(prior) and not isinstance(prior, (list, tuple, NativePrior)):
        if len(getattr(prior, "batch_shape", ())) and len(known.native) > 1:
            raise ValueError(
                f"prior: given a batch of {len(known.native)} distributions, expected one distribution of as "
                "many parameters. Use BoxUniform, torch.distributions.Independent(prior, 1) or "
                "MultipleIndependent."
            )
        if len(getattr(prior, "event_shape", ())) == 1:
            return prior, len(known.native), False
    return known, len(known.native), not known.torch


class ProcessedSimulator:
    """A simulator that takes one θ a row and returns one row of data for each."""

    def __init__(self, simulator: Callable[..., Any], prior: Any, is_numpy_simulator: bool) -> None:
        self.simulator = simulator
        self.torch = as_prior(prior).torch or is_torch(prior)
        self.numpy = is_numpy_simulator or not self.torch
        self.batched = self._is_batched(prior)

    def _is_batched(self, prior: Any) -> bool:
        theta = prior.sample((2,))
        try:
            x = floats(self._call(theta), "x")
        except Exception:
            return False
        return x.ndim >= 2 and len(x) == 2

    def _call(self, theta: Any) -> Any:
        return self.simulator(floats(theta, "theta")) if self.numpy else self.simulator(theta)

    def __call__(self, theta: Any) -> Numbers:
        given = theta
        if not self.numpy and not is_torch(theta):
            given = give(floats(theta, "theta"), True)
        if np.ndim(given) == 1:
            given = given.reshape(1, -1)
        if self.batched:
            x = floats(self._call(given), "x")
        else:
            x = np.stack([np.atleast_1d(np.squeeze(floats(self._call(t), "x"))) for t in given])
        return give(x, self.torch)


def process_simulator(
    user_simulator: Callable[..., Any], prior: Any, is_numpy_simulator: bool
) -> ProcessedSimulator:
    """A simulator that takes one θ a row, whatever the user's own takes.

    Parameters
    ----------
    user_simulator : callable
        Takes one θ, or one a row.
    prior : distribution
        The prior, from which it is tried out.
    is_numpy_simulator : bool
        Whether it takes NumPy arrays.
    """
    return ProcessedSimulator(user_simulator, prior, is_numpy_simulator)


def process_x(x: Any, x_event_shape: Any = None) -> Numbers:
    """Data with one row an observation."""
    array = floats(x, "x")
    if x_event_shape is not None and array.shape == tuple(x_event_shape):
        array = array.reshape(1, *array.shape)
    elif array.ndim < 2:
        array = array.reshape(1, -1)
    return give(array, is_torch(x))


def check_sbi_inputs(simulator: Callable[..., Any], prior: Any) -> None:
    """An error unless the simulator gives a row of data for each of the prior's draws."""
    theta = prior.sample((2,))
    x = floats(simulator(theta), "x")
    if x.ndim < 2 or len(x) != 2:
        raise ValueError(
            f"simulator: it gave an array of shape {x.shape} for two rows of parameters, expected (2, …). "
            "Use process_simulator."
        )


def check_prior(prior: Any) -> None:
    """An error unless the prior is one that can be used."""
    as_prior(prior)


def check_estimator_arg(estimator: Any) -> None:
    """An error unless this is a name or settings of a network."""
    from ..neural_nets.factory import Network

    if not isinstance(estimator, (str, Network)):
        raise not_supported(f"an estimator of type {type(estimator).__name__}", "Give a name.")


def validate_theta_and_x(
    theta: Any, x: Any, data_device: str = "cpu", training_device: str = "cpu"
) -> tuple[Any, Any]:
    """θ and x, checked to have as many rows."""
    from ..table import as_theta, as_x

    as_x(x, len(as_theta(theta)))
    return theta, x


__all__ = [
    "BoxUniform",
    "MultipleIndependent",
    "ProcessedSimulator",
    "check_estimator_arg",
    "check_prior",
    "check_sbi_inputs",
    "process_prior",
    "process_simulator",
    "process_x",
    "validate_theta_and_x",
]
