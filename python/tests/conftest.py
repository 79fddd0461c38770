"""What the tests share: a problem whose posterior is known exactly."""

import numpy as np
import pytest

import retrodict as rd

NOISE = 0.3


def linear(theta, rng):
    """x = θ + noise, for one θ or for rows."""
    return theta + NOISE * rng.normal(size=np.shape(theta))


@pytest.fixture(scope="session")
def prior():
    return rd.Prior(a=rd.Normal(0, 1), b=rd.Normal(0, 2))


@pytest.fixture(scope="session")
def sims(prior):
    return rd.simulate(prior, linear, 3000, seed=1)


@pytest.fixture(scope="session")
def posterior(prior, sims):
    return rd.infer(prior, sims, method="npe", seed=1)


def exact(x_o, sd=(1.0, 2.0)):
    """Mean and standard deviation of the exact posterior."""
    precision = 1 / np.square(sd) + 1 / NOISE**2
    return np.asarray(x_o) / NOISE**2 / precision, precision**-0.5
