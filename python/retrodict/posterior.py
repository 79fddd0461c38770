"""A fitted posterior."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from . import _native
from .arrays import Floats, by_name, floats, matrix, shortened, whole
from .folder import Folder
from .prior import Prior
from .samples import Samples
from .study import Simulating, Study, native_of, options

#: Sections of ``[inference]`` that say how draws are made of what was fitted.
DRAWING = ("sampler", "field_sampler", "composition", "correction")
#: Methods that keep nothing of the simulations but networks.
TRAINED = ("auto", "npe", "nle", "nre", "tmnre", "fmpe", "npse")


class Posterior:
    """The distribution of the parameters given data: what :func:`retrodict.infer` returns.

    It answers for any observation, unless it was aimed at one. Objects of this class can be pickled and
    copied; two are equal if they were fitted to the same and give the same.

    Attributes
    ----------
    prior : Prior
        The prior.
    x_o : ndarray or None
        The observation that is meant if none is given.

    Examples
    --------
    >>> import retrodict as rd
    >>> prior = rd.Prior(mu=rd.Uniform(-2, 2))
    >>> sims = rd.simulate(prior, lambda theta, rng: theta + rng.normal(size=theta.shape), 2000)
    >>> posterior = rd.infer(prior, sims, method="abc_rejection")
    >>> posterior.sample([0.5], 1000)["mu"].shape
    (1000,)
    """

    def __init__(
        self,
        session: _native.Session,
        folder: Folder,
        study: Study,
        prior: Prior,
        simulating: Simulating | None = None,
        x_o: Floats | None = None,
        native: _native.Posterior | None = None,
    ) -> None:
        self._session = session
        self._folder = folder
        self._study = study
        self._simulating = simulating
        self._native = native
        self._settings: dict[str, Any] = json.loads(session.settings)
        self.prior = prior
        self.x_o = x_o

    @property
    def settings(self) -> dict[str, Any]:
        """The study that it comes from, with every default written out."""
        return copy.deepcopy(self._settings)

    @property
    def names(self) -> list[str]:
        """The parameters."""
        return self.prior.names

    @property
    def data_names(self) -> list[str]:
        """What one row of data holds."""
        return self._session.data_names

    @property
    def method(self) -> str:
        """The method that made it."""
        return str(self._settings["inference"]["method"])

    @property
    def seed(self) -> int:
        """The seed of everything it does, unless another is given."""
        return int(self._settings["study"]["seed"])

    @property
    def folder(self) -> str | None:
        """The folder of its run, if it was named with ``out``."""
        return None if self._folder.temporary else str(self._folder.path)

    @property
    def trials(self) -> bool:
        """Whether the rows of an observation are independent trials of one."""
        return bool((self._settings.get("observation") or {}).get("trials"))

    def sample(self, x_o: Any = None, n: int = 1000, *, seed: int | None = None) -> Any:
        """Draws from p(θ | x_o).

        Parameters
        ----------
        x_o : array_like, optional
            The observation: as many numbers as a simulation gives, in any shape, or a dictionary by name.
            More rows are several observations, or the trials of one.
        n : int
            How many draws of each.
        seed : int, optional
            Another seed than that of the inference.

        Returns
        -------
        Samples or list of Samples
            Draws; one element an observation if there are several.

        Raises
        ------
        ValueError
            If the observation does not suit the data, or the posterior is of another observation alone.

        Notes
        -----
        The draws are those of ``retrodict sample`` for the same run, observation and seed.
        """
        seed = self.seed if seed is None else whole(seed, "seed")
        n = whole(n, "n", 1)
        rows, single = self._observations(x_o)
        native = self._answering(rows)
        if self.trials:
            return self._samples(native.sample(rows.ravel(), n, seed, 0), rows)
        every = [
            self._samples(native.sample(row, n, seed, i), row) for i, row in enumerate(rows)
        ]
        return every[0] if single else every

    def log_prob(self, theta: Any, x_o: Any = None, *, normalized: bool = True) -> Floats:
        """log p(θ | x_o): −∞ outside the prior's support, never NaN.

        Parameters
        ----------
        theta : array_like or mapping
            One θ, or one a row.
        x_o : array_like, optional
            One observation.
        normalized : bool
            Whether the density integrates to one. Without it is much cheaper for methods that know a
            likelihood.

        Returns
        -------
        ndarray
            One number a row; a number of no axis for one θ.
        """
        rows, single = self._observations(x_o)
        if not single:
            raise ValueError(f"x_o: given {len(rows)} observations, expected one.")
        thetas = matrix(theta, len(self.names), self.names, "theta")
        values = self._answering(rows).log_prob(thetas, rows.ravel(), normalized)
        return values if np.ndim(theta) >= 2 or len(thetas) != 1 else values[0]

    def map(self, x_o: Any = None, *, seed: int | None = None) -> dict[str, float]:
        """The θ with the largest posterior density, searched from several starts.

        Returns
        -------
        dict
            The value of each parameter.
        """
        seed = self.seed if seed is None else whole(seed, "seed")
        rows, single = self._observations(x_o)
        if not single:
            raise ValueError(f"x_o: given {len(rows)} observations, expected one.")
        values = self._answering(rows).map(rows.ravel(), seed)
        return dict(zip(self.names, values.tolist()))

    def log_density(self, x_o: Any = None) -> Callable[[Any], Any]:
        """θ ↦ log p(θ | x_o) up to a constant, for samplers of other packages.

        The function takes one θ or rows, so that it suits ``emcee`` (also with ``vectorize=True``) and, with
        the prior's transform, ``dynesty``.
        """
        rows, single = self._observations(x_o)
        if not single:
            raise ValueError(f"x_o: given {len(rows)} observations, expected one.")
        native, x = self._answering(rows), rows.ravel()
        n = len(self.names)

        def log_density(theta: Any) -> Any:
            given = np.ascontiguousarray(theta, dtype=np.float64)
            values = native.log_prob(given.reshape(-1, n), x, False)
            return values if given.ndim == 2 else float(values[0])

        return log_density

    def with_settings(self, **settings: Any) -> Posterior:
        """The same networks with other settings that say how draws are made of them.

        Parameters
        ----------
        **settings
            The sections ``sampler``, ``field_sampler``, ``composition`` or ``correction`` of ``[inference]``, as
            :func:`retrodict.infer` takes them.

        Returns
        -------
        Posterior
            Another posterior; this one stays as it is.

        Raises
        ------
        ValueError
            If a setting belongs to the fit, or is not one of the method's.

        Examples
        --------
        >>> import retrodict as rd
        >>> prior = rd.Prior(mu=rd.Uniform(-2, 2))
        >>> sims = rd.simulate(prior, lambda theta, rng: theta + rng.normal(size=theta.shape), 1000)
        >>> posterior = rd.infer(prior, sims, "classical_kde")
        >>> posterior.with_settings(sampler="rejection").sample([0.5], 100).n_chains
        1
        """
        for name in settings:
            if name not in DRAWING:
                raise ValueError(
                    f"{name}: given, expected one of {', '.join(DRAWING)}. Everything else is settled by the "
                    "fit: infer again."
                )
        folder = self._folder.branch()
        section = {**self._study["inference"], **options(settings)}
        study = {**self._study, "inference": section}
        native = native_of(self._simulating)
        session = _native.Session(folder.path, study, native, self.prior._native)
        return Posterior(session, folder, study, self.prior, self._simulating, self.x_o)

    def _observations(self, x_o: Any) -> tuple[Floats, bool]:
        """One observation a row, and whether there is one posterior for all of them."""
        if x_o is None:
            if self.x_o is None:
                raise ValueError(
                    "x_o: given none, expected an observation. Give the observed data."
                )
            return self.x_o, self.trials or len(self.x_o) == 1
        return observations(x_o, self.data_names, self.trials)

    def _answering(self, rows: Floats) -> _native.Posterior:
        aimed = (self._settings["inference"].get("rounds") or 1) > 1
        if aimed and not np.array_equal(rows, self._session.observations):
            return self._session.posterior(rows)
        if self._native is None:
            self._native = self._session.posterior()
        return self._native

    def _samples(self, drawn: Any, x_o: Floats) -> Samples:
        array, log_weights, statistics, provenance, n_chains = drawn
        return Samples(
            array,
            self.names,
            log_weights=log_weights,
            statistics=statistics,
            provenance=provenance,
            n_chains=n_chains,
            limits=self.prior.limits,
            parameters=self.prior.parameters,
            x_o=x_o.copy(),
        )

    def __getstate__(self) -> dict[str, Any]:
        return {
            "folder": self._folder.pack(self.method not in TRAINED),
            "study": self._study,
            "prior": self.prior,
            "x_o": self.x_o,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        folder = Folder.unpack(state["folder"])
        session = _native.Session(folder.path, state["study"], None, state["prior"]._native)
        self.__init__(session, folder, state["study"], state["prior"], None, state["x_o"])  # type: ignore[misc]

    def __copy__(self) -> Posterior:
        return self._twin()

    def __deepcopy__(self, memo: dict[int, Any]) -> Posterior:
        return self._twin()

    def _twin(self) -> Posterior:
        """Nothing in it ever changes, so a copy shares everything but its own attributes."""
        return Posterior(
            self._session,
            self._folder,
            self._study,
            self.prior,
            self._simulating,
            self.x_o,
            self._native,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Posterior):
            return NotImplemented
        return self._settings == other._settings and self._weights() == other._weights()

    def _weights(self) -> dict[str, bytes]:
        model = self._folder.path / "model"
        return {
            str(path.relative_to(model)): path.read_bytes()
            for path in sorted(model.rglob("*"))
            if path.is_file() and path.suffix in (".safetensors", ".npy")
        }

    def __repr__(self) -> str:
        return (
            f"<Posterior by {self.method}: {shortened(self.names)} given "
            f"{shortened(self.data_names)}>"
        )

    def _repr_html_(self) -> str:
        from .html import table

        inference = self._settings["inference"]
        rows = [
            ["method", self.method],
            ["parameters", shortened(self.names)],
            ["data", shortened(self.data_names)],
            ["simulations", str(inference.get("simulations"))],
        ]
        return table(["posterior", ""], rows)


def observations(x_o: Any, data_names: list[str], trials: bool) -> tuple[Floats, bool]:
    """One observation a row, and whether there is one posterior for all of them."""
    n = len(data_names)
    array = floats(by_name(x_o, data_names), "x_o")
    if array.size == n:
        return array.reshape(1, n), True
    if array.ndim >= 2 and len(array) and array[0].size == n:
        return array.reshape(len(array), n), trials
    if array.ndim == 1 and n == 1 and array.size:
        return array.reshape(-1, 1), trials
    raise ValueError(
        f"x_o: given an array of shape {array.shape}, expected {n} numbers: {shortened(data_names)}. "
        "Give the observation in the form of the simulator's data; several observations stand in a row each."
    )
