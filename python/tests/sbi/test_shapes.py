"""Shapes, types and defaults, as in sbi's own tests of its interface."""

import pickle

import pytest
from problem import LinearGaussian, module, torch

inference = module("inference")
utils = module("utils")


@pytest.fixture(scope="module")
def posteriors():
    torch.manual_seed(1)
    problem = LinearGaussian(2, "uniform")
    theta, x = problem.simulations(500)
    found = {}
    for name in ("NPE", "NLE", "FMPE"):
        trainer = getattr(inference, name)(problem.prior, show_progress_bars=False)
        trainer.append_simulations(theta, x).train(max_num_epochs=5)
        found[name] = trainer.build_posterior()
    return found


@pytest.mark.parametrize("name", ["NPE", "NLE", "FMPE"])
@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3)])
def test_sample_shapes(posteriors, name, shape):
    """posterior shapes: (*sample_shape, parameters), float32"""
    draws = posteriors[name].sample(shape, x=torch.zeros(1, 2), show_progress_bars=False)
    assert draws.shape == (*shape, 2)
    assert draws.dtype == torch.float32


@pytest.mark.parametrize("x_shape", [(2,), (1, 2)])
def test_observation_shapes(posteriors, x_shape):
    """x shapes: with and without an axis of one row"""
    posterior = posteriors["NPE"]
    assert posterior.sample((4,), x=torch.zeros(x_shape), show_progress_bars=False).shape == (4, 2)
    assert posterior.log_prob(torch.zeros(3, 2), x=torch.zeros(x_shape)).shape == (3,)


@pytest.mark.parametrize("name", ["NPE", "FMPE"])
def test_batched_shapes(posteriors, name):
    """batched sampling: (*sample_shape, observations, parameters)"""
    xs = torch.tensor([[0.0, 0.0], [0.5, -0.5], [0.1, 0.2]])
    draws = posteriors[name].sample_batched((7,), x=xs, show_progress_bars=False)
    assert draws.shape == (7, 3, 2)


def test_batched_densities(posteriors):
    """log_prob_batched: (draws, observations), the same as one by one"""
    posterior = posteriors["NPE"]
    xs = torch.tensor([[0.0, 0.0], [0.5, -0.5], [0.1, 0.2]])
    theta = posterior.sample_batched((4,), x=xs, show_progress_bars=False)
    values = posterior.log_prob_batched(theta, x=xs, norm_posterior=False)
    assert values.shape == (4, 3)
    one = posterior.log_prob(theta[:, 1], x=xs[1:2], norm_posterior=False)
    assert torch.allclose(values[:, 1], one, atol=1e-4)


def test_default_observation(posteriors):
    """set_default_x: returns the posterior; without one there is an error"""
    posterior = pickle.loads(pickle.dumps(posteriors["NPE"]))
    with pytest.raises(ValueError):
        posterior.sample((3,))
    assert posterior.set_default_x(torch.zeros(1, 2)) is posterior
    assert posterior.default_x.shape == (1, 2)
    assert posterior.sample((3,), show_progress_bars=False).shape == (3, 2)
    assert posterior.map(show_progress_bars=False).shape == (1, 2)


@pytest.mark.parametrize("name", ["NPE", "NLE", "FMPE"])
def test_pickle(posteriors, name):
    """save and load: the same densities after pickling"""
    posterior = posteriors[name]
    again = pickle.loads(pickle.dumps(posterior))
    theta, x = torch.tensor([[0.5, 0.5], [1.0, 0.0]]), torch.zeros(1, 2)
    first, second = posterior.potential(theta, x=x), again.potential(theta, x=x)
    assert torch.allclose(first, second, atol=1e-5)


def test_the_seed_of_torch_repeats_draws(posteriors):
    """reproducibility: torch.manual_seed repeats draws, and without it they differ"""
    posterior = posteriors["NPE"]
    x = torch.zeros(1, 2)
    torch.manual_seed(3)
    first = posterior.sample((5,), x=x, show_progress_bars=False)
    other = posterior.sample((5,), x=x, show_progress_bars=False)
    torch.manual_seed(3)
    again = posterior.sample((5,), x=x, show_progress_bars=False)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_summary():
    """summary: losses of every epoch"""
    problem = LinearGaussian(2)
    trainer = inference.NPE(problem.prior, show_progress_bars=False)
    trainer.append_simulations(*problem.simulations(500)).train(max_num_epochs=5)
    assert 1 <= trainer.summary["epochs_trained"][-1] <= 7
    assert len(trainer.summary["training_loss"]) >= 1
    assert len(trainer.summary["validation_loss"]) >= 1
    assert isinstance(trainer.summary["best_validation_loss"][-1], float)


def test_simulations_come_back():
    """get_simulations: parameters, data, and which come from the prior"""
    problem = LinearGaussian(2)
    theta, x = problem.simulations(50)
    trainer = inference.NPE(problem.prior, show_progress_bars=False)
    assert trainer.append_simulations(theta, x) is trainer
    again, data, from_prior = trainer.get_simulations()
    assert torch.allclose(again, theta) and torch.allclose(data, x)
    assert bool(from_prior.bool().all())


@pytest.mark.parametrize("workers, size", [(1, 1), (1, 10), (1, None), (2, 10)])
def test_simulate_for_sbi(workers, size):
    """simulate_for_sbi: sizes of batches, and processes"""
    prior = utils.BoxUniform(torch.zeros(2), torch.ones(2))
    prior, _, numpy = utils.process_prior(prior)
    simulator = utils.process_simulator(double, prior, numpy)
    theta, x = inference.simulate_for_sbi(
        simulator, prior, 40, num_workers=workers, simulation_batch_size=size, seed=1, show_progress_bar=False
    )
    assert theta.shape == (40, 2) and x.shape == (40, 3)
    assert torch.allclose(x[:, :2], 2 * theta)


def double(theta):
    theta = torch.as_tensor(theta)
    return torch.cat([2 * theta, theta.sum(dim=-1, keepdim=True)], dim=-1)


@pytest.mark.parametrize(
    "prior",
    [
        torch.distributions.Uniform(torch.zeros(1), torch.ones(1)),
        torch.distributions.Gamma(torch.ones(1), torch.ones(1)),
        torch.distributions.Beta(2 * torch.ones(1), torch.ones(1)),
        torch.distributions.LogNormal(torch.zeros(1), torch.ones(1)),
        torch.distributions.Exponential(torch.ones(1)),
        torch.distributions.MultivariateNormal(torch.zeros(2), torch.tensor([[1.0, 0.5], [0.5, 1.0]])),
        torch.distributions.Independent(torch.distributions.Normal(torch.zeros(2), torch.ones(2)), 1),
        [torch.distributions.Uniform(torch.zeros(1), torch.ones(1)), torch.distributions.Normal(torch.zeros(1), torch.ones(1))],
    ],
    ids=lambda prior: type(prior).__name__,
)  # fmt: skip
def test_priors(prior):
    """process_prior: every prior gives draws of two axes and densities of one"""
    known, n_parameters, is_numpy = utils.process_prior(prior)
    draws = known.sample((10,))
    assert draws.shape == (10, n_parameters)
    assert known.log_prob(draws).shape == (10,)
    assert not is_numpy
    if not isinstance(prior, list):
        expected = prior.log_prob(draws).reshape(10, -1).sum(dim=1)
        assert torch.allclose(known.log_prob(draws), expected, atol=1e-4)


def test_positive_priors_keep_draws_positive():
    """priors with a bound: draws of a posterior stay inside"""
    prior = utils.MultipleIndependent([
        torch.distributions.Gamma(torch.tensor([2.0]), torch.tensor([1.0])),
        torch.distributions.Beta(torch.tensor([2.0]), torch.tensor([2.0])),
    ])
    theta = prior.sample((800,))
    x = theta + 0.3 * torch.randn_like(theta)
    trainer = inference.NPE(prior, show_progress_bars=False)
    trainer.append_simulations(theta, x).train(max_num_epochs=20)
    draws = trainer.build_posterior().sample((500,), x=torch.tensor([[0.1, 0.9]]), show_progress_bars=False)
    assert (draws > 0).all() and (draws[:, 1] < 1).all()
