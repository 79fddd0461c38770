"""What sbi's own documentation shows first, with only the import line changed."""

from problem import module, torch


def test_quick_start():
    """quick start: simulate, train, sample, plot"""
    # from sbi.inference import NPE
    NPE = module("inference").NPE
    BoxUniform = module("utils").BoxUniform

    num_dims = 3
    num_sims = 1000
    prior = BoxUniform(low=torch.zeros(num_dims), high=torch.ones(num_dims))

    def simulator(mu):
        return mu + torch.randn_like(mu) * 0.1

    x_o = torch.tensor([0.5, 0.5, 0.5])

    theta = prior.sample((num_sims,))
    x = simulator(theta)

    inference = NPE(prior)
    inference.append_simulations(theta, x)
    inference.train()
    posterior = inference.build_posterior()
    samples = posterior.sample((1000,), x=x_o)

    assert samples.shape == (1000, 3) and samples.dtype == torch.float32
    assert (samples.mean(dim=0) - 0.5).abs().max() < 0.05
    assert (samples.std(dim=0) - 0.1).abs().max() < 0.04


def test_getting_started():
    """00_getting_started: check the simulator, simulate_for_sbi, train, pairplot, log_prob"""
    NPE, simulate_for_sbi = module("inference").NPE, module("inference").simulate_for_sbi
    BoxUniform = module("utils").BoxUniform
    checks = module("utils.user_input_checks")
    analysis = module("analysis")

    num_dim = 3
    prior = BoxUniform(low=-2 * torch.ones(num_dim), high=2 * torch.ones(num_dim))

    def simulator(theta):
        return theta + 1.0 + torch.randn_like(theta) * 0.1

    prior, num_parameters, prior_returns_numpy = checks.process_prior(prior)
    simulator = checks.process_simulator(simulator, prior, prior_returns_numpy)
    checks.check_sbi_inputs(simulator, prior)

    inference = NPE(prior=prior)
    theta, x = simulate_for_sbi(simulator, proposal=prior, num_simulations=1500)
    assert theta.shape == (1500, num_parameters) and x.shape == (1500, 3)
    inference = inference.append_simulations(theta, x)
    density_estimator = inference.train()
    posterior = inference.build_posterior(density_estimator)

    theta_true = prior.sample((1,))
    x_obs = simulator(theta_true)
    samples = posterior.sample((2000,), x=x_obs)
    figure = analysis.pairplot(
        samples, points=theta_true, limits=[[-2, 2], [-2, 2], [-2, 2]], figsize=(6, 6), labels=[r"$\theta_1$", r"$\theta_2$", r"$\theta_3$"]
    )  # fmt: skip
    assert len(figure) == 2

    theta_different = theta_true * 0.5 + 0.6
    log_probability_true_theta = posterior.log_prob(theta_true, x=x_obs)
    log_probability_different_theta = posterior.log_prob(theta_different, x=x_obs)
    assert log_probability_true_theta[0] > log_probability_different_theta[0]
    assert (samples.mean(dim=0) - theta_true[0]).abs().max() < 0.3


def test_amortized_inference():
    """01_gaussian_amortized: one training, several observations"""
    NPE, simulate_for_sbi = module("inference").NPE, module("inference").simulate_for_sbi
    BoxUniform = module("utils").BoxUniform

    prior = BoxUniform(low=-2 * torch.ones(3), high=2 * torch.ones(3))

    def linear_gaussian(theta):
        return theta + 1.0 + torch.randn_like(theta) * 0.1

    inference = NPE(prior)
    theta, x = simulate_for_sbi(linear_gaussian, prior, 1500, simulation_batch_size=100)
    inference.append_simulations(theta, x).train()
    posterior = inference.build_posterior()
    for value in (0.5, 1.5):
        x_o = value * torch.ones(1, 3)
        samples = posterior.sample((1000,), x=x_o)
        assert (samples.mean(dim=0) - (value - 1)).abs().max() < 0.1


def test_one_line():
    """the one-line interface: infer(simulator, prior, 'npe', n)"""
    infer = module("inference").infer
    prior = torch.distributions.MultivariateNormal(torch.zeros(3), torch.eye(3))
    simulator = module("simulators.linear_gaussian").diagonal_linear_gaussian
    posterior = infer(simulator, prior, "NPE", num_simulations=800)
    samples = posterior.sample((1000,), x=torch.ones(1, 3))
    assert samples.shape == (1000, 3)
    assert (samples.mean(dim=0) - 0.5).abs().max() < 0.25


def test_sequential_inference():
    """02_multiround_inference: rounds with a likelihood, aimed at one observation"""
    NLE, simulate_for_sbi = module("inference").NLE, module("inference").simulate_for_sbi
    BoxUniform = module("utils").BoxUniform
    prior = BoxUniform(low=-2 * torch.ones(2), high=2 * torch.ones(2))

    def simulator(theta):
        return theta + 0.2 * torch.randn_like(theta)

    x_o = torch.zeros(1, 2)
    inference = NLE(prior)
    proposal = prior
    for _ in range(2):
        theta, x = simulate_for_sbi(simulator, proposal, 300, simulation_batch_size=300)
        _ = inference.append_simulations(theta, x).train()
        posterior = inference.build_posterior(
            mcmc_method="slice_np_vectorized", mcmc_parameters={"num_chains": 20, "thin": 1, "warmup_steps": 50}
        ).set_default_x(x_o)
        proposal = posterior
    samples = posterior.sample((500,), x=x_o)
    assert samples.mean(dim=0).abs().max() < 0.1
    assert (samples.std(dim=0) - 0.2).abs().max() < 0.06


def test_plots():
    """plots: pairplot, marginal_plot, sbc_rank_plot, plot_tarp, conditional_pairplot give figures"""
    import matplotlib

    matplotlib.use("Agg")
    analysis = module("analysis")
    samples = torch.randn(300, 2)
    limits = torch.tensor([[-3.0, 3.0], [-3.0, 3.0]])
    density = torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))
    ranks = torch.randint(0, 100, (200, 2)).float()
    level = torch.linspace(0, 1, 21)
    for fig, axes in (
        analysis.pairplot(samples, points=torch.zeros(1, 2), limits=limits, upper="contour", diag="kde"),
        analysis.marginal_plot([samples, samples + 1], limits=limits),
        analysis.conditional_pairplot(density, condition=torch.zeros(2), limits=limits, resolution=20),
        analysis.sbc_rank_plot(ranks, 100, plot_type="cdf"),
        analysis.sbc_rank_plot(ranks, 100, plot_type="hist"),
        analysis.plot_tarp(level, level),
    ):
        assert hasattr(fig, "savefig")
        matplotlib.pyplot.close(fig)
