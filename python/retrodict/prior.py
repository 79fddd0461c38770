"""The prior: named parameters and their joint distribution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from . import _native
from .arrays import Floats, matrix, whole
from .distributions import Distribution
from .function import Function, is_function
from .samples import Samples


class Prior:
    """A distribution over named parameters, in column order.

    Parameters
    ----------
    parameters : mapping, optional
        Names and distributions, or their entries as in the ``[parameters]`` table of a study; other objects with
        ``sample`` and ``log_prob`` become :class:`retrodict.Function`.
    **named : Distribution
        The same as keywords.

    Raises
    ------
    ValueError
        If there is no parameter, or a distribution does not exist; the message names the argument.

    Examples
    --------
    >>> import retrodict as rd
    >>> prior = rd.Prior(mu=rd.Uniform(-2, 2), sigma=rd.HalfNormal(1))
    >>> prior.names
    ['mu', 'sigma']
    >>> draws = prior.sample(1000, seed=1)
    >>> bool((abs(draws["mu"]) <= 2).all())
    True
    >>> float(prior.log_prob([3.0, 1.0]))
    -inf
    """

    def __init__(
        self,
        parameters: Mapping[str, Any] | None = None,
        /,
        **named: Any,
    ) -> None:
        if parameters is not None and not isinstance(parameters, Mapping):
            raise ValueError(
                f"parameters: given {type(parameters).__name__}, expected names with distributions. "
                "Give them as keywords or in a dictionary: Prior(mu=Uniform(-2, 2))."
            )
        given = {str(k): _distribution(v) for k, v in {**(parameters or {}), **named}.items()}
        self._parameters = {name: _entry(name, value) for name, value in given.items()}
        self._functions = {f.name: f for f in given.values() if isinstance(f, Function)}
        self._native = self._made()

    @property
    def functions(self) -> dict[str, Function]:
        """The Python objects among its distributions, by the names that entries call them by."""
        return dict(self._functions)

    def _made(self) -> _native.Prior:
        functions = {name: (f.log_prob_of_one, f.draw) for name, f in self._functions.items()}
        return _native.Prior(self._parameters, functions)

    @property
    def function(self) -> Function | None:
        """The Python object that it is, if that is all of it."""
        functions = list(self._functions.values())
        return functions[0] if len(self._parameters) == 1 and functions else None

    @property
    def has_functions(self) -> bool:
        """Whether a part of it is a Python object: then a box alone is respected by construction."""
        return bool(self._functions)

    @property
    def names(self) -> list[str]:
        """The names of the columns; a block ``w`` of k parameters makes ``w_1``, …, ``w_k``."""
        return self._native.names

    @property
    def parameters(self) -> list[tuple[str, str | None, str | None]]:
        """Name, label and unit of each column."""
        return self._native.parameters

    @property
    def limits(self) -> list[tuple[float, float]]:
        """The least and the largest value of each column."""
        return self._native.limits

    @property
    def discrete(self) -> list[str]:
        """The names of the columns that take values that can be counted."""
        return self._native.discrete

    def to_dict(self) -> dict[str, Any]:
        """The ``[parameters]`` table of a study."""
        return {name: dict(entry) for name, entry in self._parameters.items()}

    def sample(self, n: int = 1, seed: int = 1) -> Samples:
        """Draws: the parameters of the first ``n`` simulations with this seed.

        Parameters
        ----------
        n : int
            How many.
        seed : int
            The seed; the first draws of a longer table are the same.

        Returns
        -------
        Samples
            ``n`` rows, one column a parameter.
        """
        theta, _ = self._native.simulations(whole(n, "n"), whole(seed, "seed"), 0, False)
        return Samples(theta, self.names, limits=self.limits, parameters=self.parameters)

    def log_prob(self, theta: Any) -> Floats:
        """log p(θ): −∞ outside the support, never NaN.

        Parameters
        ----------
        theta : array_like or mapping
            One θ, or one a row.

        Returns
        -------
        ndarray
            One number a row; a number of no axis for one θ.
        """
        rows = matrix(theta, len(self), self.names, "theta")
        function = self.function
        values = self._native.log_prob(rows) if function is None else function.log_prob(rows)
        return values if np.ndim(theta) >= 2 or len(rows) != 1 else values[0]

    def from_unit_cube(self, u: Any) -> Floats:
        """θ at points of the unit cube, for nested samplers: uniform points become draws from the prior.

        Parameters
        ----------
        u : array_like
            Numbers between 0 and 1: one point, or one a row.

        Returns
        -------
        ndarray
            As many θ.

        Raises
        ------
        ValueError
            If a parameter is discrete or a Python object, or the parameters have fewer degrees of freedom than
            columns.

        Examples
        --------
        >>> import retrodict as rd
        >>> rd.Prior(mu=rd.Uniform(0, 4)).from_unit_cube([0.25]).round(12)
        array([1.])
        """
        if self.has_functions:
            raise ValueError(
                "u: the prior has a part that is a Python object, whose quantiles are not known. Use draws and "
                "log_prob, or a prior of distributions by name."
            )
        rows = matrix(u, len(self), self.names, "u")
        if not ((rows >= 0) & (rows <= 1)).all():
            raise ValueError("u: given numbers outside the unit cube, expected from 0 to 1.")
        from statistics import NormalDist

        quantile = NormalDist().inv_cdf
        inside = np.clip(rows, 1e-300, 1 - 1e-16)
        z = np.array([quantile(value) for value in inside.ravel().tolist()]).reshape(rows.shape)
        theta = self._native.theta_of_normal(z)
        return theta if np.ndim(u) >= 2 or len(rows) != 1 else theta[0]

    def __len__(self) -> int:
        return len(self._native.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._native.names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prior):
            return NotImplemented
        return list(self._parameters.items()) == list(other._parameters.items())

    def __hash__(self) -> int:
        return hash(repr(self._parameters))

    def __getstate__(self) -> dict[str, Any]:
        return {"parameters": self._parameters, "functions": self._functions}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._parameters = state["parameters"]
        self._functions = state["functions"]
        self._native = self._made()

    def __repr__(self) -> str:
        entries = (f"{name}={_words(entry)}" for name, entry in self._parameters.items())
        return f"Prior({', '.join(entries)})"

    def _repr_html_(self) -> str:
        from .html import table

        rows = [[name, _words(entry)] for name, entry in self._parameters.items()]
        return table(["parameter", "prior"], rows)


def _distribution(value: Any) -> Any:
    """An object that can be asked for draws and densities as a distribution; others as they are."""
    known = isinstance(value, (Distribution, Mapping))
    return Function(value) if not known and is_function(value) else value


def _entry(name: Any, value: Any) -> dict[str, Any]:
    if isinstance(value, Distribution):
        return value.to_dict()
    if isinstance(value, Mapping):
        return dict(value)
    raise ValueError(
        f"parameters.{name}: given {type(value).__name__}, expected a distribution. "
        "Give, for example, retrodict.Uniform(-2, 2)."
    )


def _words(entry: Mapping[str, Any]) -> str:
    arguments = (f"{k}={v!r}" for k, v in entry.items() if k not in ("prior", "label", "unit"))
    kind = "".join(part.title() for part in str(entry.get("prior", "?")).split("_"))
    return f"{kind}({', '.join(arguments)})"
