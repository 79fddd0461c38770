"""Simulations of a simulator in Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np

from . import _native, progress as showing
from .arrays import Floats, blocks, matrix, whole
from .prior import Prior
from .progress import Progress
from .samples import Samples
from .simulations import OK, Simulations, Statuses
from .simulator import BLOCK, Batch, Form, Seeds
from .workers import Distributed, distributed

#: The share of simulations that may fail.
MAX_FAILED = 0.5
#: How many draws from the prior are tried to find one that gives data.
MOST_TRIED = 20


def simulate(
    prior: Prior | Samples | Any,
    simulator: Callable[..., Any],
    n: int | None = None,
    *,
    seed: int = 1,
    vectorized: bool | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    max_failed: float = MAX_FAILED,
    names: Sequence[str] | None = None,
    progress: bool | Progress | None = None,
) -> Simulations:
    """Simulate at draws from the prior, or at given parameters.

    Simulation *i* depends on (``seed``, *i*) alone: on any number of workers the numbers are the same, and
    the first ones of a longer table too. For that the simulator has to draw from what it is given, ``rng``
    or ``seed``; one that draws from a generator of its own cannot be repeated.

    Parameters
    ----------
    prior : Prior or Samples or array_like
        Where the parameters come from. Given parameters, one row a simulation, are simulated as they are.
    simulator : callable
        Takes θ (or the parameters by name) and returns data; may take ``rng`` (a NumPy generator) or
        ``seed`` too. It works on one θ or on many rows at once. What it raises counts as a failed
        simulation.
    n : int
        How many simulations; with given parameters, every row.
    seed : int
        The seed.
    vectorized : bool, optional
        Whether the simulator takes rows and returns rows; tried out unless given.
    workers : int, optional
        How many processes simulate; this one alone unless given.
    executor : concurrent.futures.Executor, optional
        What runs the simulations instead, such as that of a Dask cluster.
    max_failed : float
        The largest share of simulations that may fail.
    names : sequence of str, optional
        The parameters, if they are given as plain rows.
    progress : bool or callable, optional
        Whether to show how far it is; on a terminal and in a notebook unless given.

    Returns
    -------
    Simulations
        Parameters, data, and what became of each.

    Raises
    ------
    ValueError
        If an argument is wrong, or the simulator does not return as many numbers every time.
    Error
        If more simulations fail than ``max_failed``; with what the first of them said.

    Examples
    --------
    >>> import retrodict as rd
    >>> prior = rd.Prior(mu=rd.Uniform(-2, 2))
    >>> def simulator(theta, rng):
    ...     return theta + 0.1 * rng.normal(size=theta.shape)
    >>> sims = rd.simulate(prior, simulator, 1000, seed=1)
    >>> sims.x.shape
    (1000, 1)
    >>> again = rd.simulate(prior, simulator, 1000, seed=1)
    >>> again == sims
    True
    """
    seed = whole(seed, "seed")
    if not 0 <= max_failed <= 1:
        raise ValueError(f"max_failed: given {max_failed}, expected a share from 0 to 1.")
    if isinstance(prior, Prior):
        if n is None:
            raise ValueError("n: given none, expected how many simulations to make.")
        theta, seeds = prior._native.simulations(whole(n, "n", 1), seed, 0, False)
        names = prior.names
    else:
        theta, names = _given(prior, names, n)
        anyone = _native.Prior({"x": {"prior": "uniform", "low": 0.0, "high": 1.0}})
        _, seeds = anyone.simulations(len(theta), seed, 0, False)
    form = Form(simulator, names)
    if vectorized is None:
        vectorized = form.is_vectorized(theta[0], seed)
    batch = Batch(form, bool(vectorized))
    call = distributed(batch, workers, executor)
    try:
        x, status = _all(call, theta, seeds, showing.shown(progress))
    finally:
        call.close()
    simulations = Simulations(
        theta,
        x if batch.n_data else np.full((len(theta), 1), np.nan),
        names=names,
        data_names=batch.data_names,
        status=status,
        first_failure=batch.first_failure,
    )
    refuse_failures(simulations, max_failed)
    return simulations


def _given(theta: Any, names: Sequence[str] | None, n: int | None) -> tuple[Floats, list[str]]:
    if isinstance(theta, (Samples, Simulations)):
        names = theta.names
        theta = theta.theta if isinstance(theta, Simulations) else theta.array
    elif names is None:
        columns = getattr(theta, "columns", None)
        shape = np.shape(theta)
        if columns is not None and not callable(columns):
            names = [str(name) for name in columns]
        elif len(shape) == 2:
            names = [f"theta_{j + 1}" for j in range(shape[1])]
        else:
            raise ValueError(
                f"prior: given {type(theta).__name__} of shape {shape}, expected a prior or rows of "
                "parameters. Give a retrodict.Prior, draws, or an array with one row a simulation."
            )
    rows = matrix(theta, len(names), list(names), "theta")
    if len(rows) == 0:
        raise ValueError("theta: given no rows, expected at least one.")
    if n is not None and n != len(rows):
        raise ValueError(
            f"n: given {n} with {len(rows)} rows of parameters. Leave it out: every row is simulated."
        )
    return rows, list(names)


def _all(
    call: Batch | Distributed, theta: Floats, seeds: Seeds, show: Progress | None
) -> tuple[Floats, Statuses]:
    n, done = len(theta), 0

    def tell(rows: int) -> None:
        nonlocal done
        done += rows
        if show:
            show("progress", "simulate", done, n, "")

    if show:
        show("started", "simulate", 0, n, "")
    if isinstance(call, Distributed):
        call.on_done = tell
        x, status = call(theta, seeds)
    else:
        parts = []
        for rows in blocks(n, BLOCK if call.vectorized else max(1, min(BLOCK, n // 50))):
            parts.append(call(theta[rows], seeds[rows]))
            tell(len(parts[-1][1]))
        x, status = call.align(parts)
    if show:
        show("finished", "simulate", n, n, f"{n} simulations")
    return x, status


def refuse_failures(simulations: Simulations, max_failed: float) -> None:
    """An error if too many have failed."""
    n, failed = len(simulations), int((simulations.status != OK).sum())
    if failed <= max_failed * n and failed < n:
        return
    kinds = ", ".join(f"{count} {kind}" for kind, count in simulations.failures.items())
    first = f" The first said: {simulations.first_failure}." if simulations.first_failure else ""
    raise _native.Error(
        f"{failed} of {n} simulations failed ({kinds}), and at most {max_failed:.0%} may.{first} "
        "Look at the simulator, narrow the prior, or allow more with max_failed."
    )


def probe(prior: Prior, simulator: Callable[..., Any], vectorized: bool | None) -> Batch:
    """A simulator that is known: whether it is vectorised, and how long its data are."""
    form = Form(simulator, prior.names)
    theta, seeds = prior._native.simulations(MOST_TRIED, 0, 2**62, False)
    if vectorized is None:
        vectorized = form.is_vectorized(theta[0], 0)
    batch = Batch(form, bool(vectorized))
    for i in range(MOST_TRIED):
        batch(theta[i : i + 1], seeds[i : i + 1])
        if batch.n_data is not None:
            return batch
    raise _native.Error(
        f"the simulator gave no data at {MOST_TRIED} draws from the prior. The first time it said: "
        f"{batch.first_failure}. Call it by hand with parameters for which it works."
    )
