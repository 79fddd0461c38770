"""Draws for the packages that others use: pandas, xarray and ArviZ."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import Floats, floats
from .simulations import Simulations

if TYPE_CHECKING:
    import pandas
    import xarray

    from .samples import Samples


def needed(package: str) -> Any:
    """A package that is not required, imported; an error that says how to get it otherwise."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise ImportError(
            f"this needs the package {package}: install it with `pip install {package}`"
        ) from error


def to_pandas(samples: Samples) -> pandas.DataFrame:
    """One column a parameter, and one for the log-weights if the draws have any."""
    frame = needed("pandas").DataFrame(samples.array, columns=samples.names)
    if samples.log_weights is not None:
        frame["log_weight"] = samples.log_weights
    return frame


def _chains(samples: Samples, column: Floats) -> Floats:
    """Chain after chain, as (chains, draws)."""
    return column.reshape(samples.n_chains, -1)


def _statistics(samples: Samples) -> dict[str, Floats]:
    found = {name: _chains(samples, values) for name, values in samples.statistics.items()}
    if samples.log_weights is not None:
        found["log_weight"] = _chains(samples, samples.log_weights)
    return found


def to_xarray(samples: Samples) -> xarray.Dataset:
    """One variable a parameter, with the dimensions chain and draw."""
    xr = needed("xarray")
    columns = samples.to_dict().items()
    variables = {name: (("chain", "draw"), _chains(samples, values)) for name, values in columns}
    n_draws = len(samples) // samples.n_chains
    return xr.Dataset(
        variables,
        coords={"chain": np.arange(samples.n_chains), "draw": np.arange(n_draws)},
        attrs={"inference_library": "retrodict", **samples.provenance},
    )


def to_getdist(samples: Samples, label: str | None = None) -> Any:
    """``MCSamples``: chains, weights, labels, and the ends of the prior's support as hard bounds."""
    getdist = needed("getdist")
    n, parameters = samples.n_chains, samples.parameters
    rows = np.split(samples.array, n) if n > 1 else samples.array
    weights = None
    if samples.log_weights is not None:
        # Relative to their mean, so that weights of draws that all count the same are one.
        relative = samples.weights * len(samples)
        weights = np.split(relative, n) if n > 1 else relative
    ends = {
        name: tuple(None if np.isinf(end) else end for end in pair)
        for name, pair in zip(samples.names, samples.limits)
    }
    labels = [label or name for name, label, _ in parameters]
    return getdist.MCSamples(
        samples=rows,
        weights=weights,
        names=samples.names,
        labels=labels,
        ranges={name: list(pair) for name, pair in ends.items() if pair != (None, None)},
        sampler="mcmc" if n > 1 else "uncorrelated",
        label=label,
        settings={"ignore_rows": 0},
    )


def from_getdist(chains: Any) -> Samples:
    """Draws of ``MCSamples``."""
    from .samples import Samples

    info = [(p.name, p.label) for p in chains.paramNames.names if not p.isDerived]
    names = [name for name, _ in info]
    array = np.asarray(chains.samples)[:, : len(names)]
    weights = None if chains.weights is None else np.asarray(chains.weights, dtype=np.float64)
    same = weights is None or bool((weights == weights[0]).all())
    offsets = getattr(chains, "chain_offsets", None)
    n_chains = 1 if offsets is None else len(offsets) - 1
    ranges = chains.ranges
    limits = [
        tuple(_end(end, sign) for end, sign in ((ranges.getLower(name), -1), (ranges.getUpper(name), 1)))
        for name in names
    ]
    return Samples(
        array,
        names,
        log_weights=None if same or weights is None else np.log(weights),
        n_chains=n_chains if len(array) % n_chains == 0 else 1,
        limits=[(low, high) for low, high in limits],
        parameters=[(name, label if label != name else None, None) for name, label in info],
    )


def _end(end: Any, sign: int) -> float:
    return sign * np.inf if end is None else float(end)


def to_chainconsumer(samples: Samples, name: str = "posterior") -> Any:
    """A ``Chain``."""
    chainconsumer = needed("chainconsumer")
    frame = needed("pandas").DataFrame(samples.array, columns=samples.names)
    if samples.log_weights is not None:
        frame["weight"] = samples.weights * len(samples)
    return chainconsumer.Chain(samples=frame, name=name, walkers=samples.n_chains)


def from_chainconsumer(chain: Any) -> Samples:
    """Draws of a ``Chain``."""
    from .samples import Samples

    names = [str(name) for name in chain.data_columns]
    weights = np.asarray(chain.weights, dtype=np.float64)
    same = bool((weights == weights[0]).all())
    return Samples(
        chain.samples[names].to_numpy(),
        names,
        log_weights=None if same else np.log(weights),
        n_chains=int(chain.walkers or 1),
    )


def _group(value: Any) -> dict[str, Floats]:
    """Variables of (chains, draws, …)."""
    from .samples import Samples

    if isinstance(value, Samples):
        return {name: _chains(value, column) for name, column in value.to_dict().items()}
    if isinstance(value, Simulations):
        return {"x": value.x[np.newaxis]}
    if isinstance(value, Mapping):
        return {str(name): floats(item, str(name))[np.newaxis] for name, item in value.items()}
    return {"x": floats(value, "group")[np.newaxis]}


def to_arviz(samples: Samples, groups: Mapping[str, Any]) -> Any:
    """A ``DataTree`` for ArviZ 1, an ``InferenceData`` before."""
    arviz = needed("arviz")
    contents = {"posterior": _group(samples)}
    if statistics := _statistics(samples):
        contents["sample_stats"] = statistics
    if samples.x_o is not None:
        x_o = samples.x_o
        contents["observed_data"] = {"x": x_o if len(x_o) > 1 and x_o.ndim > 1 else x_o.ravel()}
    for name, value in groups.items():
        contents[name] = _group(value)
    if int(arviz.__version__.split(".")[0]) < 1:
        return arviz.from_dict(**contents)
    return arviz.from_dict(contents)
