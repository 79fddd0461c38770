"""Distances between sets of draws."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from ...arrays import Floats, floats
from ..classifier import Quadratic
from ..errors import not_supported
from ..tensors import Numbers, give, is_torch


def c2st(
    X: Any,
    Y: Any,
    seed: int = 1,
    n_folds: int = 5,
    metric: str = "accuracy",
    classifier: Any = None,
    classifier_kwargs: dict[str, Any] | None = None,
    z_score: bool = True,
    noise_scale: float | None = None,
    verbosity: int = 0,
) -> Numbers:
    """How well a classifier tells two sets of draws: 0.5 if it cannot, 1 if it always does.

    Parameters
    ----------
    X, Y : array_like or tensor
        As many draws of one as of the other.
    n_folds : int
        In how many parts its accuracy is cross-validated.
    classifier : str or class, optional
        ``"rf"`` and ``"mlp"`` are those of scikit-learn; a class of it can be given. Without it, and if
        scikit-learn is not installed, ``"quadratic"``: a logistic regression on all squares and products.
    """
    x, y = _two(X, Y)
    if metric != "accuracy":
        raise not_supported(f"metric={metric!r}", "Use 'accuracy'.")
    if z_score:
        mean, sd = x.mean(axis=0), x.std(axis=0)
        sd = np.where(sd > 0, sd, 1.0)
        x, y = (x - mean) / sd, (y - mean) / sd
    random = np.random.default_rng(seed)
    if noise_scale is not None:
        x, y = (v + noise_scale * random.normal(size=v.shape) for v in (x, y))
    rows = np.concatenate([x, y])
    labels = np.concatenate([np.zeros(len(x)), np.ones(len(y))])
    order = random.permutation(len(rows))
    rows, labels = rows[order], labels[order]
    right = 0
    for fold in range(n_folds):
        test = np.arange(len(rows)) % n_folds == fold
        model = _model(classifier, x.shape[1], seed, classifier_kwargs or {})
        model.fit(rows[~test], labels[~test])
        right += int((np.asarray(model.predict(rows[test])) == labels[test]).sum())
    return give(np.array(right / len(rows)), is_torch(X, Y))


def _model(classifier: Any, width: int, seed: int, options: dict[str, Any]) -> Any:
    if classifier in (None, "rf"):
        try:
            forest = importlib.import_module("sklearn.ensemble").RandomForestClassifier
        except ImportError:
            if classifier == "rf":
                raise
            return Quadratic()
        return forest(random_state=seed, **options)
    if classifier == "quadratic":
        return Quadratic()
    if classifier == "mlp":
        network = importlib.import_module("sklearn.neural_network").MLPClassifier
        usual = {"hidden_layer_sizes": (10 * width, 10 * width), "max_iter": 1000}
        return network(random_state=seed, **{**usual, **options})
    return classifier(random_state=seed, **options)


def check_c2st(x: Any, y: Any, alg: str, tol: float = 0.1) -> None:
    """An assertion that the C2ST of two sets of draws is within ``tol`` of one half."""
    score = float(c2st(x, y))
    assert 0.5 - tol <= score <= 0.5 + tol, f"{alg}: C2ST {score:.3f} is not within {tol} of 0.5"


def _two(x: Any, y: Any) -> tuple[Floats, Floats]:
    a, b = floats(x, "X"), floats(y, "Y")
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(
            f"X and Y: given arrays of shapes {a.shape} and {b.shape}, expected (draws, parameters)."
        )
    return a, b


def _squared(a: Floats, b: Floats) -> Floats:
    return np.asarray(((a[:, None] - b[None]) ** 2).sum(axis=-1))


def _kernels(x: Any, y: Any, scale: float | None) -> tuple[Floats, Floats, Floats]:
    a, b = _two(x, y)
    xx, yy, xy = _squared(a, a), _squared(b, b), _squared(a, b)
    if scale is None:
        scale = float(np.sqrt(np.median(xy)))
    xx, yy, xy = (np.exp(-0.5 * d / scale**2) for d in (xx, yy, xy))
    return xx, yy, xy


def unbiased_mmd_squared(x: Any, y: Any, scale: float | None = None) -> Numbers:
    """The squared maximum mean discrepancy, without the diagonals: zero on average for equal laws."""
    xx, yy, xy = _kernels(x, y, scale)
    n, m = len(xx), len(yy)
    within = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return give(np.array(within - 2 * xy.mean()), is_torch(x, y))


def biased_mmd(x: Any, y: Any, scale: float | None = None) -> Numbers:
    """The maximum mean discrepancy, never negative."""
    xx, yy, xy = _kernels(x, y, scale)
    return give(np.sqrt(max(xx.mean() + yy.mean() - 2 * xy.mean(), 0.0)), is_torch(x, y))


def wasserstein_2_squared(
    x: Any, y: Any, epsilon: float = 1e-3, max_iter: int = 1000, tol: float = 1e-9
) -> Numbers:
    """The squared Wasserstein distance with an entropy of size ``epsilon`` (Sinkhorn's iteration)."""
    a, b = _two(x, y)
    cost = _squared(a, b)
    step = epsilon * max(float(cost.max()), 1e-300)
    f, g = np.zeros(len(a)), np.zeros(len(b))
    for _ in range(max_iter):
        before = f
        f = -step * (_log_mean((g[None] - cost) / step, 1))
        g = -step * (_log_mean((f[:, None] - cost) / step, 0))
        if np.abs(f - before).max() < tol:
            break
    plan = np.exp((f[:, None] + g[None] - cost) / step) / (len(a) * len(b))
    return give(np.array((plan * cost).sum() / plan.sum()), is_torch(x, y))


def _log_mean(values: Floats, axis: int) -> Floats:
    peak = values.max(axis=axis, keepdims=True)
    return np.asarray(np.squeeze(peak, axis) + np.log(np.exp(values - peak).mean(axis=axis)))


def posterior_shrinkage(prior_samples: Any, post_samples: Any) -> Numbers:
    """1 − variance of the posterior over that of the prior, of each parameter."""
    prior, post = _two(prior_samples, post_samples)
    values = 1 - post.var(axis=0, ddof=1) / prior.var(axis=0, ddof=1)
    return give(values, is_torch(prior_samples, post_samples))


def posterior_zscore(true_theta: Any, post_samples: Any) -> Numbers:
    """How many standard deviations the posterior's mean is from the true value, of each parameter."""
    post = floats(post_samples, "post_samples")
    truth = floats(true_theta, "true_theta").reshape(-1)
    values = np.abs((post.mean(axis=0) - truth) / post.std(axis=0, ddof=1))
    return give(values, is_torch(true_theta, post_samples))
