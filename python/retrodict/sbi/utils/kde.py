"""A density from draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import Floats, floats
from ..tensors import Numbers, count, fresh_seed, give, is_torch, rows


class KDEWrapper:
    """A normal kernel density estimate.

    Parameters
    ----------
    samples : array_like or tensor
        Draws, one a row.
    bandwidth : float or {"cv", "silvermann", "scott", "heuristic"}
        In units of the draws' standard deviation.
    sample_weights : array_like, optional
        The weight of each draw.
    """

    def __init__(self, samples: Any, bandwidth: Any = "cv", sample_weights: Any = None) -> None:
        self.torch = is_torch(samples)
        self._draws = floats(samples, "samples")
        n, d = self._draws.shape
        weights = (
            np.ones(n) if sample_weights is None else floats(sample_weights, "weights").ravel()
        )
        self._weights = weights / weights.sum()
        sd = self._draws.std(axis=0)
        self._sd = np.where(sd > 0, sd, 1.0)
        effective = 1 / float((self._weights**2).sum())
        scott = effective ** (-1 / (d + 4))
        if isinstance(bandwidth, str):
            bandwidth = self._validated(scott) if bandwidth == "cv" else scott
        self.bandwidth = float(bandwidth)

    def _validated(self, scott: float) -> float:
        """The bandwidth about Scott's that predicts each draw best from the others."""
        chosen = np.random.default_rng(1).permutation(len(self._draws))[:500]
        candidates = scott * np.geomspace(0.3, 2.0, 8)
        scores = [self._log_density(self._draws[chosen], h, chosen).mean() for h in candidates]
        return float(candidates[int(np.argmax(scores))])

    def _log_density(self, points: Floats, bandwidth: float, left_out: Any = None) -> Floats:
        scale = bandwidth * self._sd
        off = (points[:, None] / scale - self._draws[None] / scale) ** 2
        with np.errstate(divide="ignore"):
            logs = -0.5 * off.sum(axis=-1) + np.log(self._weights)
        if left_out is not None:
            logs[np.arange(len(points)), left_out] = -np.inf
        peak = logs.max(axis=1)
        constant = np.log(scale).sum() + 0.5 * len(scale) * np.log(2 * np.pi)
        return np.asarray(peak + np.log(np.exp(logs - peak[:, None]).sum(axis=1)) - constant)

    def sample(self, sample_shape: Any = ()) -> Numbers:
        """Draws, of shape (\\*sample_shape, parameters)."""
        shape, n = count(sample_shape)
        random = np.random.default_rng(fresh_seed(self.torch))
        chosen = self._draws[random.choice(len(self._draws), n, p=self._weights)]
        drawn = chosen + self.bandwidth * self._sd * random.normal(size=chosen.shape)
        return give(drawn.reshape((*shape, drawn.shape[1])), self.torch)

    def log_prob(self, theta: Any) -> Numbers:
        """The log density at each row."""
        points, shape = rows(theta, self._draws.shape[1], "theta")
        values = [
            self._log_density(points[i : i + 500], self.bandwidth)
            for i in range(0, len(points), 500)
        ]
        return give(np.concatenate(values).reshape(shape), self.torch or is_torch(theta))


def get_kde(
    samples: Any,
    bandwidth: Any = "cv",
    transform: Any = None,
    sample_weights: Any = None,
    **kwargs: Any,
) -> KDEWrapper:
    """A normal kernel density estimate of draws."""
    return KDEWrapper(samples, bandwidth, sample_weights)
