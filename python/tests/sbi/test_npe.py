"""Neural posterior estimation on problems with known posteriors, at the bars of sbi's own tests."""

import pytest
from problem import LinearGaussian, assert_map, assert_same, kl_from_exact, module, torch

inference = module("inference")
utils = module("utils")
neural_nets = module("neural_nets")


def trained(cls, problem, n=2500, network=None, **train):
    arguments = {} if network is None else {"density_estimator": network}
    trainer = cls(problem.prior, show_progress_bars=False, **arguments)
    trainer.append_simulations(*problem.simulations(n)).train(training_batch_size=100, **train)
    return trainer


@pytest.mark.parametrize("dim, prior", [(2, "gaussian"), (2, "uniform"), (1, "gaussian")])
@pytest.mark.parametrize("name", ["NPE_A", "NPE_C"])
def test_linear_gaussian(name, dim, prior):
    """c2st_npe_on_linearGaussian: C2ST, and with a normal prior KL < 0.15 and the maximum"""
    problem = LinearGaussian(dim, prior)
    posterior = trained(getattr(inference, name), problem).build_posterior()
    draws = posterior.sample((1000,), x=problem.x_o, show_progress_bars=False)
    assert_same(draws, problem.exact())
    if prior == "gaussian":
        assert kl_from_exact(problem, posterior) < 0.15
        assert_map(problem, posterior)
    else:
        outside = torch.tensor([[2.5, 0.0], [0.0, -3.0]])
        assert torch.isinf(posterior.log_prob(outside, x=problem.x_o)).all()
        assert (draws.abs() <= 2).all()


@pytest.mark.parametrize("network", ["mdn", "maf", "maf_rqs", "nsf", "zuko_maf", "zuko_nsf"])
def test_density_estimators(network):
    """density_estimators_on_linearGaussian: C2ST in four dimensions, each network"""
    problem = LinearGaussian(4)
    posterior = trained(inference.NPE_C, problem, network=network).build_posterior()
    draws = posterior.sample((1000,), x=problem.x_o, show_progress_bars=False)
    assert_same(draws, problem.exact())


def test_different_dimensions_without_a_prior():
    """c2st_npe_on_linearGaussian_different_dims: three parameters, two data, no prior, training resumed"""
    problem = LinearGaussian(3)
    theta, x = problem.simulations(2000)
    trainer = inference.NPE_C(None, show_progress_bars=False)
    trainer.append_simulations(theta, x[:, :2]).train(max_num_epochs=10)
    trainer.train(resume_training=True, force_first_round_loss=True)
    posterior = trainer.build_posterior()
    draws = posterior.sample((1000,), x=torch.zeros(1, 2), show_progress_bars=False)
    exact = problem.exact()
    exact[:, 2] = torch.randn(1000)
    assert_same(draws, exact)


@pytest.mark.parametrize("prior", ["gaussian", "uniform"])
def test_density_integrates_to_one(prior):
    """c2st_npe (log_prob): the density integrates to one over the prior's support"""
    problem = LinearGaussian(2, prior)
    posterior = trained(inference.NPE_C, problem, n=1000).build_posterior()
    axis = torch.linspace(-3.9, 3.9, 200) if prior == "gaussian" else torch.linspace(-1.99, 1.99, 200)
    grid = torch.cartesian_prod(axis, axis)
    values = posterior.log_prob(grid, x=problem.x_o)
    mass = float(values.exp().sum() * (axis[1] - axis[0]) ** 2)
    assert abs(mass - 1) < 0.05


def test_leakage():
    """c2st_npe (leakage): normalised and raw density differ by the acceptance, within one per cent"""
    problem = LinearGaussian(2, "uniform")
    posterior = trained(inference.NPE_C, problem, n=1500).build_posterior().set_default_x(problem.x_o)
    theta = posterior.sample((100,), show_progress_bars=False)
    difference = posterior.log_prob(theta) - posterior.log_prob(theta, norm_posterior=False)
    acceptance = posterior.leakage_correction(x=problem.x_o)
    assert torch.allclose(difference.exp(), 1 / acceptance, rtol=0.01)


def rounds(problem, cls, sizes, proposal_of, **arguments):
    trainer = cls(problem.prior, show_progress_bars=False, **arguments)
    proposal, posterior = problem.prior, None
    for n in sizes:
        theta, x = problem.simulations(n, proposal)
        trainer.append_simulations(theta, x, proposal=proposal)
        trainer.train(**proposal_of.get("train", {}))
        posterior = trainer.build_posterior().set_default_x(problem.x_o)
        proposal = proposal_of["make"](problem, posterior)
    return posterior


@pytest.mark.parametrize(
    "name, sizes", [("NPE_A", (1000, 1000)), ("NPE_B", (500, 1000)), ("NPE_C", (900, 1000))]
)
def test_rounds(name, sizes):
    """c2st_multi_round_snpe: C2ST after two rounds with draws of the posterior"""
    problem = LinearGaussian(2)
    posterior = rounds(problem, getattr(inference, name), sizes, {"make": lambda p, q: q})
    assert_same(posterior.sample((1000,), show_progress_bars=False), problem.exact())


@pytest.mark.parametrize("sample_with", ["rejection", "sir"])
def test_truncated_rounds(sample_with):
    """c2st_multi_round_snpe[tsnpe]: C2ST after two rounds with truncated priors"""

    def truncated(problem, posterior):
        accept = utils.get_density_thresholder(
            posterior, quantile=1e-4, num_samples_to_estimate_support=50_000
        )
        more = {"posterior": posterior} if sample_with == "sir" else {}
        return utils.RestrictedPrior(problem.prior, accept, sample_with=sample_with, **more)

    problem = LinearGaussian(2)
    how = {"make": truncated, "train": {"force_first_round_loss": True}}
    posterior = rounds(problem, inference.NPE_C, (1000, 1000), how)
    assert_same(posterior.sample((1000,), show_progress_bars=False), problem.exact())


@pytest.mark.parametrize("sample_with", ["mcmc", "rejection", "importance"])
def test_samplers(sample_with):
    """snpe api (sample_with): the same posterior by every sampler"""
    problem = LinearGaussian(2, "uniform")
    posterior = trained(inference.NPE_C, problem, n=2000).build_posterior(sample_with=sample_with)
    draws = posterior.sample((1000,), x=problem.x_o, show_progress_bars=False)
    assert_same(draws, problem.exact())


def test_mixture_network():
    """mdn_inference (NPE): C2ST of a mixture density network"""
    problem = LinearGaussian(2)
    network = neural_nets.posterior_nn("mdn", num_components=5)
    posterior = trained(inference.NPE_C, problem, n=2000, network=network).build_posterior()
    assert_same(posterior.sample((1000,), x=problem.x_o, show_progress_bars=False), problem.exact())


def test_one_number():
    """posterior_nn (one dimension): a spline flow of one parameter"""
    problem = LinearGaussian(1, "uniform")
    posterior = trained(inference.NPE_C, problem, n=2000, network="nsf").build_posterior()
    assert_same(posterior.sample((1000,), x=problem.x_o, show_progress_bars=False), problem.exact())


def test_data_of_several_axes():
    """posterior_nn_test: data of shape (3, 2) are flattened by their network"""
    prior = utils.BoxUniform(-2 * torch.ones(2), 2 * torch.ones(2))
    theta = prior.sample((2000,))
    x = theta[:, None, :].repeat(1, 3, 1) + 0.5 * torch.randn(2000, 3, 2)
    # sbi asks a network for its first weight, so it must have one.
    flatten = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(6, 6)).requires_grad_(False)
    trainer = inference.NPE(
        prior,
        density_estimator=neural_nets.posterior_nn("maf", embedding_net=flatten),
        show_progress_bars=False,
    )
    trainer.append_simulations(theta, x).train()
    draws = trainer.build_posterior().sample((1000,), x=torch.zeros(1, 3, 2), show_progress_bars=False)
    exact = (0.25 / 3) ** 0.5 * torch.randn(1000, 2)
    assert_same(draws, exact)


def test_scale_equivariance():
    """scale_equivariance_test: rescaled parameters have the same correlation, within 0.3"""
    found = []
    for scale in (1.0, 1000.0):
        torch.manual_seed(3)
        base = torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))
        theta = base.sample((1500,))
        x = theta.sum(dim=1, keepdim=True) + 0.2 * torch.randn(1500, 1)
        units = torch.tensor([1.0, scale])
        prior = torch.distributions.MultivariateNormal(torch.zeros(2), torch.diag(units**2))
        trainer = inference.NPE(prior, show_progress_bars=False)
        trainer.append_simulations(theta * units, x).train()
        draws = trainer.build_posterior().sample((2000,), x=torch.zeros(1, 1), show_progress_bars=False)
        found.append(float(torch.corrcoef(draws.T)[0, 1]))
    assert abs(found[0] - found[1]) < 0.3
    assert max(found) < -0.7


def test_mixed_parameters():
    """mnpe_accuracy: a continuous and a discrete parameter, against exact probabilities"""
    prior = utils.MultipleIndependent([
        torch.distributions.Uniform(-2 * torch.ones(1), 2 * torch.ones(1)),
        torch.distributions.Bernoulli(0.5 * torch.ones(1)),
    ], validate_args=False)  # fmt: skip
    theta = prior.sample((2000,))
    x = theta[:, :1] + theta[:, 1:] + 0.5 * torch.randn(2000, 1)
    trainer = inference.MNPE(prior, show_progress_bars=False)
    trainer.append_simulations(theta, x).train()
    draws = trainer.build_posterior().sample((2000,), x=torch.tensor([[2.0]]), show_progress_bars=False)
    normal = torch.distributions.Normal(0.0, 1.0)
    # x = 2: without the unit θ lies about 2, at the edge, with it about 1.
    zero = normal.cdf(torch.tensor(0.0)) - normal.cdf(torch.tensor(-8.0))
    one = normal.cdf(torch.tensor(2.0)) - normal.cdf(torch.tensor(-6.0))
    assert set(draws[:, 1].unique().tolist()) == {0.0, 1.0}
    assert abs(float(draws[:, 1].mean()) - float(one / (one + zero))) < 0.1
    assert abs(float(draws[draws[:, 1] == 1, 0].mean()) - 0.97) < 0.15
