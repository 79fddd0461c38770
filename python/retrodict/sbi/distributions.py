"""Priors: distributions of torch and SciPy as those of Retrodict, and the two that ``sbi`` adds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import distributions as rd
from ..arrays import Floats, floats
from ..function import Function, is_function
from ..prior import Prior
from .errors import not_supported
from .tensors import Numbers, count, fresh_seed, give, give_theta, is_torch, rows

#: The parts of a prior: a distribution of one column, or of a block of so many.
Parts = list[tuple[rd.Distribution, int]]

OTHERWISE = (
    "Use BoxUniform, MultipleIndependent, torch's Uniform, Normal, MultivariateNormal, Independent, "
    "LogNormal, HalfNormal, Gamma, Beta, Exponential, StudentT, Cauchy, Dirichlet, Bernoulli, Categorical, "
    "Binomial or Poisson, a frozen distribution of SciPy, a retrodict.Prior, which also has truncated, mixture and "
    "conditional distributions, or an object with sample((n,)) and log_prob(theta)."
)

#: Distributions of torch: the native one, and which attribute is which argument.
UNIVARIATE: dict[str, tuple[type[rd.Distribution], dict[str, str]]] = {
    "Uniform": (rd.Uniform, {"low": "low", "high": "high"}),
    "Normal": (rd.Normal, {"mean": "loc", "sd": "scale"}),
    "LogNormal": (rd.LogNormal, {"mean_log": "loc", "sd_log": "scale"}),
    "HalfNormal": (rd.HalfNormal, {"scale": "scale"}),
    "Gamma": (rd.Gamma, {"shape": "concentration", "rate": "rate"}),
    "Chi2": (rd.Gamma, {"shape": "concentration", "rate": "rate"}),
    "Beta": (rd.Beta, {"alpha": "concentration1", "beta": "concentration0"}),
    "Exponential": (rd.Exponential, {"rate": "rate"}),
    "StudentT": (rd.StudentT, {"degrees_of_freedom": "df", "location": "loc", "scale": "scale"}),
    "Cauchy": (rd.Cauchy, {"location": "loc", "scale": "scale"}),
    "Bernoulli": (rd.Bernoulli, {"probability": "probs"}),
    "Binomial": (rd.Binomial, {"trials": "total_count", "probability": "probs"}),
    "Poisson": (rd.Poisson, {"rate": "rate"}),
}


#: All distributions of torch that have a counterpart here.
KNOWN = {
    *UNIVARIATE,
    "BoxUniform",
    "Categorical",
    "Dirichlet",
    "Independent",
    "MixtureSameFamily",
    "MultipleIndependent",
    "MultivariateNormal",
}


class NativePrior:
    """A prior of Retrodict with the methods of a distribution of torch.

    Parameters
    ----------
    prior : retrodict.Prior
        The prior.
    torch : bool
        Whether it gives tensors.
    """

    def __init__(self, prior: Prior, torch: bool = False) -> None:
        self.native = prior
        self.torch = torch

    @property
    def event_shape(self) -> tuple[int, ...]:
        """One axis of as many numbers as there are parameters."""
        return (len(self.native),)

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """No axis."""
        return ()

    def sample(self, sample_shape: Any = ()) -> Numbers:
        """Draws, of shape (\\*sample_shape, parameters)."""
        shape, n = count(sample_shape)
        theta = self._draws(n) if n else np.empty((0, len(self.native)))
        drawn = give_theta(theta, self.torch, self.native.limits)
        return drawn.reshape((*shape, len(self.native)))

    def log_prob(self, value: Any) -> Numbers:
        """log p(θ) of each row: −∞ outside the support."""
        theta, shape = rows(value, len(self.native), "value")
        return give(self.native.log_prob(theta).reshape(shape), self.torch or is_torch(value))

    @property
    def mean(self) -> Numbers:
        """The mean, of as many draws as make its error small (3 in 10,000 of a standard deviation)."""
        return give(self._many().mean(axis=0), self.torch)

    @property
    def variance(self) -> Numbers:
        """The variance, of many draws."""
        return give(self._many().var(axis=0), self.torch)

    @property
    def stddev(self) -> Numbers:
        """The standard deviation, of many draws."""
        return give(self._many().std(axis=0), self.torch)

    def _many(self) -> Floats:
        return self._draws(100_000, 1)

    def _draws(self, n: int, seed: int | None = None) -> Floats:
        function = self.native.function
        if function is not None:
            return function.draws(n, seed)
        return self.native.sample(n, seed=fresh_seed(self.torch) if seed is None else seed).array

    def to(self, device: Any) -> NativePrior:
        """Nothing happens: everything is computed on the processor."""
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.native!r})"


class BoxUniform(NativePrior):
    """Uniform on a box.

    Parameters
    ----------
    low, high : array_like or tensor
        The ends, one number a parameter. Tensors make a prior that gives tensors.
    reinterpreted_batch_ndims : int
        1, as in ``sbi``.
    device : optional
        Without meaning.

    Examples
    --------
    >>> from retrodict.sbi.utils import BoxUniform
    >>> prior = BoxUniform([-1.0, 0.0], [1.0, 2.0])
    >>> prior.sample((5,)).shape
    (5, 2)
    >>> round(float(prior.log_prob([0.0, 1.0])), 3)
    -1.386
    """

    def __init__(
        self, low: Any, high: Any, reinterpreted_batch_ndims: int = 1, device: Any = None
    ) -> None:
        if reinterpreted_batch_ndims != 1:
            raise not_supported(
                f"reinterpreted_batch_ndims={reinterpreted_batch_ndims}",
                "Leave it at 1: one event.",
            )
        torch = is_torch(low, high)
        lows, highs = np.broadcast_arrays(floats(low, "low"), floats(high, "high"))
        if lows.ndim > 1:
            raise ValueError(
                f"low and high: given arrays of shape {lows.shape}, expected one number a parameter."
            )
        lows, highs = np.atleast_1d(lows), np.atleast_1d(highs)
        parts: Parts = [(rd.Uniform(a, b), 1) for a, b in zip(lows.tolist(), highs.tolist())]
        super().__init__(prior_of(parts), torch)
        self._low, self._high = lows, highs

    @property
    def low(self) -> Numbers:
        """The lower ends."""
        return give(self._low, self.torch)

    @property
    def high(self) -> Numbers:
        """The upper ends."""
        return give(self._high, self.torch)

    @property
    def mean(self) -> Numbers:
        """The middle of the box."""
        return give((self._low + self._high) / 2, self.torch)

    @property
    def variance(self) -> Numbers:
        """(high − low)² / 12."""
        return give((self._high - self._low) ** 2 / 12, self.torch)

    @property
    def stddev(self) -> Numbers:
        """(high − low) / √12."""
        return give((self._high - self._low) / np.sqrt(12), self.torch)

    @property
    def base_dist(self) -> Any:
        """Its ends, as ``base_dist.low`` and ``base_dist.high``; torch's distribution if they are tensors."""
        return self.torch_distribution.base_dist if self.torch else self

    @property
    def support(self) -> Any:
        """Torch's constraint if it gives tensors; otherwise the limits, one pair a parameter."""
        return self.torch_distribution.support if self.torch else self.native.limits

    @property
    def torch_distribution(self) -> Any:
        """The same distribution of torch, for code that insists on one."""
        from torch.distributions import Independent, Uniform

        return Independent(Uniform(self.low, self.high, validate_args=False), 1)

    def to(self, device: Any) -> BoxUniform:
        """Nothing happens: everything is computed on the processor."""
        return self


class MultipleIndependent(NativePrior):
    """Independent priors, one after the other, as one.

    Parameters
    ----------
    dists : sequence
        Distributions: of torch, of SciPy, of Retrodict, or ``BoxUniform``.
    validate_args, arg_constraints, device : optional
        Without meaning.

    Examples
    --------
    >>> import retrodict as rd
    >>> from retrodict.sbi.utils import BoxUniform, MultipleIndependent
    >>> prior = MultipleIndependent([BoxUniform([0.0], [1.0]), rd.Normal(0, 1)])
    >>> prior.sample((3,)).shape
    (3, 2)
    """

    def __init__(
        self,
        dists: Sequence[Any],
        validate_args: Any = None,
        arg_constraints: Any = None,
        device: Any = None,
    ) -> None:
        dists = list(dists)
        if not dists:
            raise ValueError("dists: given none, expected at least one distribution.")
        parts = [part for dist in dists for part in parts_of(dist)]
        super().__init__(prior_of(parts), is_torch(*dists))
        self.dists = dists


def prior_of(parts: Parts) -> Prior:
    """Columns ``theta_1``, ``theta_2``, …; a block that is not alone has two numbers."""
    if len(parts) == 1 and parts[0][1] > 1:
        return Prior({"theta": parts[0][0]})
    named, column = {}, 1
    for part, width in parts:
        named[f"theta_{column}"] = part
        column += width
    return Prior(named)


def as_prior(
    prior: Any, what: str = "prior", ends: dict[str, Any] | None = None
) -> NativePrior:
    """Any prior that is known here, with the methods of a distribution of torch.

    ``ends`` are the bounds of an object that is only asked for draws and densities.

    Raises
    ------
    NotSupported
        If Retrodict has no such distribution.
    """
    if isinstance(prior, NativePrior):
        return prior
    if isinstance(prior, Prior):
        return NativePrior(prior)
    if isinstance(prior, (list, tuple)):
        return MultipleIndependent(prior)
    parts = parts_of(prior, what, ends)
    torch = any(isinstance(part, Function) and part.torch for part, _ in parts)
    return NativePrior(prior_of(parts), torch or is_torch(prior))


def parts_of(dist: Any, what: str = "prior", ends: dict[str, Any] | None = None) -> Parts:
    """A distribution of anybody's as distributions of Retrodict, column after column."""
    if isinstance(dist, (BoxUniform, MultipleIndependent)):
        return [(part, width) for part, width in _native_parts(dist.native)]
    if isinstance(dist, rd.Distribution):
        return [(dist, _width(dist))]
    if isinstance(dist, NativePrior):
        return _native_parts(dist.native)
    if isinstance(dist, Prior):
        return _native_parts(dist)
    if is_torch(dist):
        return _torch_parts(dist, what)
    if hasattr(dist, "dist") and hasattr(dist, "rvs"):
        return _scipy_parts(dist, what)
    if _scipy_block(dist):
        return _normal_block(floats(dist.mean, "mean"), floats(dist.cov, "cov"))
    return _function(dist, f"{what}: {type(dist).__name__}", ends)


def _function(dist: Any, what: str, ends: dict[str, Any] | None = None) -> Parts:
    """What there is no closed form of, if it can be asked for draws and densities."""
    if not is_function(dist):
        raise not_supported(what, OTHERWISE)
    function = Function(dist, **(ends or {}))
    return [(function, function.size)]


class _Entry(rd.Distribution):
    """A distribution by its entry in a study."""

    def __init__(self, entry: dict[str, Any]) -> None:
        arguments = {k: v for k, v in entry.items() if k not in ("prior", "label", "unit")}
        super().__init__(entry.get("label"), entry.get("unit"), **arguments)
        self.kind = str(entry["prior"])


def _native_parts(prior: Prior) -> Parts:
    def part(entry: dict[str, Any]) -> rd.Distribution:
        return prior.functions.get(str(entry.get("function"))) or _Entry(entry)

    parts = [part(entry) for entry in prior.to_dict().values()]
    return [(each, _width(each)) for each in parts]


def _width(dist: rd.Distribution) -> int:
    if isinstance(dist, Function):
        return dist.size
    entry = dist.to_dict()
    block = entry.get("concentration", entry.get("mean"))
    return len(block) if isinstance(block, (list, tuple)) else 1


def _torch_parts(dist: Any, what: str) -> Parts:
    name = type(dist).__name__
    if name in ("Independent", "BoxUniform"):
        base = type(dist.base_dist).__name__
        return _torch_parts(dist.base_dist, what) if base in KNOWN else _function(dist, what)
    if name == "MultipleIndependent":
        return [part for each in dist.dists for part in parts_of(each, what)]
    if name == "MultivariateNormal" and len(dist.batch_shape) <= 1:
        mean, covariance = floats(dist.mean, what), floats(dist.covariance_matrix, what)
        if mean.ndim == 2 and len(mean) == 1:
            mean, covariance = mean[0], covariance[0]
        if mean.ndim == 1:
            return _normal_block(mean, covariance)
    if name == "Dirichlet" and len(dist.batch_shape) == 0:
        values = floats(dist.concentration, what).tolist()
        return [(rd.Dirichlet(values), len(values))]
    if name == "Categorical" and len(dist.batch_shape) <= 1:
        table = floats(dist.probs, what)
        table = table.reshape(-1, table.shape[-1])
        return [(rd.Categorical(row.tolist()), 1) for row in table]
    if name == "MixtureSameFamily" and len(dist.batch_shape) <= 1 and len(dist.event_shape) == 0:
        return _torch_mixture(dist, what)
    if name in UNIVARIATE and len(dist.batch_shape) <= 1:
        return _univariate(dist, *UNIVARIATE[name], what)
    return _function(dist, f"{what}: {type(dist).__module__}.{name}")


def _univariate(
    dist: Any, native: type[rd.Distribution], arguments: dict[str, str], what: str
) -> Parts:
    columns = {key: floats(getattr(dist, name), what) for key, name in arguments.items()}
    wide = dict(zip(columns, np.broadcast_arrays(*columns.values())))
    n = next(iter(wide.values())).size
    flat = {key: values.ravel().tolist() for key, values in wide.items()}
    if "trials" in flat:
        flat["trials"] = [int(k) for k in flat["trials"]]
    return [(native(**{key: values[j] for key, values in flat.items()}), 1) for j in range(n)]


def _torch_mixture(dist: Any, what: str) -> Parts:
    weights = floats(dist.mixture_distribution.probs, what).reshape(-1)
    components = _torch_parts(dist.component_distribution, what)
    if len(components) != len(weights):
        return _function(dist, f"{what}: a mixture in several dimensions")
    return [(rd.Mixture(weights.tolist(), [part for part, _ in components]), 1)]


def _normal_block(mean: Floats, covariance: Floats) -> Parts:
    mean, covariance = np.atleast_1d(mean), np.atleast_2d(covariance)
    if np.count_nonzero(covariance - np.diag(np.diag(covariance))) == 0:
        sds = np.sqrt(np.diag(covariance))
        return [(rd.Normal(m, s), 1) for m, s in zip(mean.tolist(), sds.tolist())]
    return [(rd.MultivariateNormal(mean.tolist(), covariance.tolist()), len(mean))]


def _scipy_block(dist: Any) -> bool:
    return type(dist).__name__ == "multivariate_normal_frozen"


def _scipy_parts(dist: Any, what: str) -> Parts:
    """A frozen distribution of SciPy in one dimension."""
    shapes, loc, scale = dist.dist._parse_args(*dist.args, **dist.kwds)
    shapes = [float(s) for s in shapes]
    loc, scale = float(loc), float(scale)
    name = dist.dist.name
    if name == "uniform":
        return [(rd.Uniform(loc, loc + scale), 1)]
    if name == "norm":
        return [(rd.Normal(loc, scale), 1)]
    if name == "t":
        return [(rd.StudentT(shapes[0], loc, scale), 1)]
    if name == "cauchy":
        return [(rd.Cauchy(loc, scale), 1)]
    if loc == 0.0 and name == "lognorm":
        return [(rd.LogNormal(float(np.log(scale)), shapes[0]), 1)]
    if loc == 0.0 and name == "gamma":
        return [(rd.Gamma(shapes[0], 1.0 / scale), 1)]
    if loc == 0.0 and name == "expon":
        return [(rd.Exponential(1.0 / scale), 1)]
    if loc == 0.0 and name == "halfnorm":
        return [(rd.HalfNormal(scale), 1)]
    if loc == 0.0 and scale == 1.0 and name == "beta":
        return [(rd.Beta(shapes[0], shapes[1]), 1)]
    if loc == 0.0 and scale > 0 and name == "loguniform":
        return [(rd.LogUniform(shapes[0] * scale, shapes[1] * scale), 1)]
    return _function(dist, f"{what}: scipy.stats.{name} with loc={loc}, scale={scale}")


def stand_in(theta: Floats) -> NativePrior:
    """Normal distributions with the moments of these parameters, where no prior is known."""
    sds = theta.std(axis=0)
    sds = np.where(sds > 0, sds, 1.0)
    return NativePrior(
        prior_of([(rd.Normal(m, s), 1) for m, s in zip(theta.mean(axis=0).tolist(), sds.tolist())])
    )
