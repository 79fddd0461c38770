"""θ ↦ log p(θ | x_o) up to a constant."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....arrays import Floats
from ...density import Density, Known, Settings
from ...distributions import NativePrior, as_prior
from ...errors import not_supported, warn_unused
from ...estimator import WITH_TRIALS, Estimator
from ...tensors import Numbers, give, is_torch, rows


class Potential:
    """log p(θ | x_o) up to a constant, as a function of θ.

    Attributes
    ----------
    estimator : Estimator
        The networks.
    prior : NativePrior
        The prior.
    """

    def __init__(self, estimator: Estimator, prior: Any = None, x_o: Any = None) -> None:
        if not isinstance(estimator, Estimator):
            raise not_supported(
                f"an estimator of type {type(estimator).__name__}",
                "Give what train() of a class of retrodict.sbi.inference returns.",
            )
        known = estimator.prior if prior is None else as_prior(prior)
        if known.native != estimator.prior.native:
            if estimator.recipe.method not in WITH_TRIALS:
                raise not_supported(
                    "a posterior under another prior than it was learned with",
                    "Train again, or use NLE or NRE.",
                )
            estimator = estimator.with_prior(known)
        self.estimator = estimator
        self.prior = known
        self._x_o: Any = None
        if x_o is not None:
            self.set_x(x_o)

    @property
    def x_o(self) -> Any:
        """The observed data."""
        return self._x_o

    def return_x_o(self) -> Any:
        """The observed data, or nothing."""
        return self._x_o

    def set_x(self, x_o: Any, x_is_iid: bool | None = True) -> Potential:
        """Set the observed data; rows are trials of one θ."""
        self.estimator.observe(x_o, "x_o")
        self._x_o = x_o
        return self

    def __call__(self, theta: Any, track_gradients: bool = False) -> Numbers:
        """log p(θ | x_o) of each row, up to a constant."""
        if track_gradients:
            raise not_supported("track_gradients=True", "Use finite differences.")
        if self._x_o is None:
            raise ValueError("x_o: there are no observed data. Give them with set_x.")
        points, shape = rows(theta, len(self.prior.native), "theta")
        x = self.estimator.observe(self._x_o, "x_o")
        values = self.estimator.density().log_prob(points, x, False)
        return give(values.reshape(shape or (1,)), self.estimator.torch or is_torch(theta))

    def density(self, sampler: Settings) -> Density:
        """What a sampler draws from it."""
        if self.estimator.recipe.method in WITH_TRIALS:
            return self.estimator.density(sampler=dict(sampler))
        direct = self.estimator.density()

        def values(theta: Floats, x: Floats) -> Floats:
            return direct.log_prob(theta, x, False)

        return Known(values, self.prior, sampler)


class Identity:
    """The space of θ itself: samplers here find their own, in which the prior is standard normal."""

    def __call__(self, theta: Any) -> Any:
        return theta

    @property
    def inv(self) -> Identity:
        """The way back."""
        return self

    def log_abs_det_jacobian(self, theta: Any, transformed: Any) -> Numbers:
        """Zero."""
        shape = np.shape(theta)[:-1]
        return give(np.zeros(shape), is_torch(theta))


def _of(
    estimator: Any, prior: Any, x_o: Any, method: tuple[str, ...]
) -> tuple[Potential, Identity]:
    potential = Potential(estimator, prior, x_o)
    if potential.estimator.recipe.method not in method:
        raise ValueError(
            f"estimator: given one that was trained by {potential.estimator.recipe.method}, expected "
            f"{' or '.join(method)}."
        )
    return potential, Identity()


def likelihood_estimator_based_potential(
    likelihood_estimator: Estimator, prior: Any, x_o: Any = None, enable_transform: bool = True
) -> tuple[Potential, Identity]:
    """The potential of a learned likelihood, and the transform of its space: the identity."""
    return _of(likelihood_estimator, prior, x_o, ("nle",))


def mixed_likelihood_estimator_based_potential(
    likelihood_estimator: Estimator, prior: Any, x_o: Any = None
) -> tuple[Potential, Identity]:
    """The potential of a learned likelihood of mixed data."""
    return _of(likelihood_estimator, prior, x_o, ("nle",))


def posterior_estimator_based_potential(
    posterior_estimator: Estimator, prior: Any, x_o: Any = None, enable_transform: bool = True
) -> tuple[Potential, Identity]:
    """The potential of a learned posterior."""
    return _of(posterior_estimator, prior, x_o, ("npe",))


def ratio_estimator_based_potential(
    ratio_estimator: Estimator, prior: Any, x_o: Any = None, enable_transform: bool = True
) -> tuple[Potential, Identity]:
    """The potential of a learned ratio."""
    return _of(ratio_estimator, prior, x_o, ("nre",))


def vector_field_estimator_based_potential(
    vector_field_estimator: Estimator,
    prior: Any,
    x_o: Any = None,
    enable_transform: bool = True,
    **kwargs: Any,
) -> tuple[Potential, Identity]:
    """The potential of a vector field."""
    warn_unused("vector_field_estimator_based_potential", kwargs)
    return _of(vector_field_estimator, prior, x_o, ("fmpe", "npse"))


def as_known_prior(proposal: Any) -> NativePrior:
    """The prior that a sampler's ``proposal`` is."""
    return as_prior(proposal, "proposal")
