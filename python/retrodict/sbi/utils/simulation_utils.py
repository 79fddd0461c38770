"""Simulations of a proposal."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays import Floats, floats
from ...simulate import simulate
from ..tensors import Numbers, give, is_torch


def simulate_for_sbi(
    simulator: Callable[..., Any],
    proposal: Any,
    num_simulations: int,
    num_workers: int = 1,
    simulation_batch_size: int | None = 1,
    seed: int | None = None,
    show_progress_bar: bool = True,
) -> tuple[Numbers, Numbers]:
    """Draw parameters and simulate.

    Parameters
    ----------
    simulator : callable
        Takes one θ a row and returns one row of data for each; see
        :func:`retrodict.sbi.utils.process_simulator`. With several workers it gets NumPy arrays, as in
        ``sbi``.
    proposal : distribution or posterior
        Where the parameters come from.
    num_simulations : int
        How many.
    num_workers : int
        How many processes simulate.
    simulation_batch_size : int, optional
        How many rows the simulator gets at once; all of them if ``None``.
    seed : int, optional
        Seeds the generators of torch, NumPy and Python.

    Returns
    -------
    theta, x : array or tensor
        Parameters and data, one row a simulation: tensors if the proposal gives tensors.
    """
    if seed is not None:
        seed_all(seed)
    theta = proposal.sample((num_simulations,))
    torch = is_torch(theta)
    if num_simulations == 0:
        return theta, give(np.empty(0), torch)
    size = num_simulations if simulation_batch_size is None else int(simulation_batch_size)
    if num_workers != 1:
        return theta, give(
            _in_processes(simulator, floats(theta, "theta"), size, num_workers), torch
        )
    starts = range(0, num_simulations, max(size, 1))
    parts = [floats(simulator(theta[i : i + size]), "x") for i in starts]
    x = np.concatenate(
        [_rows(part, min(size, num_simulations - i)) for part, i in zip(parts, starts)]
    )
    return theta, give(x, torch)


def _rows(x: Floats, n: int) -> Floats:
    """One simulation may come without an axis of rows."""
    if n == 1 and (x.ndim < 2 or len(x) != 1):
        return x.reshape(1, *x.shape) if x.ndim else x.reshape(1, 1)
    if x.ndim == 0 or len(x) != n:
        raise ValueError(
            f"simulator: it gave an array of shape {x.shape} for {n} rows of parameters. "
            "Use process_simulator, or simulation_batch_size=1."
        )
    return x.reshape(n, 1) if x.ndim == 1 else x


def _in_processes(simulator: Callable[..., Any], theta: Floats, size: int, workers: int) -> Floats:
    first = _rows(floats(simulator(theta[:1]), "x"), 1)
    simulations = simulate(
        theta,
        Blocks(simulator, size),
        vectorized=True,
        workers=workers,
        progress=False,
        max_failed=1.0,
    )
    return simulations.x.reshape(len(theta), *first.shape[1:])


class Blocks:
    """A simulator that is given so many rows at once, each block with a seed of its own."""

    def __init__(self, simulator: Callable[..., Any], size: int) -> None:
        self.simulator = simulator
        self.size = size

    def __call__(self, theta: Floats, seeds: Any) -> Floats:
        parts = []
        for i in range(0, len(theta), self.size):
            seed_all(int(seeds[i]) % 2**32)
            rows = theta[i : i + self.size]
            parts.append(_rows(floats(self.simulator(rows), "x"), len(rows)))
        x = np.concatenate(parts)
        return x.reshape(len(x), -1)


def seed_all(seed: int) -> None:
    """Seeds Python, NumPy, and torch if it is there."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(seed)
