"""Simulators that fail, ABC, and several posteriors as one, at the bars of sbi's own tests."""

import warnings

import pytest
from problem import LinearGaussian, assert_map, assert_same, kl_from_exact, module, torch

inference = module("inference")
utils = module("utils")


def with_failures(problem, n, share):
    theta, x = problem.simulations(n)
    x[torch.rand(n) < share] = float("nan")
    return theta, x


def test_failed_simulations_are_left_out(caplog):
    """inference_with_NaN nan_simulator: 5 % NaN, C2ST"""
    problem = LinearGaussian(2)
    trainer = inference.NPE_C(problem.prior, show_progress_bars=False)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        trainer.append_simulations(*with_failures(problem, 3000, 0.05))
    # sbi logs what retrodict warns of.
    said = " ".join([caplog.text, *(str(one.message) for one in said)])
    assert "NaN" in said or "not finite" in said
    trainer.train()
    assert_same(
        trainer.build_posterior().sample((1000,), x=problem.x_o, show_progress_bars=False), problem.exact()
    )


def test_a_likelihood_has_to_be_told():
    """handle_invalid_x: NLE refuses NaN unless told to leave it out"""
    problem = LinearGaussian(2)
    theta, x = with_failures(problem, 1000, 0.1)
    trainer = inference.NLE(problem.prior, show_progress_bars=False)
    with pytest.raises((ValueError, AssertionError)):
        trainer.append_simulations(theta, x)
        trainer.train()
    trainer = inference.NLE(problem.prior, show_progress_bars=False)
    trainer.append_simulations(theta, x, exclude_invalid_x=True).train()
    draws = trainer.build_posterior().sample((300,), x=problem.x_o, show_progress_bars=False)
    assert torch.isfinite(draws).all()


def test_restriction_estimator():
    """restriction_estimator: two rounds find where simulations fail, and the posterior is right"""
    problem = LinearGaussian(2, "uniform")

    def simulate(theta):
        x = problem.simulate(theta)
        x[theta[:, 0] < -1.0] = float("nan")
        return x

    restriction = utils.RestrictionEstimator(prior=problem.prior)
    proposal = problem.prior
    for _ in range(2):
        theta = proposal.sample((1000,))
        restriction.append_simulations(theta, simulate(theta))
        restriction.train()
        proposal = restriction.restrict_prior()
    theta = proposal.sample((1000,))
    assert torch.isnan(simulate(theta)).any(dim=1).float().mean() < 0.1
    every, x, _ = restriction.get_simulations()
    trainer = inference.NPE(problem.prior, show_progress_bars=False)
    kept = torch.isfinite(x).all(dim=1)
    trainer.append_simulations(every[kept], x[kept]).train()
    draws = trainer.build_posterior().sample((1000,), x=problem.x_o, show_progress_bars=False)
    assert_same(draws, problem.exact())


def test_density_of_a_restricted_prior():
    """restricted_prior_log_prob: it integrates to one, within 0.03 (0.015 in sbi, on a finer grid)"""
    prior = utils.BoxUniform(-2 * torch.ones(2), 2 * torch.ones(2))
    restricted = utils.RestrictedPrior(prior, lambda theta: theta[:, 0] > 0.5)
    axis = torch.linspace(-1.999, 1.999, 400)
    values = restricted.log_prob(torch.cartesian_prod(axis, axis))
    mass = float(values.exp().sum() * (axis[1] - axis[0]) ** 2)
    assert abs(mass - 1) < 0.03
    assert (restricted.sample((500,))[:, 0] > 0.5).all()


@pytest.mark.parametrize("dim", [1, 2])
def test_rejection_abc(dim):
    """abc_test mcabc: C2ST by a small tolerance"""
    problem = LinearGaussian(dim)
    abc = inference.MCABC(problem.simulate, problem.prior, simulation_batch_size=100_000, show_progress_bars=False)
    draws = abc(problem.x_o, 120_000, eps=0.08 * dim)
    count = min(len(draws), 1000)
    assert_same(draws[:count], problem.exact(count))


def test_rejection_abc_by_quantile_and_regression():
    """abc_test (quantile, LRA, KDE): the share that is kept, adjusted, and as a density"""
    problem = LinearGaussian(2)
    abc = inference.MCABC(problem.simulate, problem.prior, simulation_batch_size=10_000, show_progress_bars=False)
    draws = abc(problem.x_o, 10_000, quantile=0.05, lra=True)
    assert draws.shape == (500, 2)
    assert_same(draws, problem.exact(500))
    density = abc(problem.x_o, 10_000, quantile=0.02, kde=True, kde_kwargs={"bandwidth": "scott"})
    assert density.sample((10,)).shape == (10, 2)
    assert torch.isfinite(density.log_prob(torch.zeros(3, 2))).all()


def test_sequential_abc():
    """abc_test smcabc: C2ST of a thousand particles"""
    problem = LinearGaussian(2)
    abc = inference.SMCABC(problem.simulate, problem.prior, simulation_batch_size=1000, show_progress_bars=False)
    # Particles are resampled by their weights, and a forest knows those that it has seen: hence the kernels.
    density = abc(problem.x_o, 1000, 1000, 20_000, 0.5, kde=True, kde_kwargs={"bandwidth": 0.1})
    assert_same(density.sample((1000,)), problem.exact())


@pytest.mark.parametrize("name", ["NPE_C", "NLE", "NRE"])
def test_ensembles(name):
    """ensemble_test: two members, C2ST, and KL < 0.15 or the maximum"""
    problem = LinearGaussian(2)
    members = []
    for _ in range(2):
        trainer = getattr(inference, name)(problem.prior, show_progress_bars=False)
        trainer.append_simulations(*problem.simulations(2000)).train()
        members.append(trainer.build_posterior())
    posterior = inference.EnsemblePosterior(members)
    posterior.set_default_x(problem.x_o)
    assert_same(posterior.sample((1000,), show_progress_bars=False), problem.exact())
    if name == "NPE_C":
        assert kl_from_exact(problem, posterior) < 0.15
        assert_map(problem, posterior)
        assert abs(float(posterior.weights.sum()) - 1) < 1e-6
