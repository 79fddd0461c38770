"""The same without torch: arrays in, arrays out, and torch is never imported."""

import subprocess
import sys

import numpy as np
import pytest

import retrodict as rd
from retrodict.sbi.inference import NLE, NPE, MCMCPosterior, simulate_for_sbi
from retrodict.sbi.utils import BoxUniform, MultipleIndependent, process_prior, process_simulator
from retrodict.sbi.utils.metrics import biased_mmd, c2st, unbiased_mmd_squared, wasserstein_2_squared

SCRIPT = """
import sys
import numpy as np
from retrodict.sbi.inference import NPE, simulate_for_sbi
from retrodict.sbi.utils import BoxUniform
from retrodict.sbi.diagnostics import run_sbc
import retrodict.sbi.analysis, retrodict.sbi.neural_nets
np.random.seed(1)
prior = BoxUniform(-2 * np.ones(2), 2 * np.ones(2))
theta, x = simulate_for_sbi(lambda t: t + 0.3 * np.random.normal(size=t.shape), prior, 800, simulation_batch_size=800)
inference = NPE(prior, show_progress_bars=False)
inference.append_simulations(theta, x).train()
posterior = inference.build_posterior()
draws = posterior.sample((500,), x=[0.5, -0.5])
assert isinstance(draws, np.ndarray) and draws.shape == (500, 2)
assert np.abs(draws.mean(axis=0) - [0.5, -0.5]).max() < 0.15
ranks, _ = run_sbc(theta[:20], x[:20], posterior, num_posterior_samples=50)
assert ranks.shape == (20, 2)
assert "torch" not in sys.modules and "matplotlib" not in sys.modules and "scipy" not in sys.modules
"""


def test_torch_is_not_imported():
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)


def test_priors_of_scipy_and_of_retrodict():
    stats = pytest.importorskip("scipy.stats")
    for prior in (
        [stats.uniform(loc=-1, scale=2), stats.norm(1, 2), stats.gamma(2.0, scale=0.5)],
        rd.Prior(a=rd.Uniform(-1, 1), b=rd.Truncated(rd.Normal(0, 1), low=0)),
        stats.multivariate_normal([0.0, 1.0], [[1.0, 0.3], [0.3, 2.0]]),
    ):
        known, n, is_numpy = process_prior(prior)
        draws = known.sample((50,))
        assert draws.shape == (50, n) and is_numpy
        assert np.isfinite(known.log_prob(draws)).all()
    values = process_prior([stats.gamma(2.0, scale=0.5)])[0].log_prob(np.array([[0.7]]))
    assert np.allclose(values, stats.gamma(2.0, scale=0.5).logpdf(0.7))


def test_box_and_blocks():
    box = BoxUniform(np.array([0.0, 1.0]), np.array([1.0, 3.0]))
    assert np.allclose(box.mean, [0.5, 2.0]) and np.allclose(box.variance, [1 / 12, 4 / 12])
    both = MultipleIndependent([box, rd.MultivariateNormal([0.0, 0.0], [[1.0, 0.5], [0.5, 1.0]])])
    assert both.sample((7,)).shape == (7, 4)
    assert np.isneginf(both.log_prob(np.array([[2.0, 2.0, 0.0, 0.0]])))[0]


def test_a_simulator_of_one_row_is_made_to_take_many():
    prior = BoxUniform(np.zeros(2), np.ones(2))
    simulator = process_simulator(lambda theta: float(theta[0] + theta[1]), prior, True)
    theta, x = simulate_for_sbi(simulator, prior, 12, simulation_batch_size=5)
    assert x.shape == (12, 1) and np.allclose(x[:, 0], theta.sum(axis=1))


def test_the_seed_of_numpy_repeats_everything():
    found = []
    for _ in range(2):
        np.random.seed(4)
        prior = BoxUniform(-np.ones(1), np.ones(1))
        theta = prior.sample((300,))
        trainer = NPE(prior, show_progress_bars=False)
        trainer.append_simulations(theta, theta**2).train(max_num_epochs=3)
        found.append(trainer.build_posterior().sample((20,), x=[0.2]))
    assert np.array_equal(*found)


def test_a_likelihood_takes_another_prior():
    prior = BoxUniform(-2 * np.ones(1), 2 * np.ones(1))
    theta = prior.sample((1500,))
    trainer = NLE(prior, show_progress_bars=False)
    trainer.append_simulations(theta, theta + 0.5 * np.random.normal(size=theta.shape)).train()
    narrow = rd.Prior(theta_1=rd.Normal(0, 0.5))
    posterior = trainer.build_posterior(prior=narrow)
    assert isinstance(posterior, MCMCPosterior)
    draws = posterior.sample((2000,), x=[1.0])
    assert abs(draws.mean() - 0.5) < 0.1 and abs(draws.std() - 0.125**0.5) < 0.06


def test_metrics():
    random = np.random.default_rng(1)
    a, b = random.normal(size=(500, 2)), random.normal(size=(500, 2))
    assert abs(float(c2st(a, b, classifier="quadratic")) - 0.5) < 0.07
    assert float(c2st(a, b + 3, classifier="quadratic")) > 0.95
    assert abs(float(unbiased_mmd_squared(a, b))) < 0.01 < float(unbiased_mmd_squared(a, b + 1))
    assert float(biased_mmd(a, b)) < float(biased_mmd(a, b + 1))
    assert abs(float(wasserstein_2_squared(a[:200], a[:200] + [2.0, 0.0])) - 4.0) < 0.3
