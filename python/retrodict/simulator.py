"""The forms that a simulator may have, behind one call: rows of parameters in, rows of data out.

A simulator is a callable. It takes θ as its first argument, or the parameters by name; it may also take
``rng``, a NumPy generator, or ``seed``, a whole number: both depend on the seed and the simulation's index
alone. It works on one θ at a time or on many rows at once; which of the two is found out unless it is said.
It returns numbers: an array, a tensor, a tuple, a dictionary, a row or a frame of pandas; or it is a
generator that yields them.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from . import data
from .arrays import Floats, blocks, shortened
from .simulations import CRASHED, FAILED, NOT_FINITE, OK, Statuses

Seeds: TypeAlias = NDArray[np.uint64]

#: How many rows a vectorised simulator is given at once.
BLOCK = 1000
#: Numbers of rows that tell a vectorised simulator; no likely number of data.
TRIALS = (7, 5)


class Form:
    """How a simulator is called."""

    def __init__(self, simulator: Callable[..., Any], names: Sequence[str]) -> None:
        if not callable(simulator):
            raise ValueError(
                f"simulator: given {type(simulator).__name__}, expected something that can be called. "
                "Give a function of the parameters that returns data."
            )
        self.simulator = simulator
        self.names = list(names)
        accepted = _accepted(simulator)
        self.by_name = set(names) <= accepted
        self.rng = "rng" in accepted and "rng" not in names
        self.seed = "seed" in accepted and "seed" not in names
        self.seeds = "seeds" in accepted and "seeds" not in names

    def call(self, theta: Floats, seeds: Seeds) -> Any:
        """Calls it with one θ (one axis) or with rows (two)."""
        extra: dict[str, Any] = {}
        if self.rng:
            extra["rng"] = np.random.default_rng(int(seeds[0]))
        if self.seed:
            extra["seed"] = int(seeds[0])
        if self.seeds:
            extra["seeds"] = seeds
        if self.by_name:
            columns = (theta[..., j] for j in range(len(self.names)))
            values = (float(c) if theta.ndim == 1 else np.ascontiguousarray(c) for c in columns)
            return self.simulator(**dict(zip(self.names, values)), **extra)
        return self.simulator(theta, **extra)

    def one(self, theta: Floats, seed: Any) -> tuple[Floats, list[str] | None]:
        """One simulation."""
        return data.row(self.call(theta, np.array([seed], dtype=np.uint64)))

    def many(self, theta: Floats, seeds: Seeds) -> tuple[Floats, list[str] | None]:
        """As many simulations as rows."""
        return data.rows(self.call(theta, seeds), len(theta))

    def is_vectorized(self, theta: Floats, seed: int) -> bool:
        """Whether it takes many rows at once: tried with rows that are the same.

        One that works on one θ may accept many by chance, and then give every row the same noise. So the
        data of equal rows have to differ, or be the same in a second call.
        """
        if self.seeds:
            return True
        found = []
        for n in TRIALS:
            rows = np.repeat(theta.reshape(1, -1), n, axis=0)
            try:
                x, _ = self.many(rows, np.arange(seed, seed + n, dtype=np.uint64))
            except Exception:
                return False
            found.append(x)
        if found[0].shape[1] != found[1].shape[1]:
            return False
        same_within = all(np.array_equal(x, x[:1].repeat(len(x), 0), equal_nan=True) for x in found)
        same_between = np.array_equal(found[0][0], found[1][0], equal_nan=True)
        # With `rng` or `seed` both calls had the same generator: then equal rows are equal noise, or there is none.
        if same_within and (self.rng or self.seed):
            rows = np.repeat(theta.reshape(1, -1), TRIALS[0], axis=0)
            other, _ = self.many(rows, np.arange(seed + 99, seed + 99 + TRIALS[0], dtype=np.uint64))
            same_between = np.array_equal(found[0][0], other[0], equal_nan=True)
        return not same_within or same_between


def _accepted(simulator: Callable[..., Any]) -> set[str]:
    try:
        parameters = inspect.signature(simulator).parameters.values()
    except (TypeError, ValueError):
        return set()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {parameter.name for parameter in parameters if parameter.kind in named}


class Batch:
    """One call for many simulations: (θ, a seed a row) → (x, a status a row).

    The number of data is that of the first simulation that gives any. What the first simulation that failed
    said is kept in ``first_failure``.
    """

    def __init__(self, form: Form, vectorized: bool) -> None:
        self.form = form
        self.vectorized = vectorized
        self.n_data: int | None = None
        self.data_names: list[str] | None = None
        self.first_failure: str | None = None

    def __call__(self, theta: Floats, seeds: Seeds) -> tuple[Floats, Statuses]:
        if not self.vectorized:
            return self.join([attempt(self.form, t, s) for t, s in zip(theta, seeds)])
        return self.align([self._block(theta[b], seeds[b]) for b in blocks(len(theta), BLOCK)])

    def _block(self, theta: Floats, seeds: Seeds) -> tuple[Floats, Statuses]:
        try:
            return self._keep(*self.form.many(theta, seeds))
        except data.NoRows as error:
            raise ValueError(
                f"simulator: {error}; expected one row of data for each. Return an array of shape "
                f"({len(theta)}, …), or say vectorized=False for one that takes one θ at a time."
            ) from None
        except Exception as error:
            if len(theta) == 1:
                return self.join([failure(error)])
            # Which of the rows is it?
            parts = [self._block(theta[i : i + 1], seeds[i : i + 1]) for i in range(len(theta))]
            return self.align(parts)

    def close(self) -> None:
        """Nothing is open."""

    def join(self, results: Sequence[Result]) -> tuple[Floats, Statuses]:
        """One result a row."""
        status = np.array([code for code, _, _, _ in results], dtype=np.uint8)
        for code, x, names, message in results:
            if x is not None:
                self._check(len(x), names)
            elif self.first_failure is None:
                self.first_failure = message
        n_data = self.n_data if self.n_data is not None else 0
        rows = np.full((len(results), n_data), np.nan)
        for i, (_, x, _, _) in enumerate(results):
            if x is not None:
                rows[i] = x
        return rows, status

    def align(self, parts: Sequence[tuple[Floats, Statuses]]) -> tuple[Floats, Statuses]:
        """Parts that were made one after the other; those before the first success are wide only now."""
        n_data = self.n_data if self.n_data is not None else 0
        wide = [
            x if x.shape[1] == n_data else np.full((len(x), n_data), np.nan) for x, _ in parts
        ]
        statuses = [status for _, status in parts]
        return np.concatenate(wide), np.concatenate(statuses)

    def _keep(self, x: Floats, names: list[str] | None) -> tuple[Floats, Statuses]:
        self._check(x.shape[1], names)
        finite = np.isfinite(x).all(axis=1)
        if self.first_failure is None and not finite.all():
            self.first_failure = "data that are not finite"
        return x, np.where(finite, OK, NOT_FINITE).astype(np.uint8)

    def _check(self, n_data: int, names: list[str] | None) -> None:
        if n_data == 0:
            raise ValueError("simulator: it returned no data, expected at least one number.")
        if self.n_data is None:
            self.n_data, self.data_names = n_data, names
        elif self.n_data != n_data:
            raise ValueError(
                f"simulator: it returned {n_data} numbers, and {self.n_data} before. "
                "Return as many for every θ; summarise data of varying length."
            )


#: Status, data, their names, and what a failure said.
Result: TypeAlias = tuple[int, Floats | None, list[str] | None, str | None]


def attempt(form: Form, theta: Floats, seed: Any) -> Result:
    """One simulation, whatever happens."""
    try:
        x, names = form.one(theta, seed)
    except Exception as error:
        return failure(error)
    if np.isfinite(x).all():
        return OK, x, names, None
    return NOT_FINITE, None, names, f"data that are not finite: {shortened([str(v) for v in x])}"


def failure(error: Exception) -> Result:
    """What a simulator raised."""
    return FAILED, None, None, f"{type(error).__name__}: {error}"


def crash(message: str) -> Result:
    """A process that died."""
    return CRASHED, None, None, message


def code_of(simulator: Any) -> str:
    """A hash that changes when the function's own code does; empty where there is none to look at."""
    if isinstance(simulator, functools.partial):
        return code_of(simulator.func)
    function = simulator if inspect.isroutine(simulator) else getattr(simulator, "__call__", None)
    code = getattr(inspect.unwrap(function) if function else None, "__code__", None)
    return "" if code is None else hashlib.sha256(_code_words(code).encode()).hexdigest()


def _code_words(code: CodeType) -> str:
    return repr((code.co_code, [_words(c) for c in code.co_consts], code.co_names, code.co_varnames))


def _words(constant: Any) -> str:
    if isinstance(constant, CodeType):
        return _code_words(constant)
    # The order of a set is another one in every process.
    return repr(sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant)


def name_of(simulator: Any) -> str:
    """What a simulator is called in reports."""
    if isinstance(simulator, functools.partial):
        return name_of(simulator.func)
    return str(getattr(simulator, "__name__", type(simulator).__name__))
