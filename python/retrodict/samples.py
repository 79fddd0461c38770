"""Draws of named parameters: what every posterior and prior gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _native
from .arrays import Floats, floats, matrix, shortened
from .figure import Figure
from .summary import Summary, summarize

if TYPE_CHECKING:
    import pandas
    import xarray


class Samples:
    """Draws, one row a draw and one column a parameter.

    ``samples["mu"]`` is a column, ``samples[:100]`` are rows, ``samples.array`` and
    ``numpy.asarray(samples)`` are all numbers.

    Attributes
    ----------
    array : ndarray
        The draws, of shape (draws, parameters).
    names : list of str
        The parameters.
    log_weights : ndarray or None
        The logarithm of each draw's weight, if the draws do not all count the same.
    statistics : dict of str to ndarray
        Numbers that belong to each draw.
    n_chains : int
        How many chains the draws come from, one after the other; one if they are independent.
    provenance : dict of str to str
        Where the draws come from.
    x_o : ndarray or None
        The observation they are for.

    Examples
    --------
    >>> import retrodict as rd
    >>> samples = rd.Prior(mu=rd.Normal(0, 1), tau=rd.Uniform(0, 1)).sample(4000, seed=1)
    >>> samples.array.shape
    (4000, 2)
    >>> round(samples.summary()["tau"].mean, 1)
    0.5
    """

    def __init__(
        self,
        array: Any,
        names: Sequence[str],
        *,
        log_weights: Floats | None = None,
        statistics: Mapping[str, Floats] | None = None,
        provenance: Mapping[str, str] | None = None,
        n_chains: int = 1,
        limits: Sequence[tuple[float, float]] | None = None,
        parameters: Sequence[tuple[str, str | None, str | None]] | None = None,
        x_o: Floats | None = None,
    ) -> None:
        self.names = [str(name) for name in names]
        self.array = matrix(array, len(self.names), self.names, "draws")
        self.log_weights = None if log_weights is None else floats(log_weights, "log_weights")
        if self.log_weights is not None and self.log_weights.shape != (len(self.array),):
            raise ValueError(
                f"log_weights: given an array of shape {self.log_weights.shape}, expected one number "
                f"for each of {len(self.array)} draws."
            )
        self.statistics = dict(statistics or {})
        self.provenance = dict(provenance or {})
        self.n_chains = n_chains
        self.x_o = x_o
        self._limits = list(limits or [(-np.inf, np.inf)] * len(self.names))
        self._parameters = list(parameters or [(name, None, None) for name in self.names])

    @property
    def weights(self) -> Floats:
        """The normalised weight of each draw."""
        if self.log_weights is None:
            return np.full(len(self), 1.0 / max(len(self), 1))
        weights: Floats = np.exp(self.log_weights - self.log_weights.max())
        weights /= weights.sum()
        return weights

    def summary(self) -> Summary:
        """Mean, standard deviation, median, 68 and 95 % intervals of each parameter.

        Raises
        ------
        ValueError
            If there are no draws.
        """
        if len(self) == 0:
            raise ValueError("summary: there are no draws. Draw at least two.")
        weights = self.weights
        rows = [summarize(n, self.array[:, j], weights) for j, n in enumerate(self.names)]
        return Summary(rows)

    def plot_corner(
        self,
        path: str | PathLike[str] | None = None,
        *,
        truth: Any = None,
        others: Mapping[str, Samples] | None = None,
        prior: Samples | None = None,
        name: str = "posterior",
    ) -> Figure:
        """A corner plot: the density of each parameter and contours of each pair.

        Contours enclose 68 % and 95 % of the mass; areas under curves are central 68 % intervals.

        Parameters
        ----------
        path : path, optional
            Where to write it too, ending in ``.svg`` or ``.png``.
        truth : array_like or mapping, optional
            True or reference values.
        others : mapping of str to Samples, optional
            Other posteriors to draw over it, by the names for the legend.
        prior : Samples, optional
            Draws from the prior, shown as grey curves on the diagonal.
        name : str
            What the legend calls these draws.

        Returns
        -------
        Figure
            Shows itself in a notebook; ``figure.save(path)`` writes it.
        """
        drawn = [(name, self), *(others or {}).items()]
        for label, samples in drawn:
            if samples.names != self.names:
                raise ValueError(
                    f"others: `{label}` has the parameters {shortened(samples.names)}, expected "
                    f"{shortened(self.names)}. Give draws of the same parameters."
                )
        true = None
        if truth is not None:
            true = matrix(truth, len(self.names), self.names, "truth")[0].tolist()
        svg, caption, alt = _native.corner(
            self._parameters,
            [(label, samples.array, samples.log_weights) for label, samples in drawn],
            self._limits,
            true,
            None if prior is None else prior.array,
        )
        figure = Figure(svg, caption, alt)
        if path is not None:
            figure.save(path)
        return figure

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the draws: ``.csv`` with a header of names, ``.npy`` without.

        Raises
        ------
        ValueError
            If the name ends otherwise.
        """
        path = Path(path)
        match path.suffix.lower():
            case ".csv":
                header = ",".join(self.names)
                lines = [header, *(",".join(map(repr, row)) for row in self.array.tolist())]
                path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            case ".npy":
                np.save(path, self.array)
            case other:
                raise ValueError(
                    f"path: given the ending {other!r}, expected .csv or .npy. "
                    "Choose one of the two formats."
                )
        return path

    def to_dict(self) -> dict[str, Floats]:
        """The columns by name."""
        return {name: self.array[:, j] for j, name in enumerate(self.names)}

    def to_pandas(self) -> pandas.DataFrame:
        """A data frame, one column a parameter; needs ``pandas``."""
        from .exchange import to_pandas

        return to_pandas(self)

    def to_xarray(self) -> xarray.Dataset:
        """A dataset with the dimensions chain and draw, one variable a parameter; needs ``xarray``."""
        from .exchange import to_xarray

        return to_xarray(self)

    def to_arviz(self, **groups: Any) -> Any:
        """What ArviZ takes: a ``DataTree`` for ArviZ 1, an ``InferenceData`` before.

        Parameters
        ----------
        **groups : Samples or Simulations or array_like
            More groups, such as ``prior=prior.sample(1000)`` or
            ``posterior_predictive=rd.simulate(...)``.

        Returns
        -------
        DataTree or InferenceData
            With ``posterior``, ``sample_stats`` and ``observed_data`` as far as they are known.
        """
        from .exchange import to_arviz

        return to_arviz(self, groups)

    def to_getdist(self, label: str | None = None) -> Any:
        """What GetDist takes: ``MCSamples`` with weights, labels and the bounds of the prior; needs ``getdist``.

        Parameters
        ----------
        label : str, optional
            What its legends call these draws.
        """
        from .exchange import to_getdist

        return to_getdist(self, label)

    @classmethod
    def from_getdist(cls, chains: Any) -> Samples:
        """The draws of GetDist's ``MCSamples``."""
        from .exchange import from_getdist

        return from_getdist(chains)

    def to_chainconsumer(self, name: str = "posterior") -> Any:
        """What ChainConsumer takes: a ``Chain`` with weights; needs ``chainconsumer``.

        Parameters
        ----------
        name : str
            What its legends call these draws.
        """
        from .exchange import to_chainconsumer

        return to_chainconsumer(self, name)

    @classmethod
    def from_chainconsumer(cls, chain: Any) -> Samples:
        """The draws of a ``Chain`` of ChainConsumer."""
        from .exchange import from_chainconsumer

        return from_chainconsumer(chain)

    @property
    def limits(self) -> list[tuple[float, float]]:
        """The least and the largest value that each parameter can have."""
        return list(self._limits)

    @property
    def parameters(self) -> list[tuple[str, str | None, str | None]]:
        """Name, label and unit of each parameter."""
        return list(self._parameters)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False and dtype not in (None, self.array.dtype):
            raise ValueError("another type than float64 cannot be had without a copy")
        return np.array(self.array, dtype=dtype, copy=bool(copy) or None)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            if key not in self.names:
                raise KeyError(f"{key}: expected one of {shortened(self.names)}")
            return self.array[:, self.names.index(key)]
        if isinstance(key, (int, np.integer)):
            return dict(zip(self.names, self.array[key].tolist()))
        weights = None if self.log_weights is None else self.log_weights[key]
        return Samples(
            self.array[key],
            self.names,
            log_weights=weights,
            statistics={name: values[key] for name, values in self.statistics.items()},
            provenance=self.provenance,
            limits=self._limits,
            parameters=self._parameters,
            x_o=self.x_o,
        )

    def __len__(self) -> int:
        return len(self.array)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Samples):
            return NotImplemented
        weights = [s.log_weights for s in (self, other)]
        same_weights = (weights[0] is None and weights[1] is None) or (
            weights[0] is not None
            and weights[1] is not None
            and np.array_equal(weights[0], weights[1])
        )
        return (
            self.names == other.names and np.array_equal(self.array, other.array) and same_weights
        )

    def __repr__(self) -> str:
        return f"<Samples: {len(self)} draws of {shortened(self.names)}>"

    def __str__(self) -> str:
        return f"{self!r}\n{self.summary()}" if len(self) else repr(self)

    def _repr_html_(self) -> str:
        table = self.summary()._repr_html_() if len(self) else ""
        return f"<div>{len(self)} draws</div>{table}"
