"""Panels of matplotlib for those who have it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays import Floats

#: Colours that readers who are colour-blind can tell (Okabe and Ito).
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]


def pyplot() -> Any:
    """``matplotlib.pyplot``; nothing if matplotlib is not installed."""
    try:
        return importlib.import_module("matplotlib.pyplot")
    except ImportError:
        return None


def needed() -> Any:
    """``matplotlib.pyplot``, or an error that says how to get it."""
    found = pyplot()
    if found is None:
        raise ImportError("this figure needs matplotlib: install it with `pip install matplotlib`")
    return found


def bins_of(values: Floats) -> int:
    """As many bins as Freedman and Diaconis would have, from 10 to 100."""
    spread = np.subtract(*np.percentile(values, [75, 25]))
    width = 2 * spread / len(values) ** (1 / 3)
    if width <= 0:
        return 20
    return int(np.clip((values.max() - values.min()) / width, 10, 100))


def smooth(values: Floats, low: float, high: float, n: int = 200) -> tuple[Floats, Floats]:
    """A normal kernel density estimate on a grid."""
    grid = np.linspace(low, high, n)
    thinned = values if len(values) <= 5000 else values[:: len(values) // 5000]
    width = max(1.06 * thinned.std() * len(thinned) ** -0.2, 1e-12)
    density = np.exp(-0.5 * ((grid[:, None] - thinned[None]) / width) ** 2).mean(axis=1)
    return grid, np.asarray(density / (width * np.sqrt(2 * np.pi)))


def histogram_2d(
    x: Floats, y: Floats, limits: Sequence[tuple[float, float]], bins: int = 50
) -> tuple[Floats, Floats, Floats]:
    """A smoothed density on a grid, and its axes."""
    counts, xs, ys = np.histogram2d(x, y, bins=bins, range=limits)
    kernel = np.exp(-0.5 * (np.arange(-3, 4) / 1.2) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        counts = np.apply_along_axis(np.convolve, axis, counts, kernel, mode="same")
    return counts, (xs[1:] + xs[:-1]) / 2, (ys[1:] + ys[:-1]) / 2


def levels_of(density: Floats, masses: Sequence[float] = (0.95, 0.68)) -> list[float]:
    """The heights above which these masses lie, rising."""
    ordered = np.sort(density.ravel())[::-1]
    cumulative = np.cumsum(ordered) / ordered.sum()
    found = [
        float(ordered[min(int(np.searchsorted(cumulative, m)), len(ordered) - 1)]) for m in masses
    ]
    rising = sorted(set(found))
    return rising if len(rising) > 1 else [*rising, float(density.max()) + 1e-12]


def diagonal(
    axis: Any, values: Floats, kind: str | None, color: str, low: float, high: float
) -> None:
    """One parameter."""
    if kind is None:
        return
    if kind == "hist":
        axis.hist(
            values, bins=bins_of(values), range=(low, high), density=True, color=color, alpha=0.6
        )
    elif kind == "kde":
        axis.plot(*smooth(values, low, high), color=color)
    elif kind == "scatter":
        for value in values[:1000]:
            axis.axvline(value, color=color, alpha=0.05)
    else:
        raise ValueError(f"diag: given {kind!r}, expected 'hist', 'kde', 'scatter' or None.")


def pair(
    axis: Any,
    x: Floats,
    y: Floats,
    kind: str | None,
    color: str,
    limits: Sequence[tuple[float, float]],
) -> None:
    """Two parameters."""
    if kind is None:
        return
    if kind == "hist":
        density, xs, ys = histogram_2d(x, y, limits)
        axis.pcolormesh(xs, ys, density.T, shading="auto", cmap="Blues", rasterized=True)
    elif kind in ("kde", "contour"):
        density, xs, ys = histogram_2d(x, y, limits)
        axis.contour(xs, ys, density.T, levels=levels_of(density), colors=color)
    elif kind == "scatter":
        axis.scatter(x, y, s=2, alpha=0.3, color=color, rasterized=True)
    elif kind == "plot":
        axis.plot(x, y, color=color)
    else:
        raise ValueError(
            f"upper: given {kind!r}, expected 'hist', 'kde', 'contour', 'scatter', 'plot' or None."
        )
