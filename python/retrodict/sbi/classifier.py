"""A classifier that needs nothing but NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Floats


class Quadratic:
    """Logistic regression on all numbers, squares and products: optimal between two normal distributions.

    Its interface is that of scikit-learn: ``fit``, ``predict``, ``predict_proba``.
    """

    #: Newton steps, and the weight decay that keeps separable data finite.
    STEPS, RIDGE = 12, 1e-3

    def __init__(self, **ignored: Any) -> None:
        self._mean = self._sd = self._weights = np.empty(0)

    def fit(self, rows: Floats, labels: Floats) -> Quadratic:
        """Learn from rows and labels of 0 and 1."""
        rows = np.asarray(rows, dtype=np.float64)
        self._mean, sd = rows.mean(axis=0), rows.std(axis=0)
        self._sd = np.where(sd > 0, sd, 1.0)
        features = self._features(rows)
        weights = np.zeros(features.shape[1])
        for _ in range(self.STEPS):
            p = _logistic(features @ weights)
            gradient = features.T @ (labels - p) - self.RIDGE * weights
            curvature = (features * (p * (1 - p))[:, None]).T @ features
            curvature[np.diag_indices_from(curvature)] += self.RIDGE
            step = np.linalg.solve(curvature, gradient)
            weights += step
            if np.abs(step).max() < 1e-8:
                break
        self._weights = weights
        return self

    def _features(self, rows: Floats) -> Floats:
        z = np.clip((np.asarray(rows, dtype=np.float64) - self._mean) / self._sd, -10, 10)
        i, j = np.triu_indices(z.shape[1])
        return np.concatenate([np.ones((len(z), 1)), z, z[:, i] * z[:, j]], axis=1)

    def predict_proba(self, rows: Floats) -> Floats:
        """The probabilities of 0 and 1, one row each."""
        p = _logistic(self._features(rows) @ self._weights)
        return np.stack([1 - p, p], axis=1)

    def predict(self, rows: Floats) -> Floats:
        """The likelier label of each row."""
        return np.asarray(self.predict_proba(rows)[:, 1] > 0.5, dtype=np.float64)


def _logistic(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -500, 500))))
