"""The maximum of a density that is known at points only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..arrays import Floats

#: Generations, and points in each.
GENERATIONS = 60
POINTS = 64


def maximum(log_density: Callable[[Floats], Floats], start: Floats, seed: int = 1) -> Floats:
    """The best point that a search from these draws finds.

    The best draws are the first generation; each next one is drawn about the weighted mean of the better
    half, with its covariance (the cross-entropy method, Rubinstein 1999), and shrinks onto the maximum.
    """
    random = np.random.default_rng(seed)
    values = log_density(start)
    order = np.argsort(-values)
    elite = start[order[: max(POINTS // 2, start.shape[1] + 2)]]
    best, height = start[order[0]], float(values[order[0]])
    spread = start.std(axis=0) + 1e-12
    for generation in range(GENERATIONS):
        floor = 0.3 * 0.85**generation * spread
        scale = np.maximum(elite.std(axis=0), floor)
        center = best if generation % 2 else elite.mean(axis=0)
        points = center + scale * random.normal(size=(POINTS, len(best)))
        values = log_density(points)
        order = np.argsort(-values)
        elite = points[order[: POINTS // 4]]
        if values[order[0]] > height:
            best, height = points[order[0]], float(values[order[0]])
        else:
            elite = np.concatenate([elite[1:], best[np.newaxis]])
    return np.asarray(best, dtype=np.float64)
