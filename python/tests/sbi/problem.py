"""The problem of most of sbi's own tests: x = θ − 1 + N(0, 0.3 I), with what is exact about it.

Everything here is torch alone, so that the same tests run on either package: ``SBI_PACKAGE=sbi pytest`` runs
them on ``sbi`` itself.
"""

import importlib
import os

import pytest

torch = pytest.importorskip("torch")

PACKAGE = os.environ.get("SBI_PACKAGE", "retrodict.sbi")


def module(name):
    """A module of the package under test."""
    return importlib.import_module(f"{PACKAGE}.{name}")


class LinearGaussian:
    """x = θ − 1 + noise; the prior is N(0, I) or uniform on [−2, 2]."""

    def __init__(self, dim=2, prior="gaussian", variance=0.3):
        self.dim, self.kind, self.variance = dim, prior, variance
        if prior == "gaussian":
            self.prior = torch.distributions.MultivariateNormal(torch.zeros(dim), torch.eye(dim))
        else:
            self.prior = module("utils").BoxUniform(-2 * torch.ones(dim), 2 * torch.ones(dim))
        self.x_o = torch.zeros(1, dim)

    def simulate(self, theta):
        return theta - 1 + self.variance**0.5 * torch.randn_like(theta)

    def simulations(self, n, proposal=None):
        theta = (proposal or self.prior).sample((n,))
        return theta, self.simulate(theta)

    def trials(self, n):
        """The same observation so many times."""
        return torch.zeros(n, self.dim)

    def mean_and_sd(self, n_trials=1):
        """Of the normal distribution that the posterior is, cut off by a uniform prior."""
        precision = n_trials / self.variance + (1.0 if self.kind == "gaussian" else 0.0)
        return n_trials / self.variance / precision, precision**-0.5

    def exact(self, n=1000, n_trials=1):
        """Draws of the exact posterior for an observation of zeros."""
        mean, sd = self.mean_and_sd(n_trials)
        draws = mean + sd * torch.randn(20 * n, self.dim)
        if self.kind == "uniform":
            draws = draws[(draws.abs() <= 2).all(dim=1)]
        return draws[:n]

    def density(self, n_trials=1):
        """The exact density under a normal prior."""
        mean, sd = self.mean_and_sd(n_trials)
        return torch.distributions.MultivariateNormal(
            mean * torch.ones(self.dim), sd**2 * torch.eye(self.dim)
        )


def c2st(draws, exact):
    """As sbi's own tests measure it: a random forest, in five folds."""
    return float(module("utils.metrics").c2st(draws, exact))


def assert_same(draws, exact, tolerance=0.1):
    """sbi's bar: a C2ST from 0.4 to 0.6."""
    assert torch.isfinite(draws).all()
    score = c2st(draws, exact)
    assert abs(score - 0.5) <= tolerance, f"C2ST {score:.3f}"


def kl_from_exact(problem, posterior, n=1000):
    """A Monte-Carlo estimate of KL(exact ‖ posterior)."""
    exact = problem.density()
    theta = exact.sample((n,))
    return float((exact.log_prob(theta) - posterior.log_prob(theta, x=problem.x_o)).mean())


def assert_map(problem, posterior):
    """sbi's bar for the maximum: a squared error below 0.5."""
    posterior.set_default_x(problem.x_o)
    best = posterior.map(show_progress_bars=False)
    mean, _ = problem.mean_and_sd()
    assert float(((best - mean) ** 2).sum()) < 0.5
