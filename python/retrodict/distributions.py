"""The distributions of parameters, by the names and arguments that a study file has.

An argument may be the name of an earlier parameter in place of a number: ``Uniform(0, "tau")`` is uniform
between zero and the value of ``tau``. Every distribution takes a ``label`` and a ``unit`` for figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

Argument: TypeAlias = float | str


class Distribution:
    """A distribution of one parameter, or of a block of them.

    Two are equal if they say the same.
    """

    kind: str = ""

    def __init__(self, label: str | None, unit: str | None, **arguments: Any) -> None:
        self._arguments = arguments
        self._words = {"label": label, "unit": unit}

    def to_dict(self) -> dict[str, Any]:
        """The entry of ``[parameters]`` in a study."""
        words = {key: value for key, value in self._words.items() if value is not None}
        return {"prior": self.kind, **{k: _plain(v) for k, v in self._arguments.items()}, **words}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Distribution):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        entries = {**self._arguments, **self._words}
        given = ", ".join(f"{k}={v!r}" for k, v in entries.items() if v is not None)
        return f"{type(self).__name__}({given})"


def _plain(value: Any) -> Any:
    if isinstance(value, Distribution):
        return value.to_dict()
    if isinstance(value, str) or value is None:
        return value
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


class Uniform(Distribution):
    """Constant between two ends.

    Examples
    --------
    >>> import retrodict as rd
    >>> rd.Uniform(-2, 2)
    Uniform(low=-2, high=2)
    """

    kind = "uniform"

    def __init__(
        self, low: Argument, high: Argument, *, label: str | None = None, unit: str | None = None
    ) -> None:
        super().__init__(label, unit, low=low, high=high)


class LogUniform(Distribution):
    """Constant on the logarithm, between two positive ends."""

    kind = "log_uniform"

    def __init__(
        self, low: Argument, high: Argument, *, label: str | None = None, unit: str | None = None
    ) -> None:
        super().__init__(label, unit, low=low, high=high)


class Normal(Distribution):
    """Normal, by its mean and standard deviation."""

    kind = "normal"

    def __init__(
        self,
        mean: Argument = 0.0,
        sd: Argument = 1.0,
        *,
        label: str | None = None,
        unit: str | None = None,
    ) -> None:
        super().__init__(label, unit, mean=mean, sd=sd)


class LogNormal(Distribution):
    """The exponential of a normal variable, whose mean and standard deviation are given."""

    kind = "log_normal"

    def __init__(
        self,
        mean_log: Argument = 0.0,
        sd_log: Argument = 1.0,
        *,
        label: str | None = None,
        unit: str | None = None,
    ) -> None:
        super().__init__(label, unit, mean_log=mean_log, sd_log=sd_log)


class HalfNormal(Distribution):
    """The absolute value of a centred normal variable of standard deviation ``scale``."""

    kind = "half_normal"

    def __init__(
        self, scale: Argument = 1.0, *, label: str | None = None, unit: str | None = None
    ) -> None:
        super().__init__(label, unit, scale=scale)


class Gamma(Distribution):
    """Gamma, with mean ``shape / rate``."""

    kind = "gamma"

    def __init__(
        self,
        shape: Argument,
        rate: Argument = 1.0,
        *,
        label: str | None = None,
        unit: str | None = None,
    ) -> None:
        super().__init__(label, unit, shape=shape, rate=rate)


class Beta(Distribution):
    """Beta on (0, 1)."""

    kind = "beta"

    def __init__(
        self, alpha: Argument, beta: Argument, *, label: str | None = None, unit: str | None = None
    ) -> None:
        super().__init__(label, unit, alpha=alpha, beta=beta)


class Exponential(Distribution):
    """Exponential, with mean ``1 / rate``."""

    kind = "exponential"

    def __init__(
        self, rate: Argument = 1.0, *, label: str | None = None, unit: str | None = None
    ) -> None:
        super().__init__(label, unit, rate=rate)


class StudentT(Distribution):
    """Student's t."""

    kind = "student_t"

    def __init__(
        self,
        degrees_of_freedom: Argument,
        location: Argument = 0.0,
        scale: Argument = 1.0,
        *,
        label: str | None = None,
        unit: str | None = None,
    ) -> None:
        super().__init__(
            label, unit, degrees_of_freedom=degrees_of_freedom, location=location, scale=scale
        )


class Cauchy(Distribution):
    """Cauchy."""

    kind = "cauchy"

    def __init__(
        self,
        location: Argument = 0.0,
        scale: Argument = 1.0,
        *,
        label: str | None = None,
        unit: str | None = None,
    ) -> None:
        super().__init__(label, unit, location=location, scale=scale)


class Truncated(Distribution):
    """A continuous distribution cut to an interval; an end that is ``None`` is not cut.

    Examples
    --------
    >>> import retrodict as rd
    >>> rd.Prior(tau=rd.Truncated(rd.Normal(0, 1), low=0)).limits
    [(0.0, inf)]
    """

    kind = "truncated"

    def __init__(
        self,
        distribution: Distribution,
        low: Argument | None = None,
        high: Argument | None = None,
        *,
        label: str | None = None,
        unit: str | None = None,
    ) -> None:
        super().__init__(label, unit, distribution=distribution, low=low, high=high)


class Mixture(Distribution):
    """A weighted mixture of continuous distributions; the weights are scaled to sum to one."""

    kind = "mixture"

    def __init__(
        self,
        weights: Sequence[float],
        components: Sequence[Distribution],
        *,
        label: str | None = None,
        unit: str | None = None,
    ) -> None:
        super().__init__(label, unit, weights=weights, components=components)


class Discrete(Distribution):
    """Finitely many values, each with a probability; these are scaled to sum to one."""

    kind = "discrete"

    def __init__(
        self,
        values: Sequence[float],
        probabilities: Sequence[float],
        *,
        label: str | None = None,
        unit: str | None = None,
    ) -> None:
        super().__init__(label, unit, values=values, probabilities=probabilities)


class Categorical(Distribution):
    """The values 0, 1, …, k − 1, each with a probability; these are scaled to sum to one."""

    kind = "categorical"

    def __init__(
        self,
        probabilities: Sequence[float],
        *,
        label: str | None = None,
        unit: str | None = None,
    ) -> None:
        super().__init__(label, unit, probabilities=probabilities)


class Bernoulli(Distribution):
    """1 with a probability, otherwise 0."""

    kind = "bernoulli"

    def __init__(
        self, probability: Argument = 0.5, *, label: str | None = None, unit: str | None = None
    ) -> None:
        super().__init__(label, unit, probability=probability)


class Binomial(Distribution):
    """How many of so many independent trials succeed."""

    kind = "binomial"

    def __init__(
        self,
        trials: int,
        probability: Argument = 0.5,
        *,
        label: str | None = None,
        unit: str | None = None,
    ) -> None:
        super().__init__(label, unit, trials=trials, probability=probability)


class UniformInteger(Distribution):
    """Whole numbers from ``low`` to ``high``, both included, all equally probable."""

    kind = "uniform_integer"

    def __init__(
        self, low: Argument, high: Argument, *, label: str | None = None, unit: str | None = None
    ) -> None:
        super().__init__(label, unit, low=low, high=high)


class Poisson(Distribution):
    """Counts with a mean."""

    kind = "poisson"

    def __init__(
        self, rate: Argument, *, label: str | None = None, unit: str | None = None
    ) -> None:
        super().__init__(label, unit, rate=rate)


class Dirichlet(Distribution):
    """k shares that sum to one: the parameters ``NAME_1``, …, ``NAME_k``."""

    kind = "dirichlet"

    def __init__(
        self,
        concentration: Sequence[float],
        *,
        label: str | None = None,
        unit: str | None = None,
    ) -> None:
        super().__init__(label, unit, concentration=concentration)


class MultivariateNormal(Distribution):
    """k correlated normal parameters ``NAME_1``, …, ``NAME_k``."""

    kind = "multivariate_normal"

    def __init__(
        self,
        mean: Sequence[float],
        covariance: Sequence[Sequence[float]],
        *,
        label: str | None = None,
        unit: str | None = None,
    ) -> None:
        super().__init__(label, unit, mean=mean, covariance=covariance)
