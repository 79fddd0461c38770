"""A Python session as the sections of a study."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np

from . import _native
from .arrays import Floats, floats
from .folder import Folder
from .prior import Prior
from .simulate import probe
from .simulator import BLOCK, name_of
from .workers import distributed

#: Longer observations stand in a file of their own.
LONGEST_LIST = 1000
OBSERVATION_FILE = "observation.npy"

#: Sections of which a word alone says the kind.
KINDS = ("estimator", "sampler")

Study = dict[str, Any]


def options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Keywords as the keys of ``[inference]``: a word for a section is its ``kind``."""
    return {
        key: {"kind": value} if key in KINDS and isinstance(value, str) else value
        for key, value in given.items()
    }


def observation(x_o: Floats, trials: bool, folder: Folder) -> dict[str, Any]:
    """The section of one observation a row; long ones become a file in the folder."""
    section: dict[str, Any] = {"trials": True} if trials else {}
    if x_o.size > LONGEST_LIST:
        folder.path.mkdir(parents=True, exist_ok=True)
        np.save(folder.path / OBSERVATION_FILE, x_o)
        return {"file": OBSERVATION_FILE, **section}
    return {"values": x_o.tolist(), **section}


class Simulating:
    """A simulator in Python for the library: known, and on as many processes as asked for."""

    def __init__(
        self,
        prior: Prior,
        simulator: Callable[..., Any],
        *,
        vectorized: bool | None = None,
        workers: int | None = None,
        executor: Executor | None = None,
        log_likelihood: Callable[..., Any] | None = None,
    ) -> None:
        self.name = name_of(simulator)
        self.simulator = simulator
        batch = probe(prior, simulator, vectorized)
        assert batch.n_data is not None
        self.n_data = batch.n_data
        self.data_names = batch.data_names
        batch.first_failure = None
        self.call = distributed(batch, workers, executor)
        # Enough rows at once to keep every worker busy.
        block = BLOCK if self.call is batch else 16 * BLOCK
        self.native = _native.Simulator(
            self.name,
            prior._native,
            self.n_data,
            block,
            self.call,
            None if log_likelihood is None else Likelihood(log_likelihood),
        )

    def close(self) -> None:
        """Ends its processes; they start again when they are needed."""
        self.call.close()


def native_of(simulating: Simulating | None) -> _native.Simulator | None:
    """What the library takes of it."""
    return None if simulating is None else simulating.native


class Likelihood:
    """log p(x | θ) of rows of θ, from a function of rows or of one θ."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, theta: Floats, x: Floats) -> Floats:
        try:
            values = floats(self.function(theta, x), "log_likelihood")
            if values.shape == (len(theta),):
                return values
        except Exception:
            if len(theta) == 1:
                raise
        return np.array([float(self.function(row, x)) for row in theta], dtype=np.float64)


def function_section(
    name: str, n_data: int, data_names: Sequence[str] | None, simulations: str | None
) -> dict[str, Any]:
    """``[simulator.function]``."""
    plain = [f"x_{j + 1}" for j in range(n_data)]
    names = None if data_names is None or list(data_names) == plain else list(data_names)
    return {"name": name, "data": n_data, "data_names": names, "simulations": simulations}
