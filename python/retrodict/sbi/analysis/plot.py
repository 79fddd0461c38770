"""Figures by the names of ``sbi``.

With matplotlib installed they return its figure and axes, as in ``sbi``; without it, :func:`pairplot` and
:func:`marginal_plot` return a figure of Retrodict and no axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays import Floats, floats
from ...figure import Figure
from ...samples import Samples
from ..errors import warn_unused
from ..tensors import is_torch
from . import matplotlib_figures as panels


def pairplot(
    samples: Any,
    points: Any = None,
    limits: Any = None,
    subset: Sequence[int] | None = None,
    upper: Any = "hist",
    lower: Any = None,
    diag: Any = "hist",
    figsize: tuple[float, float] = (10, 10),
    labels: Sequence[str] | None = None,
    ticks: Any = None,
    offdiag: Any = None,
    diag_kwargs: Any = None,
    upper_kwargs: Any = None,
    lower_kwargs: Any = None,
    fig_kwargs: Any = None,
    fig: Any = None,
    axes: Any = None,
    discrete_indices: Any = None,
    **kwargs: Any,
) -> tuple[Any, Any]:
    """Every parameter and every pair of them.

    Parameters
    ----------
    samples : array_like or tensor, or a list of them
        Draws, one a row.
    points : array_like or tensor, or a list of them, optional
        Points to mark, such as true values.
    limits : sequence of pairs, optional
        From where to where, of each parameter; one pair for all.
    subset : sequence of int, optional
        Which parameters.
    upper, lower : str or list of str, optional
        ``"hist"``, ``"contour"``, ``"kde"``, ``"scatter"`` or nothing above and below the diagonal.
    diag : str or list of str
        ``"hist"``, ``"kde"`` or nothing on it.
    labels : sequence of str, optional
        The parameters.

    Returns
    -------
    fig, axes
        Of matplotlib; a :class:`retrodict.Figure` and ``None`` without it.
    """
    unused = {
        "diag_kwargs": diag_kwargs,
        "upper_kwargs": upper_kwargs,
        "lower_kwargs": lower_kwargs,
    }
    warn_unused(
        "pairplot",
        {**unused, "fig_kwargs": fig_kwargs, "discrete_indices": discrete_indices, **kwargs},
    )
    upper = offdiag if offdiag is not None else upper
    sets, names, marks, ends = _prepared(samples, points, limits, subset, labels)
    plt = panels.pyplot()
    if plt is None:
        return _native(sets, names, marks, ends), None
    d = len(names)
    if fig is None or axes is None:
        fig, axes = plt.subplots(d, d, figsize=figsize, squeeze=False)
    for i in range(d):
        for j in range(d):
            axis = axes[i][j] if d > 1 else np.atleast_2d(axes)[i][j]
            kind = diag if i == j else upper if j > i else lower
            kinds = kind if isinstance(kind, (list, tuple)) else [kind] * len(sets)
            if all(k is None for k in kinds):
                axis.axis("off")
                continue
            for draws, color, each in zip(sets, panels.COLORS * len(sets), kinds):
                if i == j:
                    panels.diagonal(axis, draws[:, i], each, color, *ends[i])
                else:
                    panels.pair(axis, draws[:, j], draws[:, i], each, color, (ends[j], ends[i]))
            _marked(axis, marks, j, None if i == j else i)
            axis.set_xlim(*ends[j])
            if i != j:
                axis.set_ylim(*ends[i])
            axis.set_yticks([])
            if ticks is not None:
                axis.set_xticks(ticks[j] if np.ndim(ticks) > 1 else ticks)
            if i == j:
                axis.set_xlabel(names[j])
            else:
                axis.set_xticklabels([])
    return fig, axes


def marginal_plot(
    samples: Any,
    points: Any = None,
    limits: Any = None,
    subset: Sequence[int] | None = None,
    diag: Any = "hist",
    figsize: tuple[float, float] | None = (10, 2),
    labels: Sequence[str] | None = None,
    ticks: Any = None,
    diag_kwargs: Any = None,
    fig_kwargs: Any = None,
    fig: Any = None,
    axes: Any = None,
    **kwargs: Any,
) -> tuple[Any, Any]:
    """Every parameter in a panel of its own; arguments as for :func:`pairplot`."""
    warn_unused("marginal_plot", {"diag_kwargs": diag_kwargs, "fig_kwargs": fig_kwargs, **kwargs})
    sets, names, marks, ends = _prepared(samples, points, limits, subset, labels)
    plt = panels.pyplot()
    if plt is None:
        return _native(sets, names, marks, ends), None
    if fig is None or axes is None:
        fig, axes = plt.subplots(1, len(names), figsize=figsize, squeeze=False)
    for j, name in enumerate(names):
        axis = np.atleast_2d(axes)[0][j]
        kinds = diag if isinstance(diag, (list, tuple)) else [diag] * len(sets)
        for draws, color, each in zip(sets, panels.COLORS * len(sets), kinds):
            panels.diagonal(axis, draws[:, j], each, color, *ends[j])
        _marked(axis, marks, j, None)
        axis.set_xlim(*ends[j])
        axis.set_yticks([])
        axis.set_xlabel(name)
        if ticks is not None:
            axis.set_xticks(ticks[j] if np.ndim(ticks) > 1 else ticks)
    return fig, axes


def _prepared(
    samples: Any, points: Any, limits: Any, subset: Any, labels: Any
) -> tuple[list[Floats], list[str], list[Floats], list[tuple[float, float]]]:
    sets = [_matrix(each, "samples") for each in _each(samples)]
    d = sets[0].shape[1]
    chosen = list(range(d)) if subset is None else [int(j) for j in subset]
    names = list(labels) if labels is not None else [f"dim {j + 1}" for j in range(d)]
    if len(names) == d:
        names = [names[j] for j in chosen]
    marks = [] if points is None else [_matrix(each, "points") for each in _each(points)]
    if limits is None or len(limits) == 0:
        low = np.min([s.min(axis=0) for s in sets], axis=0)
        high = np.max([s.max(axis=0) for s in sets], axis=0)
        ends = list(zip(low.tolist(), high.tolist()))
    else:
        given = floats(limits, "limits").reshape(-1, 2)
        ends = [(float(a), float(b)) for a, b in (given if len(given) == d else given.repeat(d, 0))]
    ends = [
        ends[j] if ends[j][1] > ends[j][0] else (ends[j][0] - 0.5, ends[j][0] + 0.5) for j in chosen
    ]
    return [s[:, chosen] for s in sets], names, [m[:, chosen] for m in marks], ends


def _each(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)) and len(value) and np.ndim(value[0]) >= 1:
        return list(value)
    return [value]


def _matrix(value: Any, what: str) -> Floats:
    array = floats(value, what)
    array = array.reshape(1, -1) if array.ndim == 1 else array
    if array.ndim != 2 or len(array) == 0:
        raise ValueError(
            f"{what}: given an array of shape {array.shape}, expected (draws, parameters)."
        )
    return array


def _marked(axis: Any, marks: list[Floats], j: int, i: int | None) -> None:
    for points, color in zip(marks, panels.COLORS[1:] * len(marks)):
        for point in points:
            if i is None:
                axis.axvline(point[j], color=color)
            else:
                axis.plot(point[j], point[i], "o", color=color, markersize=4)


def _native(
    sets: list[Floats], names: list[str], marks: list[Floats], ends: list[tuple[float, float]]
) -> Figure:
    every = [Samples(s, names, limits=ends) for s in sets]
    others = {f"samples {k + 2}": s for k, s in enumerate(every[1:])}
    truth = marks[0][0] if marks else None
    return every[0].plot_corner(truth=truth, others=others, name="samples")


def _cut(
    condition: Any, limits: Any, subset: Sequence[int] | None, labels: Sequence[str] | None
) -> tuple[Floats, Floats, list[int], list[str]]:
    """Where the parameters stay, their limits, those that move, and the names of all."""
    at = floats(condition, "condition").reshape(-1)
    ends = floats(limits, "limits").reshape(-1, 2)
    ends = ends if len(ends) == len(at) else ends.repeat(len(at), 0)
    chosen = list(range(len(at))) if subset is None else list(subset)
    names = list(labels) if labels is not None else [f"dim {j + 1}" for j in range(len(at))]
    return at, ends, chosen, names


def conditional_pairplot(
    density: Any,
    condition: Any,
    limits: Any,
    points: Any = None,
    subset: Sequence[int] | None = None,
    resolution: int = 50,
    figsize: tuple[float, float] = (10, 10),
    labels: Sequence[str] | None = None,
    ticks: Any = None,
    fig: Any = None,
    axes: Any = None,
    **kwargs: Any,
) -> tuple[Any, Any]:
    """Every parameter and every pair of them while the others stay at ``condition``."""
    from .conditional_density import grid_density

    warn_unused("conditional_pairplot", kwargs)
    plt = panels.needed()
    at, ends, chosen, names = _cut(condition, limits, subset, labels)
    marks = [] if points is None else [_matrix(each, "points") for each in _each(points)]
    if fig is None or axes is None:
        fig, axes = plt.subplots(len(chosen), len(chosen), figsize=figsize, squeeze=False)
    torch = is_torch(condition)
    for row, i in enumerate(chosen):
        for column, j in enumerate(chosen):
            axis = axes[row][column]
            if column < row:
                axis.axis("off")
                continue
            values = grid_density(density, at, ends, (i, j), resolution, torch)
            xs, ys = (np.linspace(ends[k, 0], ends[k, 1], resolution) for k in (j, i))
            if i == j:
                axis.plot(xs, values, color=panels.COLORS[0])
                axis.set_xlabel(names[j])
            else:
                axis.pcolormesh(xs, ys, values, shading="auto", cmap="Blues", rasterized=True)
                axis.set_xticklabels([])
            _marked(axis, marks, j, None if i == j else i)
            axis.set_yticks([])
            axis.set_xlim(*ends[j])
            if ticks is not None:
                axis.set_xticks(ticks[j] if np.ndim(ticks) > 1 else ticks)
    return fig, axes


def conditional_marginal_plot(
    density: Any,
    condition: Any,
    limits: Any,
    points: Any = None,
    subset: Sequence[int] | None = None,
    resolution: int = 50,
    figsize: tuple[float, float] = (10, 10),
    labels: Sequence[str] | None = None,
    ticks: Any = None,
    fig: Any = None,
    axes: Any = None,
    **kwargs: Any,
) -> tuple[Any, Any]:
    """Every parameter while the others stay at ``condition``."""
    from .conditional_density import grid_density

    warn_unused("conditional_marginal_plot", kwargs)
    plt = panels.needed()
    at, ends, chosen, names = _cut(condition, limits, subset, labels)
    marks = [] if points is None else [_matrix(each, "points") for each in _each(points)]
    if fig is None or axes is None:
        fig, axes = plt.subplots(1, len(chosen), figsize=figsize, squeeze=False)
    for axis, j in zip(np.atleast_2d(axes)[0], chosen):
        values = grid_density(density, at, ends, (j, j), resolution, is_torch(condition))
        axis.plot(np.linspace(ends[j, 0], ends[j, 1], resolution), values, color=panels.COLORS[0])
        _marked(axis, marks, j, None)
        axis.set_xlabel(names[j])
        axis.set_yticks([])
    return fig, axes


def sbc_rank_plot(
    ranks: Any,
    num_posterior_samples: int,
    num_bins: int | None = None,
    plot_type: str = "cdf",
    parameter_labels: Sequence[str] | None = None,
    ranks_labels: Sequence[str] | None = None,
    colors: Sequence[str] | None = None,
    fig: Any = None,
    ax: Any = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> tuple[Any, Any]:
    """Ranks, with the band in which 99 % of the curves or bars of a calibrated posterior lie.

    Parameters
    ----------
    ranks : array_like or tensor, or a list of them
        Of shape (simulations, parameters).
    num_posterior_samples : int
        With how many draws each was compared.
    plot_type : {"cdf", "hist"}
        Distribution functions in one panel, or histograms in one each.
    """
    usual = {"num_cols": 4, "params_in_subplots": False, "show_ylabel": False, "sharey": False}
    warn_unused("sbc_rank_plot", kwargs, usual)
    plt = panels.needed()
    sets = [_matrix(each, "ranks") for each in _each(ranks)]
    n, d = sets[0].shape
    names = list(parameter_labels or [f"dim {j + 1}" for j in range(d)])
    colors = list(colors or panels.COLORS)
    bins = num_bins or max(n // 20, 5)
    if plot_type not in ("cdf", "hist"):
        raise ValueError(f"plot_type: given {plot_type!r}, expected 'cdf' or 'hist'.")
    if plot_type == "cdf":
        if fig is None or ax is None:
            fig, ax = plt.subplots(1, 1, figsize=figsize or (6, 5))
        _rank_curves(ax, sets, names, ranks_labels, num_posterior_samples, colors)
        return fig, ax
    if fig is None or ax is None:
        fig, ax = plt.subplots(1, d, figsize=figsize or (4 * d, 4), squeeze=False)
    low, high = band(n, 1 / bins)
    for j, axis in enumerate(np.ravel(ax)):
        axis.axhspan(low, high, color="0.85")
        for k, each in enumerate(sets):
            axis.hist(
                each[:, j],
                bins=bins,
                range=(0, num_posterior_samples),
                histtype="step",
                color=colors[k % len(colors)],
            )
        axis.set_xlabel(f"rank of {names[j]}")
    return fig, ax


def _rank_curves(
    axis: Any, sets: list[Floats], names: list[str], labels: Any, most: int, colors: list[str]
) -> None:
    n, d = sets[0].shape
    levels = np.linspace(0, 1, 100)
    low, high = (v / n for v in band(n, levels))
    axis.fill_between(levels, low, high, color="0.85")
    for k, each in enumerate(sets):
        for j in range(d):
            curve = np.searchsorted(np.sort(each[:, j]) / most, levels, side="right") / n
            label = names[j] if labels is None else f"{labels[k]}, {names[j]}"
            axis.plot(levels, curve, color=colors[(k * d + j) % len(colors)], label=label)
    axis.plot([0, 1], [0, 1], "k:", linewidth=0.8)
    axis.set_xlabel("rank / draws")
    axis.set_ylabel("share of simulations below")
    axis.legend(frameon=False)


def band(n: int, share: Any) -> tuple[Any, Any]:
    """Where 99 % of binomial counts of ``n`` with this probability lie, in normal approximation."""
    middle = n * np.asarray(share, dtype=np.float64)
    spread = 2.576 * np.sqrt(np.maximum(middle * (1 - np.asarray(share)), 0.0))
    return np.maximum(middle - spread, 0.0), middle + spread


def plot_tarp(ecp: Any, alpha: Any, title: str | None = None) -> tuple[Any, Any]:
    """Expected coverage against the credible level."""
    plt = panels.needed()
    fig, axis = plt.subplots(1, 1, figsize=(5, 5))
    axis.plot([0, 1], [0, 1], "k:", linewidth=0.8, label="calibrated")
    axis.plot(floats(alpha, "alpha"), floats(ecp, "ecp"), color=panels.COLORS[0], label="TARP")
    axis.set_xlabel("credible level")
    axis.set_ylabel("expected coverage")
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1)
    if title:
        axis.set_title(title)
    axis.legend(frameon=False)
    return fig, axis


def pp_plot(
    scores: Any,
    scores_null: Any,
    true_scores_null: Any,
    conf_alpha: float,
    n_alphas: int = 100,
    labels: Sequence[str] | None = None,
    colors: Sequence[str] | None = None,
    ax: Any = None,
    **kwargs: Any,
) -> Any:
    """Distribution functions of scores against that of the null, with the band of its trials.

    Parameters
    ----------
    scores : array_like, or a list of them
        Scores of what is tested.
    scores_null : array_like
        Scores of each trial of the null, one trial a row.
    true_scores_null : array_like
        Scores of what the axis is: those of a null of their own.
    conf_alpha : float
        One minus the confidence of the band.
    """
    plt = panels.needed()
    if ax is None:
        _, ax = plt.subplots(1, 1, figsize=(5, 5))
    levels = np.linspace(0, 1, n_alphas)
    ends = np.quantile(floats(true_scores_null, "true_scores_null").ravel(), levels)
    every = [_cdf(floats(s, "scores_null").ravel(), ends) for s in scores_null]
    low, high = np.quantile(every, [conf_alpha / 2, 1 - conf_alpha / 2], axis=0)
    ax.fill_between(levels, low, high, color="0.85")
    for k, each in enumerate(_each(scores)):
        label = None if labels is None else labels[k]
        color = (list(colors) if colors else panels.COLORS)[k % 6]
        ax.plot(
            levels, _cdf(floats(each, "scores").ravel(), ends), color=color, label=label, **kwargs
        )
    ax.set_xlabel("null")
    ax.set_ylabel("observed")
    return ax


def _cdf(values: Floats, ends: Floats) -> Floats:
    return np.asarray(np.searchsorted(np.sort(values), ends, side="right") / len(values))


def pp_plot_lc2st(probs: Any, probs_null: Any, conf_alpha: float = 0.05, **kwargs: Any) -> Any:
    """:func:`pp_plot` of the probabilities of L-C2ST, whose null is one half."""
    null = floats(probs_null, "probs_null")
    return pp_plot(probs, list(null), null, conf_alpha, **kwargs)


def marginal_plot_with_probs_intensity(*args: Any, **kwargs: Any) -> Any:
    """Not supported."""
    from ..errors import not_supported

    raise not_supported(
        "marginal_plot_with_probs_intensity", "Use marginal_plot and pp_plot_lc2st."
    )
