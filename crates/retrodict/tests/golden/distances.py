"""Makes distances.json: distances between two samples, by SciPy.

    pip install scipy && python distances.py > distances.json
"""

import json
import sys

import numpy as np
from scipy import stats
from scipy.spatial import distance

random = np.random.default_rng(1)
simulated = random.normal(size=(50, 4)) @ random.normal(size=(4, 4))
x, observed = random.normal(size=(2, 4))
covariance = np.cov(simulated.T)
mad = stats.median_abs_deviation(simulated, axis=0)

norms = [
    {"p": p, "scale": scale, "value": distance.minkowski(x / by, observed / by, p)}
    for p in [1.0, 1.5, 2.0, 3.0]
    for scale, by in [
        ("none", np.ones(4)),
        ("median_absolute_deviation", mad),
        ("standard_deviation", simulated.std(axis=0)),
    ]
]

a, b = random.normal(size=20), random.gamma(2.0, size=20)


def pairs(u, v):
    return distance.cdist(u.reshape(len(a), -1), v.reshape(len(a), -1))


def mmd(u, v, h):
    def k(u, v):
        return np.exp(-0.5 * (pairs(u, v) / h) ** 2).mean()

    return np.sqrt(k(u, u) + k(v, v) - 2 * k(u, v))


c, d = random.normal(size=(20, 3)), random.gamma(2.0, size=(20, 3))
json.dump(
    {
        "simulated": simulated.ravel().tolist(),
        "x": x.tolist(),
        "observed": observed.tolist(),
        "norms": norms,
        "mahalanobis": distance.mahalanobis(x, observed, np.linalg.inv(covariance)),
        "a": a.tolist(),
        "b": b.tolist(),
        "wasserstein": stats.wasserstein_distance(a, b),
        "wasserstein_2": np.sqrt(np.mean((np.sort(a) - np.sort(b)) ** 2)),
        "energy": stats.energy_distance(a, b),
        "mmd": mmd(a, b, np.median(distance.pdist(b.reshape(-1, 1)))),
        "c": c.ravel().tolist(),
        "d": d.ravel().tolist(),
        "mmd_3": mmd(c, d, 0.7),
        "energy_3": np.sqrt(2 * pairs(c, d).mean() - pairs(c, c).mean() - pairs(d, d).mean()),
    },
    sys.stdout,
    indent=1,
)
