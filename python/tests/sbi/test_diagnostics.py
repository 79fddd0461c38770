"""SBC, TARP, L-C2ST and misspecification, at the bars of sbi's own tests."""

import pytest
from problem import LinearGaussian, module, torch

diagnostics = module("diagnostics")
inference = module("inference")
analysis = module("analysis")


def posterior_of(problem, n=2500):
    trainer = inference.NPE(problem.prior, show_progress_bars=False)
    trainer.append_simulations(*problem.simulations(n)).train()
    return trainer.build_posterior()


@pytest.mark.parametrize("reduce_fn", ["marginals", "coverage"])
def test_consistent_sbc(reduce_fn):
    """consistent_sbc: a right posterior passes, p > 0.05 and C2ST < 0.6"""
    problem = LinearGaussian(2)
    posterior = posterior_of(problem, 4500)
    theta, x = problem.simulations(200)
    function = "marginals"
    if reduce_fn == "coverage":
        posterior.set_default_x(problem.x_o)
        function = lambda th, data: -posterior.log_prob(th, data)  # noqa: E731
    ranks, dap = diagnostics.run_sbc(
        theta, x, posterior, num_posterior_samples=200, reduce_fns=function, show_progress_bar=False
    )
    assert ranks.shape == (200, 2 if reduce_fn == "marginals" else 1)
    checks = diagnostics.check_sbc(ranks, theta, dap, num_posterior_samples=200)
    assert set(checks) == {"ks_pvals", "c2st_ranks", "c2st_dap"}
    assert (checks["ks_pvals"] > 0.05).all()
    assert (checks["c2st_ranks"] < 0.65).all()
    assert (checks["c2st_dap"] < 0.65).all()


class Fixed:
    """A posterior that is the prior, or one moved or widened."""

    def __init__(self, prior, shift=0.0, scale=1.0):
        self.prior, self.shift, self.scale = prior, shift, scale

    def sample_batched(self, shape, x, **kwargs):
        return self.shift + self.scale * self.prior.sample((*shape, len(x)))

    def sample(self, shape, x=None, **kwargs):
        return self.shift + self.scale * self.prior.sample(shape)


def test_prior_as_posterior():
    """sbc_accuracy: data that say nothing, and the prior as the posterior"""
    problem = LinearGaussian(2)
    theta = problem.prior.sample((1000,))
    ranks, dap = diagnostics.run_sbc(
        theta, torch.randn(1000, 2), Fixed(problem.prior), num_posterior_samples=1000, show_progress_bar=False
    )
    checks = diagnostics.check_sbc(ranks, theta, dap, num_posterior_samples=1000)
    assert (checks["c2st_ranks"] < 0.55).all()
    assert (checks["c2st_dap"] < 0.55).all()


@pytest.mark.parametrize("wrong", ["shifted", "narrow"])
def test_wrong_posteriors_fail(wrong):
    """sbc_checks: a wrong posterior is found"""
    problem = LinearGaussian(2)
    theta = problem.prior.sample((500,))
    posterior = Fixed(problem.prior, 0.5, 1.0) if wrong == "shifted" else Fixed(problem.prior, 0.0, 0.5)
    ranks, dap = diagnostics.run_sbc(
        theta, torch.randn(500, 2), posterior, num_posterior_samples=200, show_progress_bar=False
    )
    checks = diagnostics.check_sbc(ranks, theta, dap, num_posterior_samples=200)
    assert (checks["ks_pvals"] < 0.05).all()


@pytest.mark.parametrize("kind, scale, sign", [("right", 1.0, 0), ("too wide", 2.0, 1), ("too narrow", 0.5, -1)])
def test_tarp(kind, scale, sign):
    """tarp_test: |ECP − α| ≤ 0.1 if right, a sum above 3 and the right sign if wrong"""
    prior = torch.distributions.MultivariateNormal(torch.zeros(5), torch.eye(5))
    theta = prior.sample((400,))
    ecp, alpha = diagnostics.run_tarp(
        theta, torch.randn(400, 2), Fixed(prior, 0.0, scale), num_posterior_samples=200, num_bins=50,
        show_progress_bar=False,
    )  # fmt: skip
    atc, _ = diagnostics.check_tarp(ecp, alpha)
    if sign == 0:
        assert (ecp - alpha).abs().max() <= 0.1
    else:
        assert float((ecp - alpha).abs().sum()) > 3
        assert float(atc) * sign > 0


def test_tarp_of_a_trained_posterior():
    """tarp_test (NPE): the area to the curve is small"""
    problem = LinearGaussian(2)
    posterior = posterior_of(problem, 2000)
    theta, x = problem.simulations(300)
    ecp, alpha = diagnostics.run_tarp(
        theta, x, posterior, num_posterior_samples=200, num_bins=30, show_progress_bar=False
    )
    assert (ecp - alpha).abs().max() <= 0.1


@pytest.mark.parametrize("good", [True, False])
def test_lc2st(good):
    """lc2st true and false positives: a bad posterior is rejected, a good one is not"""
    problem = LinearGaussian(2)
    theta, x = problem.simulations(1000)
    mean, sd = (x + 1) / 1.3, (0.3 / 1.3) ** 0.5
    width = sd if good else 1.6 * sd
    draws = mean + width * torch.randn_like(mean)
    test = diagnostics.LC2ST(theta, x, draws, num_trials_null=50, seed=1)
    test.train_on_observed_data(verbosity=0)
    test.train_under_null_hypothesis(verbosity=0)
    centre, _ = problem.mean_and_sd()
    theta_o = centre + width * torch.randn(2000, 2)
    p_value = float(test.p_value(theta_o, problem.x_o))
    rejected = bool(test.reject_test(theta_o, problem.x_o, alpha=0.05))
    assert rejected is not good
    assert (p_value > 0.05) == good


@pytest.mark.parametrize("shift, found", [(0.0, False), (4.0, True)])
def test_misspecification(shift, found):
    """misspecification_test: p > 0.05 for data of the model, below for shifted ones"""
    x = torch.randn(1000, 2)
    x_o = torch.randn(1, 2) * 0.5 + shift
    p_value, (null, statistic) = diagnostics.calc_misspecification_mmd(x_obs=x_o, x=x, mode="x_space", n_shuffle=500)
    assert (float(p_value) < 0.05) == found


def test_negative_log_probability():
    """get_nltp: −log p of true parameters is on average the entropy"""
    problem = LinearGaussian(2)
    posterior = posterior_of(problem)
    theta, x = problem.simulations(50)
    values = diagnostics.get_nltp(theta, x, posterior)
    entropy = float(problem.density().entropy())
    assert values.shape[0] == 50
    assert abs(float(values.mean()) - entropy) < 0.7


def test_directions_of_change():
    """ActiveSubspace: the direction that the data decide is the last"""
    prior = torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))
    theta = prior.sample((2000,))
    x = theta[:, :1] + 0.1 * torch.randn(2000, 1)
    trainer = inference.NPE(prior, show_progress_bars=False)
    trainer.append_simulations(theta, x).train()
    posterior = trainer.build_posterior().set_default_x(torch.zeros(1, 1))
    subspace = analysis.ActiveSubspace(posterior)
    values, vectors = subspace.find_directions(posterior_log_prob_as_property=True)
    assert values[1] > values[0]
    assert abs(float(vectors[0, -1])) > 0.95
    assert subspace.project(theta[:5], num_dimensions=1).shape == (5, 1)


def test_conditional_density():
    """mdn_conditional_density: a cut through a correlated posterior has its correlation"""
    covariance = torch.tensor([[1.0, 0.8], [0.8, 1.0]])
    density = torch.distributions.MultivariateNormal(torch.zeros(2), covariance)
    limits = torch.tensor([[-3.0, 3.0], [-3.0, 3.0]])
    found = analysis.conditional_corrcoeff(density, limits, torch.zeros(1, 2), resolution=60)
    assert abs(float(found[0, 1]) - 0.8) < 0.05
