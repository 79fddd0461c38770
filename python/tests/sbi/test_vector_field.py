"""Flow matching and diffusion, at the bars of sbi's own tests."""

import pytest
from problem import LinearGaussian, assert_map, assert_same, c2st, kl_from_exact, module, torch

inference = module("inference")


def trained(kind, problem, n=2500):
    if kind == "fmpe":
        trainer = inference.FMPE(problem.prior, show_progress_bars=False)
    else:
        trainer = inference.NPSE(problem.prior, sde_type=kind, show_progress_bars=False)
    trainer.append_simulations(*problem.simulations(n)).train()
    return trainer


@pytest.mark.parametrize(
    "kind, dim, prior",
    [("fmpe", 1, "gaussian"), ("fmpe", 3, "uniform"), ("ve", 3, "gaussian"), ("vp", 3, "gaussian"), ("subvp", 1, "uniform")],
)  # fmt: skip
def test_linear_gaussian(kind, dim, prior):
    """vector_field c2st: by the flow and by the diffusion, and KL < 0.25"""
    problem = LinearGaussian(dim, prior)
    trainer = trained(kind, problem)
    for how in ("ode", "sde"):
        posterior = trainer.build_posterior(sample_with=how)
        draws = posterior.sample((1000,), x=problem.x_o, show_progress_bars=False)
        assert_same(draws, problem.exact())
    if prior == "gaussian":
        assert kl_from_exact(problem, posterior) < 0.25


@pytest.mark.parametrize("kind", ["fmpe", "ve"])
def test_different_dimensions(kind):
    """vector_field different_dims: three parameters, two data"""
    problem = LinearGaussian(3)
    theta, x = problem.simulations(2000)
    trainer = (
        inference.FMPE(problem.prior, show_progress_bars=False)
        if kind == "fmpe"
        else inference.NPSE(problem.prior, sde_type=kind, show_progress_bars=False)
    )
    trainer.append_simulations(theta, x[:, :2]).train()
    draws = trainer.build_posterior().sample((1000,), x=torch.zeros(1, 2), show_progress_bars=False)
    exact = problem.exact()
    exact[:, 2] = torch.randn(1000)
    assert_same(draws, exact)


def test_ode_and_sde_agree():
    """sde_ode_equivalence: C2ST between the two within 0.07"""
    problem = LinearGaussian(2)
    trainer = trained("vp", problem)
    first, second = (
        trainer.build_posterior(sample_with=how).sample((1000,), x=problem.x_o, show_progress_bars=False)
        for how in ("ode", "sde")
    )
    assert abs(c2st(first, second) - 0.5) < 0.07


def test_map():
    """vector_field map: a squared error below 0.5"""
    problem = LinearGaussian(2)
    assert_map(problem, trained("fmpe", problem, 2000).build_posterior())


@pytest.mark.parametrize("method", ["auto_gauss", "fnpe"])
def test_trials(method):
    """vector_field iid_inference: C2ST of five trials at most 0.85"""
    problem = LinearGaussian(2)
    posterior = trained("ve", problem, 3000).build_posterior()
    draws = posterior.sample(
        (1000,), x=problem.trials(5), iid_method=method, show_progress_bars=False
    )
    assert c2st(draws, problem.exact(n_trials=5)) < 0.85


def test_batched():
    """vector_field sample_batched: draws for each of three observations"""
    problem = LinearGaussian(2)
    posterior = trained("fmpe", problem, 2000).build_posterior()
    xs = torch.tensor([[0.0, 0.0], [1.0, -1.0], [-0.5, 0.5]])
    draws = posterior.sample_batched((300,), x=xs, show_progress_bars=False)
    assert draws.shape == (300, 3, 2)
    assert (draws.mean(dim=0) - (xs + 1) / 1.3).abs().max() < 0.3
