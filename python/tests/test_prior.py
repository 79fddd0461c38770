"""Priors and their distributions."""

import copy
import pickle

import numpy as np
import pytest

import retrodict as rd

EVERY = {
    "uniform": rd.Uniform(-1, 2),
    "log_uniform": rd.LogUniform(0.1, 10),
    "normal": rd.Normal(1, 2),
    "log_normal": rd.LogNormal(0, 0.5),
    "half_normal": rd.HalfNormal(2),
    "gamma": rd.Gamma(2, 3),
    "beta": rd.Beta(2, 5),
    "exponential": rd.Exponential(2),
    "student": rd.StudentT(4, 1, 2),
    "cauchy": rd.Cauchy(0, 1),
    "cut": rd.Truncated(rd.Normal(0, 1), low=0.5),
    "mixed": rd.Mixture([1, 3], [rd.Normal(-2, 1), rd.Normal(2, 1)]),
    "discrete": rd.Discrete([1.0, 2.5], [0.3, 0.7]),
    "categorical": rd.Categorical([0.2, 0.3, 0.5]),
    "bernoulli": rd.Bernoulli(0.25),
    "binomial": rd.Binomial(10, 0.5),
    "whole": rd.UniformInteger(2, 5),
    "poisson": rd.Poisson(3),
    "shares": rd.Dirichlet([1, 2, 3]),
    "correlated": rd.MultivariateNormal([0, 1], [[1, 0.5], [0.5, 2]]),
}


@pytest.mark.parametrize("name", EVERY)
def test_every_distribution_draws_inside_its_support(name):
    prior = rd.Prior({name: EVERY[name]})
    draws = prior.sample(500, seed=3)
    assert np.isfinite(prior.log_prob(draws.array)).all()
    for (low, high), column in zip(prior.limits, draws.array.T):
        assert low <= column.min() and column.max() <= high
    assert pickle.loads(pickle.dumps(prior)) == prior == copy.deepcopy(prior)
    assert eval(repr(EVERY[name]), vars(rd)) == EVERY[name]


def test_densities_are_those_of_the_formulas():
    prior = rd.Prior(mu=rd.Normal(1, 2), tau=rd.Exponential(3))
    theta = np.array([[0.5, 0.2], [3.0, 1.0]])
    normal = -0.5 * ((theta[:, 0] - 1) / 2) ** 2 - np.log(2 * np.sqrt(2 * np.pi))
    expected = normal + np.log(3) - 3 * theta[:, 1]
    np.testing.assert_allclose(prior.log_prob(theta), expected, rtol=1e-12)
    assert prior.log_prob({"tau": 0.2, "mu": 0.5}) == pytest.approx(expected[0])
    assert prior.log_prob([0.5, -1.0]) == -np.inf


def test_an_argument_may_be_an_earlier_parameter():
    draws = rd.Prior(tau=rd.HalfNormal(1), delay=rd.Uniform(0, "tau")).sample(1000)
    assert (draws["delay"] <= draws["tau"]).all()


def test_blocks_have_one_column_each():
    assert rd.Prior(w=rd.Dirichlet([1, 1, 1])).names == ["w_1", "w_2", "w_3"]


def test_the_first_draws_of_a_longer_table_are_the_same():
    prior = rd.Prior(a=rd.Normal(0, 1))
    np.testing.assert_array_equal(prior.sample(10).array, prior.sample(100).array[:10])
    assert prior.sample(10, seed=2) != prior.sample(10, seed=3)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: rd.Prior(), "at least one"),
        (lambda: rd.Prior(mu=3.0), "parameters.mu"),
        (lambda: rd.Prior(mu=rd.Uniform(2, 1)), "parameters.mu"),
        (lambda: rd.Prior(mu=rd.Normal(0, -1)), "parameters.mu.sd"),
        (lambda: rd.Prior({"mu": {"prior": "unifrm"}}), "Did you mean `uniform`"),
        (lambda: rd.Prior({"mu": {"prior": "uniform", "low": 0}}), "high"),
        (lambda: rd.Prior([rd.Uniform(0, 1)]), "as keywords"),
        (lambda: rd.Prior(mu=rd.Uniform(object(), 1)), "parameters.mu.low"),
        (lambda: rd.Prior(mu=rd.Normal(0, 1)).sample(-1), "n: given -1"),
        (lambda: rd.Prior(mu=rd.Normal(0, 1)).log_prob([[1, 2]]), "rows of 1: mu"),
        (lambda: rd.Prior(mu=rd.Normal(0, 1)).sample(2, seed=1.5), "seed: given 1.5"),
    ],
)
def test_mistakes_are_said(make, words):
    with pytest.raises(ValueError, match=".+") as caught:
        make()
    assert words in str(caught.value)
