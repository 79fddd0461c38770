"""Retrodict: simulation-based inference, from what is seen back to what made it.

>>> import retrodict as rd
>>> prior = rd.Prior(mu=rd.Uniform(-2, 2), sigma=rd.HalfNormal(1))
>>> def simulator(theta, rng):
...     mu, sigma = theta.T
...     x = mu + sigma * rng.normal(size=(20, len(theta)))
...     return {"mean": x.mean(axis=0), "sd": x.std(axis=0)}
>>> sims = rd.simulate(prior, simulator, 2000, seed=1)
>>> posterior = rd.infer(prior, sims, seed=1)
>>> samples = posterior.sample({"mean": 0.5, "sd": 1.0}, 1000)
>>> bool(abs(samples["mu"].mean() - 0.5) < 0.2)
True

How the pieces fit
------------------
Everything that computes is in ``retrodict._native``, a thin extension over the Rust library; this package is
what a Python user meets. A session in Python *is* a study: :func:`infer` writes the same sections that a study
file has (``study.py``), gives the library the simulations and the simulator (``Simulating`` there, over the
forms of a simulator in ``simulator.py`` and the processes in ``workers.py``), and runs the same stages in the
folder of a run (``folder.py``; a temporary one unless ``out`` names it). So every method, setting, check,
figure and file of the command line is here too, :func:`run` and :func:`load` take what it left, and it takes
what ``out`` left.

========================  =====================================================================
``distributions, prior``  named parameters and their distributions; ``function``: those that are Python objects
``simulate, simulations`` a simulator in Python, and what it gave: θ, x, status
``infer, posterior``      from simulations to a :class:`Posterior`: sample, log_prob, map
``samples, summary``      draws with names; tables, corner plots, pandas, xarray, ArviZ
``check, report``         the verdict, its checks and its figures
``compare``               several methods over the same simulations
``run``                   study files and the folders of runs
``arrays, data``          the border: anything that holds numbers becomes arrays of float64
========================  =====================================================================

Layers above this one build on the names that are imported here, on ``arrays.floats`` and ``arrays.matrix`` for
their inputs, and on ``Posterior._native`` for nothing.
"""

from . import _native
from ._native import Error
from .check import check
from .compare import compare
from .distributions import (
    Bernoulli,
    Beta,
    Binomial,
    Categorical,
    Cauchy,
    Dirichlet,
    Discrete,
    Distribution,
    Exponential,
    Gamma,
    HalfNormal,
    LogNormal,
    LogUniform,
    Mixture,
    MultivariateNormal,
    Normal,
    Poisson,
    StudentT,
    Truncated,
    Uniform,
    UniformInteger,
)
from .figure import Figure
from .function import Function
from .infer import infer
from .posterior import Posterior
from .prior import Prior
from .report import Check, Report
from .run import Run, load, run
from .samples import Samples
from .simulate import simulate
from .simulations import Simulations
from .summary import ParameterSummary, Summary

__version__ = _native.VERSION

__all__ = [
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "Cauchy",
    "Check",
    "Dirichlet",
    "Discrete",
    "Distribution",
    "Error",
    "Exponential",
    "Figure",
    "Function",
    "Gamma",
    "HalfNormal",
    "LogNormal",
    "LogUniform",
    "Mixture",
    "MultivariateNormal",
    "Normal",
    "ParameterSummary",
    "Poisson",
    "Posterior",
    "Prior",
    "Report",
    "Run",
    "Samples",
    "Simulations",
    "StudentT",
    "Summary",
    "Truncated",
    "Uniform",
    "UniformInteger",
    "check",
    "compare",
    "infer",
    "load",
    "run",
    "simulate",
]
