"""Pairs of parameters and data, and what became of each simulation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _native
from .arrays import Floats, floats, matrix, shortened

if TYPE_CHECKING:
    import pandas

Statuses = NDArray[np.uint8]

OK, FAILED, NOT_FINITE, CRASHED, TIMED_OUT, MALFORMED = range(6)
WORDS = {
    FAILED: "failed",
    NOT_FINITE: "not finite",
    CRASHED: "crashed",
    TIMED_OUT: "timed out",
    MALFORMED: "malformed",
}


class Simulations:
    """Simulations: parameters ``theta``, data ``x``, and a ``status`` for each row.

    Rows of simulations that failed hold NaN as data. They are counted and never learned from.

    Parameters
    ----------
    theta : array_like
        The parameters, of shape (simulations, parameters).
    x : array_like
        The data, of shape (simulations, …); all axes but the first are one row.
    names : sequence of str, optional
        The parameters; ``theta_1``, … unless given or ``theta`` has names.
    data_names : sequence of str, optional
        The data; ``x_1``, … unless given or ``x`` has names.
    status : array_like, optional
        Zero where a simulation gave data; other rows count as failed. Rows of data that are not finite
        have failed in any case.
    first_failure : str, optional
        What the first simulation that failed said.

    Raises
    ------
    ValueError
        If the numbers of rows differ, or what is given cannot be numbers.

    Examples
    --------
    >>> import numpy as np, retrodict as rd
    >>> sims = rd.Simulations([[0.1], [0.2]], [[1.0, 2.0], [np.nan, 1.0]], names=["mu"])
    >>> len(sims), sims.failures
    (2, {'not finite': 1})
    """

    def __init__(
        self,
        theta: Any,
        x: Any,
        *,
        names: Sequence[str] | None = None,
        data_names: Sequence[str] | None = None,
        status: Any = None,
        first_failure: str | None = None,
    ) -> None:
        names = list(names) if names is not None else _names(theta)
        data_names = list(data_names) if data_names is not None else _names(x)
        theta, x = _rows(theta, names, "theta"), _rows(x, data_names, "x")
        if len(theta) != len(x):
            raise ValueError(
                f"theta and x: given {len(theta)} and {len(x)} rows, expected as many of one as of the "
                "other. Give one row of data for each row of parameters."
            )
        if theta.shape[1] == 0 or x.shape[1] == 0:
            what = "theta" if theta.shape[1] == 0 else "x"
            raise ValueError(f"{what}: given rows of no numbers, expected at least one.")
        self.names = names or [f"theta_{j + 1}" for j in range(theta.shape[1])]
        self.data_names = data_names or [f"x_{j + 1}" for j in range(x.shape[1])]
        _check_names(self.names, theta.shape[1], "names")
        _check_names(self.data_names, x.shape[1], "data_names")
        self.theta = theta.copy()
        self.x, self.status = _native.in_study_form(theta, x, _statuses(status, len(theta)))
        self.first_failure = first_failure

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[Any, Any]], **named: Any) -> Simulations:
        """From (θ, x) pairs, such as a generator yields.

        Examples
        --------
        >>> import retrodict as rd
        >>> len(rd.Simulations.from_pairs(([i], [i, 2 * i]) for i in range(5)))
        5
        """
        kept = list(pairs)
        if not kept:
            raise ValueError("pairs: given none, expected at least one pair of parameters and data.")
        return cls([theta for theta, _ in kept], [x for _, x in kept], **named)

    @property
    def valid(self) -> Simulations:
        """Only the simulations that gave data."""
        return self[self.status == OK]

    @property
    def failures(self) -> dict[str, int]:
        """How many simulations failed, by kind."""
        codes, counts = np.unique(self.status[self.status != OK], return_counts=True)
        return {WORDS[int(code)]: int(count) for code, count in zip(codes, counts)}

    def save(self, path: str | PathLike[str]) -> Path:
        """Write everything to one ``.npz`` file; :meth:`load` reads it."""
        path = Path(path)
        if path.suffix.lower() != ".npz":
            raise ValueError(
                f"path: given the ending {path.suffix!r}, expected .npz. Name the file something.npz."
            )
        np.savez(
            path,
            theta=self.theta,
            x=self.x,
            status=self.status,
            names=np.array(self.names),
            data_names=np.array(self.data_names),
        )
        return path

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Simulations:
        """Read what :meth:`save` has written."""
        with np.load(path, allow_pickle=False) as file:
            missing = {"theta", "x"} - set(file.files)
            if missing:
                raise ValueError(
                    f"{path}: has no {' and no '.join(sorted(missing))}, expected simulations. "
                    "Give a file that Simulations.save has written."
                )
            read = {key: file[key] for key in file.files}
        names = [
            [str(name) for name in read[key]] if key in read else None
            for key in ("names", "data_names")
        ]
        status = read.get("status")
        return cls(read["theta"], read["x"], status=status, names=names[0], data_names=names[1])

    def to_pandas(self) -> pandas.DataFrame:
        """A data frame of parameters, data and statuses; needs ``pandas``."""
        from .exchange import needed

        frame = needed("pandas").DataFrame(self.theta, columns=self.names)
        for j, name in enumerate(self.data_names):
            frame[name] = self.x[:, j]
        frame["status"] = self.status
        return frame

    def __len__(self) -> int:
        return len(self.theta)

    def __getitem__(self, rows: Any) -> Simulations:
        if isinstance(rows, (int, np.integer)):
            rows = [rows]
        return Simulations(
            self.theta[rows],
            self.x[rows],
            names=self.names,
            data_names=self.data_names,
            status=self.status[rows],
            first_failure=self.first_failure,
        )

    def __add__(self, later: Simulations) -> Simulations:
        if not isinstance(later, Simulations):
            return NotImplemented
        if (self.names, self.data_names) != (later.names, later.data_names):
            raise ValueError(
                f"simulations: given the columns {shortened(later.names + later.data_names)}, expected "
                f"{shortened(self.names + self.data_names)}. Add simulations of the same simulator."
            )
        return Simulations(
            np.concatenate([self.theta, later.theta]),
            np.concatenate([self.x, later.x]),
            names=self.names,
            data_names=self.data_names,
            status=np.concatenate([self.status, later.status]),
            first_failure=self.first_failure or later.first_failure,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Simulations):
            return NotImplemented
        return (self.names, self.data_names) == (other.names, other.data_names) and all(
            np.array_equal(a, b, equal_nan=True)
            for a, b in [(self.theta, other.theta), (self.x, other.x), (self.status, other.status)]
        )

    def __repr__(self) -> str:
        failed = "".join(f", {count} {kind}" for kind, count in self.failures.items())
        shape = f"{len(self.names)} parameters → {len(self.data_names)} data"
        return f"<Simulations: {len(self)} of {shape}{failed}>"

    def _repr_html_(self) -> str:
        from .html import table

        rows = [
            ["simulations", str(len(self))],
            ["parameters", shortened(self.names)],
            ["data", shortened(self.data_names)],
            *([kind, str(count)] for kind, count in self.failures.items()),
        ]
        return table(["", ""], rows)


def _names(value: Any) -> list[str] | None:
    if isinstance(value, Mapping):
        return [str(name) for name in value]
    names = getattr(value, "names", None)
    if isinstance(names, list):
        return [str(name) for name in names]
    columns = getattr(value, "columns", None)
    if columns is None or callable(columns):
        return None
    return [str(name) for name in columns]


def _rows(value: Any, names: Sequence[str] | None, what: str) -> Floats:
    if names is not None and not isinstance(value, np.ndarray):
        from .arrays import by_name

        value = by_name(value, names)
    array = floats(value, what)
    if array.ndim == 0:
        raise ValueError(f"{what}: given one number, expected one row a simulation.")
    if array.ndim == 1:
        return array.reshape(-1, 1)
    return array.reshape(len(array), int(np.prod(array.shape[1:])))


def _statuses(status: Any, n: int) -> Statuses:
    if status is None:
        return np.zeros(n, dtype=np.uint8)
    codes = floats(status, "status")
    if codes.shape != (n,) or not np.isin(codes, range(6)).all():
        raise ValueError(
            f"status: given an array of shape {codes.shape}, expected one number from 0 to 5 for each of "
            f"{n} simulations."
        )
    return codes.astype(np.uint8)


def _check_names(names: Sequence[str], n: int, what: str) -> None:
    if len(names) == n and len(set(names)) == n:
        return
    raise ValueError(
        f"{what}: given {shortened(names)}, expected {n} names that differ, one a column."
    )


def as_simulations(
    value: Any, names: Sequence[str], data_names: Sequence[str] | None, what: str
) -> Simulations:
    """Simulations, or a pair (theta, x), with the prior's parameters in the prior's order."""
    if not isinstance(value, Simulations):
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            raise ValueError(
                f"{what}: given {type(value).__name__}, expected simulations. "
                "Give what retrodict.simulate returns, or a pair (theta, x)."
            )
        theta = matrix(value[0], len(names), names, "theta")
        value = Simulations(theta, value[1], names=names)
    columns = list(range(len(names)))
    if value.names != list(names):
        if set(value.names) == set(names):
            columns = [value.names.index(name) for name in names]
        elif value.names != [f"theta_{j + 1}" for j in range(len(names))]:
            raise ValueError(
                f"{what}: given the parameters {shortened(value.names)}, expected those of the prior: "
                f"{shortened(names)}."
            )
    if data_names is not None and len(value.data_names) != len(data_names):
        raise ValueError(
            f"{what}: given {len(value.data_names)} data a row, expected {len(data_names)}: "
            f"{shortened(data_names)}."
        )
    return Simulations(
        value.theta[:, columns],
        value.x,
        names=names,
        data_names=data_names or value.data_names,
        status=value.status,
        first_failure=value.first_failure,
    )
