"""Neural likelihood and ratio estimation, at the bars of sbi's own tests."""

import pytest
from problem import LinearGaussian, assert_map, assert_same, module, torch

inference = module("inference")
utils = module("utils")

CHAINS = {"method": "slice_np_vectorized", "thin": 2, "warmup_steps": 50, "num_chains": 20}


def trained(cls, problem, n, **train):
    trainer = cls(problem.prior, show_progress_bars=False)
    trainer.append_simulations(*problem.simulations(n)).train(**train)
    return trainer


def chains(trainer):
    parameters = module("inference.posteriors.posterior_parameters").MCMCPosteriorParameters(**CHAINS)
    return trainer.build_posterior(posterior_parameters=parameters)


@pytest.mark.parametrize("name", ["NLE", "NRE_B", "NRE_C"])
def test_different_dimensions(name):
    """snle, sre different_dims: three parameters, two data"""
    problem = LinearGaussian(3)
    theta, x = problem.simulations(2100)
    trainer = getattr(inference, name)(problem.prior, show_progress_bars=False)
    trainer.append_simulations(theta, x[:, :2]).train()
    draws = chains(trainer).sample((1000,), x=torch.zeros(1, 2), show_progress_bars=False)
    exact = problem.exact()
    exact[:, 2] = torch.randn(1000)
    assert_same(draws, exact)


@pytest.mark.parametrize("dim, prior", [(1, "gaussian"), (2, "gaussian"), (2, "uniform")])
def test_nle(dim, prior):
    """c2st_and_map_snle: C2ST, maximum, nothing outside a uniform prior"""
    problem = LinearGaussian(dim, prior)
    posterior = chains(trained(inference.NLE, problem, 3000))
    draws = posterior.sample((1000,), x=problem.x_o, show_progress_bars=False)
    assert_same(draws, problem.exact())
    if prior == "gaussian":
        assert_map(problem, posterior)
    else:
        outside = torch.tensor([[2.5, 0.0]])
        assert torch.isinf(posterior.potential(outside, x=problem.x_o)).all()
        assert (draws.abs() <= 2).all()


@pytest.mark.parametrize("n_trials", [1, 3])
def test_nle_in_rounds(n_trials):
    """multi_round_nle[mcmc]: two rounds, one and three trials"""
    problem = LinearGaussian(2)
    trainer = inference.NLE(problem.prior, show_progress_bars=False)
    proposal = problem.prior
    for _ in range(2):
        trainer.append_simulations(*problem.simulations(600 * n_trials, proposal)).train()
        posterior = chains(trainer).set_default_x(problem.trials(n_trials))
        draws = posterior.sample((1000,), show_progress_bars=False)
        proposal = _Draws(draws)
    assert_same(draws, problem.exact(n_trials=n_trials))


class _Draws:
    """Draws that stand for the posterior they come from."""

    def __init__(self, draws):
        self.draws = draws

    def sample(self, shape):
        return self.draws[torch.randint(len(self.draws), shape)]


@pytest.mark.parametrize("name", ["NRE_A", "NRE_B", "NRE_C", "BNRE"])
@pytest.mark.parametrize("prior", ["gaussian", "uniform"])
def test_nre_with_trials(name, prior):
    """nre_variants_multiple_trials: C2ST for three trials of every ratio, and the maximum"""
    problem = LinearGaussian(2, prior, variance=0.8)
    more = {"regularization_strength": 20.0} if name == "BNRE" else {}
    posterior = chains(trained(getattr(inference, name), problem, 2000, **more))
    draws = posterior.sample((1000,), x=problem.trials(3), show_progress_bars=False)
    assert_same(draws, problem.exact(n_trials=3))
    if prior == "gaussian":
        assert_map(problem, posterior)


@pytest.mark.parametrize("sample_with", ["rejection", "importance"])
def test_nle_samplers(sample_with):
    """snle api (sample_with): rejection and importance sampling agree with the exact posterior"""
    problem = LinearGaussian(2, "uniform")
    posterior = trained(inference.NLE, problem, 2000).build_posterior(sample_with=sample_with)
    draws = posterior.sample((1000,), x=problem.x_o, show_progress_bars=False)
    assert_same(draws, problem.exact())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["NLE", "NRE"])
def test_variational(name):
    """snle, snr (vi): C2ST of variational inference"""
    problem = LinearGaussian(2)
    posterior = trained(getattr(inference, name), problem, 2000).build_posterior(sample_with="vi")
    posterior.set_default_x(problem.x_o)
    posterior.train()
    assert_same(posterior.sample((1000,)), problem.exact())


def test_mixture_likelihood():
    """mdn_inference (NLE): C2ST of a mixture density network"""
    problem = LinearGaussian(2)
    trainer = inference.NLE(problem.prior, density_estimator="mdn", show_progress_bars=False)
    trainer.append_simulations(*problem.simulations(2000)).train()
    draws = chains(trainer).sample((1000,), x=problem.x_o, show_progress_bars=False)
    assert_same(draws, problem.exact())


def test_potential_of_a_likelihood():
    """potential tests: the potential is log-likelihood plus log-prior, and −∞ outside"""
    problem = LinearGaussian(2, "uniform")
    trainer = inference.NLE(problem.prior, show_progress_bars=False)
    estimator = trainer.append_simulations(*problem.simulations(2000)).train()
    potential, _ = inference.likelihood_estimator_based_potential(estimator, problem.prior, problem.x_o)
    theta = torch.tensor([[0.5, 0.5], [1.5, 1.0], [3.0, 0.0]])
    values = potential(theta)
    exact = torch.distributions.Normal(theta - 1, 0.3**0.5).log_prob(torch.zeros(3, 2)).sum(dim=1)
    assert torch.isinf(values[2])
    assert abs(float((values - exact)[0] - (values - exact)[1])) < 0.3


@pytest.mark.parametrize("conditional", [True, False])
def test_chains_on_a_potential_of_ones_own(conditional):
    """mcmc_test: a sampler on a density that somebody wrote, with data and without"""
    prior = utils.BoxUniform(-5 * torch.ones(2), 5 * torch.ones(2))
    covariance = 0.3 * torch.eye(2)

    def of_data(theta, data):
        return torch.distributions.MultivariateNormal(data, covariance).log_prob(theta)

    def alone(theta):
        return of_data(theta, torch.ones(2))

    given = {"potential_fn": of_data, "x": torch.ones(1, 2)} if conditional else {"potential_fn": alone}
    posterior = module("inference.posteriors.mcmc_posterior").build_from_potential(prior=prior, **given)
    draws = posterior.sample((1000,), thin=2, warmup_steps=50, show_progress_bars=False)
    assert_same(draws, torch.distributions.MultivariateNormal(torch.ones(2), covariance).sample((1000,)))


def test_batched_chains():
    """sample_batched of MCMC: chains for each of three observations, in the right places"""
    problem = LinearGaussian(2)
    posterior = chains(trained(inference.NLE, problem, 2000))
    xs = torch.tensor([[0.0, 0.0], [1.0, -1.0], [-0.5, 0.5]])
    draws = posterior.sample_batched((200,), x=xs, show_progress_bars=False)
    assert draws.shape == (200, 3, 2)
    mean = (xs + 1) / 1.3
    assert (draws.mean(dim=0) - mean).abs().max() < 0.3


@pytest.mark.parametrize("n_trials", [5])
def test_mixed_data(n_trials):
    """mnle_accuracy: choices and times, against the exact likelihood on a grid"""
    prior = utils.BoxUniform(torch.tensor([0.1, 0.5]), torch.tensor([0.9, 2.0]))

    def simulate(theta):
        choice = torch.bernoulli(theta[:, :1])
        time = theta[:, 1:] + 0.3 * choice + 0.3 * torch.randn(len(theta), 1)
        return torch.cat([time, choice], dim=1)

    theta = prior.sample((4000,))
    trainer = inference.MNLE(prior, show_progress_bars=False)
    trainer.append_simulations(theta, simulate(theta)).train()
    x_o = simulate(torch.tensor([[0.6, 1.2]]).repeat(n_trials, 1))
    draws = chains(trainer).sample((1000,), x=x_o, show_progress_bars=False)
    grid = torch.cartesian_prod(torch.linspace(0.1, 0.9, 200), torch.linspace(0.5, 2.0, 200))
    times, choices = x_o[:, 0], x_o[:, 1]
    log_like = (
        torch.distributions.Bernoulli(grid[:, :1]).log_prob(choices)
        + torch.distributions.Normal(grid[:, 1:] + 0.3 * choices, 0.3).log_prob(times)
    ).sum(dim=1)
    chosen = torch.multinomial((log_like - log_like.max()).exp(), 1000, replacement=True)
    exact = grid[chosen] + (torch.rand(1000, 2) - 0.5) * torch.tensor([0.8 / 199, 1.5 / 199])
    assert_same(draws, exact)
