"""What the tests share: simulations and a fit of the linear Gaussian."""

import pytest
from linear_gaussian import linear

import retrodict as rd


@pytest.fixture(scope="session")
def prior():
    return rd.Prior(a=rd.Normal(0, 1), b=rd.Normal(0, 2))


@pytest.fixture(scope="session")
def sims(prior):
    return rd.simulate(prior, linear, 3000, seed=1)


@pytest.fixture(scope="session")
def posterior(prior, sims):
    return rd.infer(prior, sims, method="npe", seed=1)
