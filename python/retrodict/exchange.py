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
