"""Makes prior.json: densities, tails, quantiles and moments of every distribution, by SciPy.

    pip install scipy && python prior.py > prior.json
"""

import json
import math

import numpy as np
from scipy import special, stats


class OneSided:
    """A standard normal cut far out. SciPy's `truncnorm` has four digits in its own tail there, so
    the quantiles are taken from the normal distribution itself."""

    def __init__(self, end, sign):
        self.law = stats.truncnorm(*((end, np.inf) if sign > 0 else (-np.inf, end)))
        self.sign = sign
        self.mass = stats.norm.sf(sign * end)
        for name in ["logpdf", "cdf", "sf", "stats"]:
            setattr(self, name, getattr(self.law, name))

    def outer(self, p):
        return self.sign * stats.norm.isf(self.mass * p)

    def ppf(self, p):
        return self.outer(1 - p if self.sign > 0 else p)

    def isf(self, p):
        return self.outer(p if self.sign > 0 else 1 - p)


def half_normal(scale):
    """SciPy's own `ppf` has three digits at 1e-12."""
    law = stats.halfnorm(scale=scale)
    law.ppf = lambda p: scale * math.sqrt(2) * special.erfinv(p)
    return law


class Counts:
    """A discrete distribution, whose probability stands where others have a density."""

    def __init__(self, law):
        self.logpdf = law.logpmf
        for name in ["cdf", "sf", "stats", "ppf", "isf"]:
            setattr(self, name, getattr(law, name))


# The configuration as in a study file, the same distribution in SciPy, and where to look.
UNIVARIATE = [
    ({"prior": "uniform", "low": -2.0, "high": 3.0}, stats.uniform(-2, 5), [-2.0, -1.3, 0.0, 2.999]),
    ({"prior": "log_uniform", "low": 0.01, "high": 100.0}, stats.loguniform(0.01, 100), [0.011, 1.0, 77.0]),
    ({"prior": "normal", "mean": 1.0, "sd": 2.0}, stats.norm(1, 2), [-60.0, -9.0, 1.0, 3.3, 25.0, 70.0]),
    ({"prior": "log_normal", "mean_log": -0.5, "sd_log": 0.7}, stats.lognorm(0.7, scale=math.exp(-0.5)), [1e-6, 0.1, 1.0, 9.0, 1e5]),
    ({"prior": "half_normal", "scale": 1.5}, half_normal(1.5), [1e-12, 0.2, 1.0, 5.0, 40.0]),
    ({"prior": "gamma", "shape": 2.5, "rate": 3.0}, stats.gamma(2.5, scale=1 / 3), [1e-9, 0.1, 0.8, 4.0, 60.0]),
    ({"prior": "gamma", "shape": 0.05, "rate": 1.0}, stats.gamma(0.05), [1e-200, 1e-9, 0.1, 2.0, 30.0]),
    ({"prior": "gamma", "shape": 300.0, "rate": 2.0}, stats.gamma(300, scale=0.5), [60.0, 140.0, 150.0, 170.0, 300.0]),
    ({"prior": "beta", "alpha": 2.0, "beta": 5.0}, stats.beta(2, 5), [1e-12, 0.01, 0.3, 0.7, 0.999]),
    ({"prior": "beta", "alpha": 0.5, "beta": 0.2}, stats.beta(0.5, 0.2), [1e-30, 0.01, 0.3, 0.7, 0.999]),
    ({"prior": "beta", "alpha": 300.0, "beta": 80.0}, stats.beta(300, 80), [0.5, 0.75, 0.79, 0.83, 0.95]),
    ({"prior": "exponential", "rate": 0.3}, stats.expon(scale=1 / 0.3), [0.0, 1e-9, 1.0, 30.0, 2000.0]),
    ({"prior": "student_t", "degrees_of_freedom": 3.5, "location": 1.0, "scale": 2.0}, stats.t(3.5, 1, 2), [-1e5, -20.0, 0.9, 1.0, 3.0, 500.0]),
    ({"prior": "student_t", "degrees_of_freedom": 1.2}, stats.t(1.2), [-1e9, -2.0, 0.001, 4.0, 1e8]),
    ({"prior": "student_t", "degrees_of_freedom": 200.0, "scale": 0.5}, stats.t(200, 0, 0.5), [-9.0, -1.0, 0.2, 5.0]),
    ({"prior": "cauchy", "location": -1.0, "scale": 0.5}, stats.cauchy(-1, 0.5), [-1e6, -3.0, -1.0, 0.0, 1e5]),
    ({"prior": "truncated", "distribution": {"prior": "normal", "mean": 0.0, "sd": 1.0}, "low": -1.0, "high": 2.0}, stats.truncnorm(-1, 2), [-1.0, -0.3, 0.5, 1.9]),
    ({"prior": "truncated", "distribution": {"prior": "normal", "mean": 0.0, "sd": 1.0}, "low": 8.0}, OneSided(8, 1), [8.0, 8.1, 9.0, 12.0]),
    ({"prior": "truncated", "distribution": {"prior": "normal", "mean": 0.0, "sd": 1.0}, "high": -5.0}, OneSided(-5, -1), [-9.0, -5.5, -5.01]),
    ({"prior": "bernoulli", "probability": 0.3}, Counts(stats.bernoulli(0.3)), [0.0, 1.0]),
    ({"prior": "binomial", "trials": 12, "probability": 0.8}, Counts(stats.binom(12, 0.8)), [2.0, 9.0, 10.0, 11.0]),
    ({"prior": "uniform_integer", "low": -2, "high": 5}, Counts(stats.randint(-2, 6)), [-2.0, 0.0, 4.0]),
    ({"prior": "poisson", "rate": 3.5}, Counts(stats.poisson(3.5)), [0.0, 2.0, 9.0, 30.0]),
    ({"prior": "poisson", "rate": 200.0}, Counts(stats.poisson(200.0)), [120.0, 200.0, 205.0, 300.0]),
]

LOWER = [1e-12, 1e-4, 0.02, 0.3, 0.5, 0.8]
UPPER = [1e-12, 1e-4, 0.02, 0.3]


def finite(value):
    value = float(value)
    return value if math.isfinite(value) else None


def univariate(config, law, x):
    mean, variance = law.stats(moments="mv")
    return {
        "config": config,
        "x": x,
        "log_density": [float(law.logpdf(v)) for v in x],
        "cdf": [float(law.cdf(v)) for v in x],
        "survival": [float(law.sf(v)) for v in x],
        "lower": [[p, float(law.ppf(p))] for p in LOWER],
        "upper": [[p, float(law.isf(p))] for p in UPPER],
        "mean": finite(mean),
        "sd": finite(math.sqrt(variance)) if math.isfinite(variance) else None,
    }


def joint():
    covariance = [[2.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 0.5]]
    normal = stats.multivariate_normal([1.0, -2.0, 0.5], covariance)
    dirichlet = stats.dirichlet([0.7, 2.0, 3.5])
    at_normal = [[1.0, -2.0, 0.5], [3.0, 0.0, -1.0], [-9.0, 4.0, 2.0]]
    at_simplex = [[0.2, 0.3, 0.5], [0.01, 0.01, 0.98], [0.6, 0.3999, 0.0001]]
    return [
        {
            "config": {"prior": "multivariate_normal", "mean": [1.0, -2.0, 0.5], "covariance": covariance},
            "x": at_normal,
            "log_density": [float(normal.logpdf(x)) for x in at_normal],
        },
        {
            "config": {"prior": "dirichlet", "concentration": [0.7, 2.0, 3.5]},
            "x": at_simplex,
            "log_density": [float(dirichlet.logpdf(x)) for x in at_simplex],
        },
    ]


print(json.dumps({"univariate": [univariate(*row) for row in UNIVARIATE], "joint": joint()}, indent=1))
