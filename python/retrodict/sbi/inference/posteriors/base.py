"""What every posterior of this package answers to."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....arrays import Floats, floats
from ...density import Density
from ...distributions import NativePrior
from ...errors import not_supported, warn_unused
from ...tensors import Numbers, count, fresh_seed, give, give_theta, is_torch, rows

#: Arguments that have a meaning in ``sbi`` alone, with their defaults there.
UNUSED = {
    "show_progress_bars": True,
    "max_sampling_batch_size": 10_000,
    "reject_outside_prior": True,
    "leakage_correction_params": None,
    "max_sampling_time": None,
    "return_partial_on_timeout": False,
    "num_iter": 1_000,
    "num_to_optimize": 100,
    "learning_rate": 0.01,
    "init_method": "posterior",
    "num_init_samples": 1_000,
    "save_best_every": 10,
    "force_update": False,
}


class NeuralPosterior:
    """A distribution over the parameters given data.

    Draws are inside the prior's support by construction, so nothing is rejected, densities need no
    correction for leakage, and no call can hang.
    """

    #: What ``init_method`` of ``map`` is in ``sbi``.
    _init_method = "posterior"

    def __init__(
        self, density: Density | None, prior: NativePrior, torch: bool, observe: Any
    ) -> None:
        self._density = density
        self.prior = prior
        self.torch = torch
        self._observe = observe
        self._x: Any = None
        self._default: Floats | None = None
        self._map: Numbers = None

    @property
    def default_x(self) -> Any:
        """The data that are meant if none are given."""
        return self._x

    def set_default_x(self, x: Any) -> Any:
        """Set the data that are meant if none are given; returns the posterior.

        Parameters
        ----------
        x : array_like or tensor
            One observation, or, for what learned a likelihood or a ratio, one trial a row.
        """
        self._default = self._observe(x)
        self._x = x
        self._map = None
        return self

    def _given(self, x: Any) -> Floats:
        if x is not None:
            found: Floats = self._observe(x)
            if not np.isfinite(found).all():
                raise ValueError("x: given numbers that are not finite, expected observed data.")
            return found
        if self._default is None:
            raise ValueError(
                "x: given none, and there is no default. Give the observed data, or set_default_x first."
            )
        return self._default

    def _for(self, x: Floats, **kwargs: Any) -> Density:
        """The density that answers for these data."""
        assert self._density is not None
        warn_unused(f"{type(self).__name__}.sample", kwargs, UNUSED)
        return self._density

    def _gives(self, *values: Any) -> bool:
        return self.torch or is_torch(*values)

    def sample(self, sample_shape: Any = (), x: Any = None, **kwargs: Any) -> Numbers:
        """Draws from p(θ | x), of shape (\\*sample_shape, parameters).

        Parameters
        ----------
        sample_shape : tuple or int
            How many.
        x : array_like or tensor, optional
            The observed data.
        **kwargs
            Arguments of ``sbi``; one warning names those that have no meaning here.
        """
        shape, n = count(sample_shape)
        data = self._given(x)
        density = self._for(data, **kwargs)
        theta = (
            density.sample(data, n, fresh_seed(self._gives(x))) if n else np.empty((0, self._width))
        )
        drawn = give_theta(theta, self._gives(x), self.prior.native.limits)
        return drawn.reshape((*shape, self._width))

    def sample_batched(self, sample_shape: Any, x: Any, **kwargs: Any) -> Numbers:
        """Draws for each of several observations, of shape (\\*sample_shape, observations, parameters)."""
        shape, n = count(sample_shape)
        data = self._observe(x)
        if not np.isfinite(data).all():
            raise ValueError("x: given numbers that are not finite, expected observed data.")
        density = self._for(data[:1], **kwargs)
        every = np.stack(density.sample_many(data, n, fresh_seed(self._gives(x))), axis=1)
        drawn = give_theta(every, self._gives(x), self.prior.native.limits)
        return drawn.reshape((*shape, len(data), self._width))

    @property
    def _width(self) -> int:
        return len(self.prior.native)

    def log_prob(
        self,
        theta: Any,
        x: Any = None,
        norm_posterior: bool = True,
        track_gradients: bool = False,
        **kwargs: Any,
    ) -> Numbers:
        """log p(θ | x) of each row: −∞ outside the prior's support.

        Parameters
        ----------
        theta : array_like or tensor
            One θ a row.
        x : array_like or tensor, optional
            The observed data.
        norm_posterior : bool
            Whether the density has to integrate to one.
        track_gradients : bool
            Must be false: there are no gradients to follow.
        """
        refuse_gradients(track_gradients)
        warn_unused(f"{type(self).__name__}.log_prob", kwargs, UNUSED)
        return self._values(theta, x, norm_posterior)

    def _values(self, theta: Any, x: Any, normalized: bool) -> Numbers:
        points, shape = rows(theta, self._width, "theta")
        data = self._given(x)
        values = self._for(data).log_prob(points, data, normalized)
        return give(values.reshape(shape or (1,)), self._gives(theta, x))

    def log_prob_batched(
        self,
        theta: Any,
        x: Any,
        norm_posterior: bool = True,
        track_gradients: bool = False,
        **kwargs: Any,
    ) -> Numbers:
        """log p(θ | x) for several observations: θ of shape (draws, observations, parameters).

        Returns
        -------
        ndarray or tensor
            Of shape (draws, observations).
        """
        refuse_gradients(track_gradients)
        warn_unused(f"{type(self).__name__}.log_prob_batched", kwargs, UNUSED)
        data = self._observe(x)
        points = floats(theta, "theta")
        if points.ndim == 2 and len(points) == len(data):
            points = points[np.newaxis]
        if points.ndim != 3 or points.shape[1:] != (len(data), self._width):
            raise ValueError(
                f"theta: given an array of shape {points.shape}, expected "
                f"(draws, {len(data)}, {self._width})."
            )
        columns = [
            self._for(row[np.newaxis]).log_prob(
                np.ascontiguousarray(points[:, j]), row[np.newaxis], norm_posterior
            )
            for j, row in enumerate(data)
        ]
        return give(np.stack(columns, axis=1), self._gives(theta, x))

    def potential(self, theta: Any, x: Any = None, track_gradients: bool = False) -> Numbers:
        """log p(θ | x) up to a constant."""
        refuse_gradients(track_gradients)
        return self._values(theta, x, False)

    def map(self, x: Any = None, **kwargs: Any) -> Numbers:
        """The θ with the largest density, of shape (1, parameters).

        It is searched in the library from several starts, so arguments that steer a gradient ascent have no
        meaning.
        """
        usual = {**UNUSED, "init_method": self._init_method, "show_progress_bars": False}
        warn_unused(f"{type(self).__name__}.map", kwargs, usual)
        if x is None and self._map is not None:
            return self._map
        data = self._given(x)
        theta = self._for(data).map(data, fresh_seed(self._gives(x)))
        found = give_theta(theta[np.newaxis], self._gives(x), self.prior.native.limits)
        if x is None:
            self._map = found
        return found

    def leakage_correction(self, x: Any = None, **kwargs: Any) -> Numbers:
        """The probability of a draw inside the prior's support: one."""
        return give(np.array([1.0]), self._gives(x))

    def to(self, device: Any) -> Any:
        """Nothing happens: everything is computed on the processor."""
        return self

    def __repr__(self) -> str:
        known = "" if self._default is None else f", default_x of shape {self._default.shape}"
        return f"<{type(self).__name__} of {self._width} parameters{known}>"


def refuse_gradients(track_gradients: bool) -> None:
    """There is no automatic differentiation."""
    if track_gradients:
        raise not_supported(
            "track_gradients=True",
            "Use finite differences of log_prob, or posterior.map for the maximum.",
        )
