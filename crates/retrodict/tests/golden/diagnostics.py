"""Convergence diagnostics and Pareto-smoothed weights by ArviZ: makes diagnostics.json.

    pip install numpy arviz-stats && python diagnostics.py
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from arviz_stats.base import array_stats as az

random = np.random.default_rng(1)


def autoregressive(n_chains, n_draws, rho):
    values = np.empty((n_chains, n_draws))
    values[:, 0] = random.normal(size=n_chains)
    for t in range(1, n_draws):
        noise = np.sqrt(1 - rho**2) * random.normal(size=n_chains)
        values[:, t] = rho * values[:, t - 1] + noise
    return values


inputs = {
    "independent": random.normal(size=(4, 50)),
    "slow": autoregressive(4, 120, 0.9),
    "antithetic": autoregressive(3, 80, -0.6),
    "drifting": random.normal(size=(4, 60)) + np.linspace(0, 1, 60),
    "one chain apart": random.normal(size=(4, 40)) + np.array([[0], [0], [0], [3]]),
    "one chain wider": random.normal(size=(4, 40)) * np.array([[1], [1], [1], [4]]),
    "heavy tails": random.standard_cauchy(size=(4, 50)),
    "ties": np.floor(3 * random.normal(size=(4, 50))),
    "a single chain of odd length": autoregressive(1, 101, 0.5),
    "five draws": random.normal(size=(2, 5)),
}


def diagnostics(name, values):
    values = np.round(values, 6)

    squares = (values - values.mean()) ** 2

    def call(function, method, **options):
        axes = {"chain_axis": 0, "draw_axis": 1}
        return float(function(values, **axes, method=method, **options))

    return {
        "name": name,
        "n_chains": values.shape[0],
        "values": values.ravel().tolist(),
        "r_hat": call(az.rhat, "rank") if len(values) > 1 else None,
        "ess_bulk": call(az.ess, "bulk"),
        "ess_tail": call(az.ess, "tail", prob=(0.05, 0.95)),
        "mcse_mean": call(az.mcse, "mean"),
        # ArviZ divides by the effective sample size of the draws; that of their squared distances from
        # the mean is what the variance is a mean of (and what the R package `posterior` takes).
        "mcse_sd": float(np.sqrt(squares.var() / call(az.ess, "sd") / squares.mean() / 4)),
    }


weights = {
    "light tail": -0.5 * random.normal(size=300) ** 2,
    "log-normal": random.normal(size=300),
    "heavy tail": 0.9 * random.exponential(size=300),
    "no mean": 1.5 * random.exponential(size=200),
}


def smoothed(name, values):
    values = np.round(values, 6)
    # It takes log-likelihoods, whose inverses are the weights of leaving one out.
    result, k_hat = az.psislw(-values, axis=-1)
    return {
        "name": name,
        "log_weights": values.tolist(),
        "smoothed": np.asarray(result).tolist(),
        "k_hat": float(k_hat),
    }


golden = {
    "arviz_stats": version("arviz-stats"),
    "chains": [diagnostics(*item) for item in inputs.items()],
    "weights": [smoothed(*item) for item in weights.items()],
}
path = Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden) + "\n")
