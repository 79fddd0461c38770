"""Distributions that Python objects are: what Retrodict has no closed form of."""

from __future__ import annotations

import hashlib
import random
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .arrays import Floats, floats
from .distributions import Distribution

#: Draws that tell one function from another.
PROBED = 8
#: Global generators are seeded for one draw at a time.
_seeding = threading.RLock()
#: NumPy's global functions, of which its own types know some, and what they draw from meanwhile.
_global: Any = np.random
_lent = np.random.MT19937(0)


class Function(Distribution):
    """A distribution given as a Python object, of one parameter or of a block of them.

    Parameters
    ----------
    dist : object
        With ``sample((n,))`` and ``log_prob(theta)``, as distributions of torch and the priors of ``sbi`` have, or
        with ``rvs(size=n)`` and ``logpdf(theta)``, as frozen ones of SciPy have; θ has one row a draw.
    low, high : float or array_like, optional
        A box that holds the support, one number or one a parameter. Unless given, what the object says by its
        ``support``, or no bounds.
    label, unit : str, optional
        For figures.

    Notes
    -----
    Draws come from the generators that the object itself uses, NumPy's, torch's or Python's global one, seeded for
    each draw and put back afterwards: so the same seed gives the same draws. Networks respect the box by
    construction; where the density is zero within it, draws are rejected. The object is asked once for each
    number, so it is much slower than a distribution by name. It cannot stand in a study file: what was made
    with it is opened from Python with the same prior.

    Examples
    --------
    >>> import numpy as np
    >>> import retrodict as rd
    >>> class Ring:
    ...     '''Uniform between two circles.'''
    ...     def sample(self, shape):
    ...         r = np.sqrt(np.random.uniform(0.25, 1, shape))
    ...         angle = np.random.uniform(0, 2 * np.pi, shape)
    ...         return np.stack([r * np.cos(angle), r * np.sin(angle)], axis=-1)
    ...     def log_prob(self, theta):
    ...         r = np.linalg.norm(theta, axis=-1)
    ...         inside = (r >= 0.5) & (r <= 1)
    ...         return np.where(inside, -np.log(0.75 * np.pi), -np.inf)
    >>> prior = rd.Prior(w=rd.Function(Ring(), low=-1, high=1))
    >>> prior.names
    ['w_1', 'w_2']
    >>> float(prior.log_prob([0.0, 0.0]))
    -inf
    >>> bool(np.linalg.norm(prior.sample(100, seed=1).array, axis=1).min() > 0.5)
    True
    """

    kind = "function"

    def __init__(
        self,
        dist: Any,
        *,
        low: Any = None,
        high: Any = None,
        label: str | None = None,
        unit: str | None = None,
    ) -> None:
        if not is_function(dist):
            raise ValueError(
                f"dist: given {type(dist).__name__}, expected an object with sample((n,)) and log_prob(theta). "
                "Give both as methods, or use a distribution of retrodict."
            )
        self.dist = dist
        first = self._draw((PROBED,), 0)
        #: The type of the tensors that the object takes and gives, if it does.
        self.dtype = getattr(first, "dtype", None) if hasattr(first, "detach") else None
        draws = floats(first, "sample")
        draws = draws.reshape(PROBED, -1) if draws.ndim == 1 else draws
        if draws.ndim != 2 or len(draws) != PROBED or draws.size == 0 or not np.isfinite(draws).all():
            raise ValueError(
                f"dist: sample(({PROBED},)) gave an array of shape {draws.shape}, expected finite numbers of "
                f"shape ({PROBED}, parameters)."
            )
        self.size: int = draws.shape[1]
        ends = box(dist)
        arguments = {
            "function": f"{type(dist).__name__}-{self._fingerprint(draws)}",
            "low": _end(low, ends[0], self.size, "low"),
            "high": _end(high, ends[1], self.size, "high"),
        }
        super().__init__(label, unit, **arguments)
        outside = (draws < self._low) | (draws > self._high)
        if outside.any():
            raise ValueError(
                f"low and high: given {arguments['low']} and {arguments['high']}, but a draw is "
                f"{draws[outside.any(axis=1)][0].tolist()}. Give a box that holds the support."
            )

    @property
    def name(self) -> str:
        """By what the native prior knows it."""
        return str(self._arguments["function"])

    @property
    def _low(self) -> Floats:
        return np.array(self._arguments["low"])

    @property
    def _high(self) -> Floats:
        return np.array(self._arguments["high"])

    @property
    def torch(self) -> bool:
        """Whether the object takes and gives tensors."""
        return self.dtype is not None

    def draw(self, seed: int) -> Floats:
        """One draw, which depends on the seed alone."""
        return floats(self._draw((1,), seed), "sample").reshape(self.size)

    def draws(self, n: int, seed: int | None = None) -> Floats:
        """Draws all at once, which is faster than one by one: of a seed, or from the generators as they are."""
        drawn = self._ask((n,)) if seed is None else self._draw((n,), seed)
        return floats(drawn, "sample").reshape(n, self.size)

    def log_prob(self, theta: Floats) -> Floats:
        """log p(θ) of each row: −∞ outside the box and where the object gives NaN."""
        inside = ((theta >= self._low) & (theta <= self._high)).all(axis=1)
        values = np.full(len(theta), -np.inf)
        if inside.any():
            values[inside] = self._log_density(theta[inside])
        return values

    def log_prob_of_one(self, theta: Floats) -> float:
        """log p(θ) of one θ."""
        return float(self.log_prob(theta.reshape(1, -1))[0])

    def _log_density(self, theta: Floats) -> Floats:
        given: Any = theta
        if self.torch:
            import torch

            given = torch.as_tensor(theta, dtype=self.dtype)
        method = getattr(self.dist, "log_prob", None) or self.dist.logpdf
        values = floats(method(given), "log_prob").reshape(-1)
        if len(values) != len(theta):
            raise ValueError(
                f"dist: log_prob gave {len(values)} numbers for {len(theta)} rows, expected one a row."
            )
        return np.where(np.isnan(values), -np.inf, values)

    def _ask(self, shape: tuple[int]) -> Any:
        if hasattr(self.dist, "sample"):
            return self.dist.sample(shape)
        return self.dist.rvs(size=shape[0])

    def _draw(self, shape: tuple[int], seed: int) -> Any:
        with _seeding, seeded(seed):
            return self._ask(shape)

    def _fingerprint(self, draws: Floats) -> str:
        """Tells functions apart that have the same name."""
        # The arguments that say where it is finite are not there yet.
        values = self._log_density(draws)
        return hashlib.sha256(draws.tobytes() + values.tobytes()).hexdigest()[:12]

    def __repr__(self) -> str:
        return f"Function({self.dist!r})"


def is_function(dist: Any) -> bool:
    """Whether an object can be asked for draws and for densities."""
    pairs = (("sample", "log_prob"), ("rvs", "logpdf"))
    return any(all(callable(getattr(dist, name, None)) for name in pair) for pair in pairs)


def box(dist: Any) -> tuple[Any, Any]:
    """The ends of what an object calls its support, as far as it says."""
    support: Any = getattr(dist, "support", None)
    if callable(support):
        # That of a frozen distribution of SciPy is a method.
        try:
            ends = support()
        except (TypeError, ValueError, NotImplementedError):
            return None, None
        return (ends[0], ends[1]) if isinstance(ends, tuple) and len(ends) == 2 else (None, None)
    while hasattr(support, "base_constraint"):
        support = support.base_constraint
    return getattr(support, "lower_bound", None), getattr(support, "upper_bound", None)


def _end(given: Any, known: Any, size: int, what: str) -> list[float]:
    chosen = given if given is not None else known
    if chosen is None:
        chosen = -np.inf if what == "low" else np.inf
    ends = floats(chosen, what).ravel()
    if ends.size not in (1, size):
        raise ValueError(f"{what}: given {ends.size} numbers, expected one or {size}.")
    return [float(end) for end in np.broadcast_to(ends, (size,))]


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Global generators that start from a seed, and are put back."""
    torch = sys.modules.get("torch")
    torch_state = torch.get_rng_state() if torch is not None else None
    # To lend a generator is a hundred times as fast as to put a state back.
    numpy_generator, python_state = _global.get_bit_generator(), random.getstate()
    _global.set_bit_generator(_lent)
    np.random.seed([seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF])
    random.seed(seed)
    if torch is not None:
        torch.manual_seed(seed & 0x7FFFFFFFFFFFFFFF)
    try:
        yield
    finally:
        _global.set_bit_generator(numpy_generator)
        random.setstate(python_state)
        if torch is not None:
            torch.set_rng_state(torch_state)
