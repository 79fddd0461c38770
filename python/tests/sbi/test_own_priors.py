"""Priors of the user's own, and rounds with proposals of any kind, without torch and with it."""

import pickle

import numpy as np
import pytest

from retrodict.sbi.inference import NLE, NPE, NPE_B, simulate_for_sbi
from retrodict.sbi.neural_nets import posterior_nn
from retrodict.sbi.utils import BoxUniform, MultipleIndependent, process_prior

NOISE = 0.3


class OwnPrior:
    """N(0, I) cut off outside a circle of radius two, with NumPy alone."""

    def sample(self, sample_shape=()):
        n = int(np.prod(sample_shape))
        draws = np.random.normal(size=(4 * n + 20, 2))
        return draws[np.linalg.norm(draws, axis=1) < 2][:n].reshape(*sample_shape, 2)

    def log_prob(self, theta):
        inside = np.linalg.norm(theta, axis=-1) < 2
        normal = -0.5 * (theta**2).sum(axis=-1) - np.log(2 * np.pi) - np.log(1 - np.exp(-2))
        return np.where(inside, normal, -np.inf)


def simulator(theta):
    return theta + NOISE * np.random.normal(size=theta.shape)


def exact(x_o, n=4000):
    """Draws of the posterior by rejection."""
    precision = 1 + 1 / NOISE**2
    draws = np.asarray(x_o) / NOISE**2 / precision + precision**-0.5 * np.random.normal(size=(20 * n, 2))
    return draws[np.linalg.norm(draws, axis=1) < 2][:n]


def assert_close(draws, x_o, sds=0.25):
    expected = exact(x_o)
    assert np.abs((draws.mean(axis=0) - expected.mean(axis=0)) / expected.std(axis=0)).max() < sds
    assert np.abs(draws.std(axis=0) / expected.std(axis=0) - 1).max() < sds


@pytest.mark.parametrize("x_o", [[0.5, -0.5], [1.9, 0.6]])
def test_a_class_with_draws_and_densities_is_a_prior(x_o):
    prior, number, numpy = process_prior(OwnPrior())
    assert number == 2 and numpy
    theta, x = simulate_for_sbi(simulator, prior, 2000, simulation_batch_size=2000)
    trainer = NPE(OwnPrior(), show_progress_bars=False)
    trainer.append_simulations(theta, x).train()
    posterior = trainer.build_posterior().set_default_x(x_o)
    draws = posterior.sample((2000,))
    # Never outside, though the networks know of no circle.
    assert np.linalg.norm(draws, axis=1).max() < 2
    assert_close(draws, x_o)
    assert posterior.log_prob([[2.0, 2.0]]) == -np.inf
    assert np.array_equal(pickle.loads(pickle.dumps(posterior)).log_prob(draws[:5]), posterior.log_prob(draws[:5]))


def test_a_sampler_asks_it_for_densities():
    theta, x = simulate_for_sbi(simulator, process_prior(OwnPrior())[0], 1500, simulation_batch_size=1500)
    trainer = NLE(OwnPrior(), show_progress_bars=False)
    trainer.append_simulations(theta, x).train(max_num_epochs=20)
    posterior = trainer.build_posterior(mcmc_parameters={"num_chains": 4, "warmup_steps": 50, "thin": 1})
    draws = posterior.sample((800,), x=[1.9, 0.6])
    assert np.linalg.norm(draws, axis=1).max() < 2
    assert_close(draws, [1.9, 0.6], sds=0.4)


def test_bounds_can_be_said():
    class Box:
        def sample(self, sample_shape=()):
            return np.random.uniform(size=(*sample_shape, 3))

        def log_prob(self, theta):
            return np.zeros(len(theta))

    known, number, _ = process_prior(
        Box(), custom_prior_wrapper_kwargs={"lower_bound": np.zeros(3), "upper_bound": np.ones(3)}
    )
    assert number == 3 and known.native.limits == [(0.0, 1.0)] * 3
    joint = MultipleIndependent([Box(), BoxUniform([-1.0], [1.0])])
    assert joint.sample((5,)).shape == (5, 4) and np.isfinite(joint.log_prob(joint.sample((5,)))).all()


def test_scipy_where_there_is_no_counterpart():
    stats = pytest.importorskip("scipy.stats")
    known, number, _ = process_prior(stats.gamma(2.0, loc=1.0))
    assert number == 1 and known.native.limits[0][0] == 1.0
    draws = known.sample((500,))
    assert draws.min() > 1 and abs(draws.mean() - 3) < 0.4


def rounds(cls, proposal_of, **train):
    prior = BoxUniform(-2 * np.ones(2), 2 * np.ones(2))
    small = posterior_nn("nsf", hidden_features=24, num_transforms=2)
    trainer, proposal = cls(prior, density_estimator=small, show_progress_bars=False), prior
    for _ in range(2):
        theta = proposal.sample((800,))
        trainer.append_simulations(theta, simulator(theta), proposal=proposal).train(**train)
        posterior = trainer.build_posterior().set_default_x([1.0, -0.4])
        proposal = proposal_of(posterior)
    return posterior


@pytest.mark.parametrize("cls", [NPE, NPE_B])
def test_proposals_that_are_posteriors_are_corrected_for(cls):
    draws = rounds(cls, lambda posterior: posterior, max_num_epochs=30).sample((4000,))
    # Uncorrected, sds would be those of two likelihoods: 0.71 of the right ones.
    assert np.abs((draws.mean(axis=0) - [1.0, -0.4]) / NOISE).max() < 0.25
    assert np.abs(draws.std(axis=0) / NOISE - 1).max() < 0.2


def test_any_distribution_is_a_proposal():
    class Near:
        def sample(self, sample_shape=()):
            return np.array([0.6, -0.5]) + 0.25 * np.random.normal(size=(*sample_shape, 2))

        def log_prob(self, theta):
            raise AssertionError("the atomic loss needs no density of the proposal")

    draws = rounds(NPE, lambda posterior: Near(), num_atoms=8, max_num_epochs=30).sample((4000,))
    assert np.abs((draws.mean(axis=0) - [1.0, -0.4]) / NOISE).max() < 0.3
    with pytest.raises(ValueError, match="no default_x"):
        rounds(NPE_B, lambda posterior: BoxUniform([0.5, -1.0], [1.5, 0.0]), max_num_epochs=2)


def test_priors_of_torch_without_a_counterpart():
    torch = pytest.importorskip("torch")
    from torch.distributions import Normal, TransformedDistribution, transforms

    class Own:
        def sample(self, sample_shape=()):
            return torch.randn(*sample_shape, 2)

        def log_prob(self, theta):
            return Normal(0.0, 1.0).log_prob(theta).sum(dim=-1)

    known, number, numpy = process_prior(Own())
    assert number == 2 and not numpy and known.sample((3,)).dtype == torch.float32
    torch.manual_seed(1)
    first = known.sample((4,))
    torch.manual_seed(1)
    assert torch.equal(first, known.sample((4,)))
    squashed = torch.distributions.Independent(
        TransformedDistribution(Normal(torch.zeros(2), torch.ones(2)), [transforms.SigmoidTransform()]), 1
    )
    _, number, _ = process_prior(squashed)
    theta, x = simulate_for_sbi(lambda t: t + 0.1 * torch.randn_like(t), squashed, 1000)
    trainer = NPE(squashed, show_progress_bars=False)
    trainer.append_simulations(theta, x).train(max_num_epochs=20)
    draws = trainer.build_posterior().sample((1000,), x=torch.tensor([0.3, 0.9]))
    assert number == 2 and draws.dtype == torch.float32
    assert ((draws > 0) & (draws < 1)).all() and abs(float(draws[:, 0].mean()) - 0.3) < 0.1
