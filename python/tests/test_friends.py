"""Other packages, as far as they are there."""

import warnings

import numpy as np
import pytest
from linear_gaussian import exact, linear

import retrodict as rd

X_O = [0.7, -1.2]


def test_emcee_samples_a_posterior(posterior):
    emcee = pytest.importorskip("emcee")
    mean, sd = exact(X_O)
    start = mean + 0.1 * np.random.default_rng(1).normal(size=(16, 2))
    sampler = emcee.EnsembleSampler(16, 2, posterior.log_density(X_O), vectorize=True)
    sampler.run_mcmc(start, 400)
    draws = sampler.get_chain(discard=100, flat=True)
    assert np.abs((draws.mean(axis=0) - mean) / sd).max() < 0.3


def test_dynesty_samples_a_posterior(prior, posterior):
    dynesty = pytest.importorskip("dynesty")
    log_density = posterior.log_density(X_O)

    def log_likelihood(theta):
        return log_density(theta) - float(prior.log_prob(theta))

    sampler = dynesty.NestedSampler(
        log_likelihood, prior.from_unit_cube, 2, nlive=100, rstate=np.random.default_rng(1)
    )
    sampler.run_nested(dlogz=0.5, print_progress=False)
    mean, sd = exact(X_O)
    found = np.average(sampler.results.samples, axis=0, weights=sampler.results.importance_weights())
    assert np.abs((found - mean) / sd).max() < 0.5


def test_arrays_of_jax(prior, posterior):
    jnp = pytest.importorskip("jax.numpy")
    x = jnp.asarray(X_O, dtype="float32")
    np.testing.assert_array_equal(
        posterior.sample(x, 10).array, posterior.sample(np.float32(X_O), 10).array
    )
    sims = rd.simulate(prior, lambda theta: jnp.asarray(theta) * 2, 200)
    np.testing.assert_allclose(sims.x, sims.theta * 2, rtol=1e-6)


def test_pandas_rows_are_observations(posterior):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame([X_O, [0.0, 0.0]], columns=["x_1", "x_2"])
    first, second = posterior.sample(frame, 20)
    assert first == posterior.sample(frame.iloc[0], 20) == posterior.sample(X_O, 20)
    # By name, whatever the order.
    assert posterior.sample(frame[["x_2", "x_1"]].iloc[0], 20) == first
    theta = pandas.DataFrame({"b": [1.0], "a": [2.0]})
    assert posterior.log_prob(theta, X_O)[0] == posterior.log_prob([2.0, 1.0], X_O)


def test_arviz_takes_chains_and_their_statistics(prior, sims):
    arviz = pytest.importorskip("arviz")
    posterior = rd.infer(prior, sims, "classical_kde", sampler={"kind": "slice", "warmup": 50})
    samples = posterior.sample(X_O, 400)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = samples.to_arviz(prior=prior.sample(100), posterior_predictive=sims[:100])
    assert np.asarray(data["posterior"]["a"]).shape == (samples.n_chains, 400 // samples.n_chains)
    np.testing.assert_array_equal(np.asarray(data["observed_data"]["x"]), X_O)
    assert np.asarray(data["posterior_predictive"]["x"]).shape == (1, 100, 2)
    assert np.asarray(data["prior"]["b"]).shape == (1, 100)
    statistic = next(iter(samples.statistics))
    assert np.asarray(data["sample_stats"][statistic]).shape == np.asarray(data["posterior"]["a"]).shape
    # A tree for ArviZ 1, InferenceData before.
    kind = "InferenceData" if arviz.__version__.startswith("0") else "DataTree"
    assert type(data).__name__ == kind
    assert len(arviz.summary(data)) == 2


def test_importance_weights_are_statistics_of_arviz(prior, sims):
    pytest.importorskip("arviz")
    posterior = rd.infer(prior, sims, "abc_rejection", abc={"adjustment": "none"})
    samples = posterior.sample(X_O, 200)
    weighted = rd.Samples(samples.array, samples.names, log_weights=np.linspace(-1, 0, 200))
    data = weighted.to_arviz()
    np.testing.assert_array_equal(np.asarray(data["sample_stats"]["log_weight"])[0], weighted.log_weights)


def test_the_files_of_a_run_open_in_xarray(prior, sims, tmp_path):
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("zarr")
    posterior = rd.infer(prior, sims, "npe", train={"max_epochs": 3}, out=tmp_path / "run")
    report = rd.check(posterior, x_o=X_O, draws=500)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tree = xarray.open_datatree(tmp_path / "run" / "posterior" / "posterior.zarr", engine="zarr")
    found = np.asarray(tree["posterior"]["a"]).ravel()
    np.testing.assert_array_equal(found, report.samples["a"])


def test_the_files_of_a_run_open_in_arviz(prior, sims, tmp_path):
    arviz = pytest.importorskip("arviz")
    pytest.importorskip("zarr")
    posterior = rd.infer(prior, sims, "npe", train={"max_epochs": 3}, out=tmp_path / "run")
    report = rd.check(posterior, x_o=X_O, draws=500)
    path = tmp_path / "run" / "posterior" / "posterior.zarr"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if arviz.__version__.startswith("0"):
            # Its own reader wants zarr 2; this is what it says to use instead.
            xarray = pytest.importorskip("xarray")
            data = arviz.InferenceData.from_datatree(xarray.open_datatree(path, engine="zarr"))
        else:
            data = arviz.from_zarr(path)
    np.testing.assert_array_equal(np.asarray(data["posterior"]["a"]).ravel(), report.samples["a"])


def drawn(weighted=False):
    """Draws with everything that a package may ask for."""
    random = np.random.default_rng(1)
    return rd.Samples(
        np.stack([random.normal(size=4000), random.exponential(size=4000)], axis=1),
        ["mu", "tau"],
        log_weights=random.normal(size=4000) if weighted else None,
        limits=[(-np.inf, np.inf), (0.0, np.inf)],
        parameters=[("mu", r"\mu", "m"), ("tau", None, None)],
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_getdist_takes_draws_and_gives_them_back(weighted):
    pytest.importorskip("getdist")
    samples = drawn(weighted)
    chains = samples.to_getdist("ours")
    mean = np.average(samples.array, axis=0, weights=samples.weights)
    np.testing.assert_allclose(chains.getMeans()[:2], mean, rtol=1e-9)
    assert chains.parLabel("mu") == r"\mu" and chains.ranges.getLower("tau") == 0.0
    # A density with a hard end at zero, where a kernel alone would lose half.
    assert chains.get1DDensity("tau").Prob(0.05) > 0.7
    back = rd.Samples.from_getdist(chains)
    np.testing.assert_array_equal(back.array, samples.array)
    np.testing.assert_allclose(back.weights, samples.weights, rtol=1e-12)
    assert back.names == samples.names and back.limits == samples.limits
    assert [label for _, label, _ in back.parameters] == [r"\mu", None]


@pytest.mark.parametrize("weighted", [False, True])
def test_chainconsumer_takes_draws_and_gives_them_back(weighted):
    chainconsumer = pytest.importorskip("chainconsumer")
    samples = drawn(weighted)
    consumer = chainconsumer.ChainConsumer().add_chain(samples.to_chainconsumer("ours"))
    bound = consumer.analysis.get_summary()["ours"]["mu"]
    mean = np.average(samples["mu"], weights=samples.weights)
    assert abs(bound.center - mean) < 0.2
    back = rd.Samples.from_chainconsumer(consumer.get_chain("ours"))
    np.testing.assert_array_equal(back.array, samples.array)
    np.testing.assert_allclose(back.weights, samples.weights, rtol=1e-12)
    assert back.names == samples.names


def test_chains_stay_chains_in_other_packages(prior, sims):
    pytest.importorskip("getdist")
    posterior = rd.infer(prior, sims, "classical_kde", sampler={"kind": "slice", "warmup": 50})
    samples = posterior.sample(X_O, 400)
    assert samples.n_chains > 1
    back = rd.Samples.from_getdist(samples.to_getdist())
    assert back.n_chains == samples.n_chains and np.array_equal(back.array, samples.array)


def test_blackjax_samples_a_posterior(posterior):
    blackjax = pytest.importorskip("blackjax")
    import jax
    import jax.numpy as jnp

    log_density = posterior.log_density(X_O)
    kind = jax.ShapeDtypeStruct((), jnp.result_type(float))

    def traced(theta):
        return jax.pure_callback(
            lambda t: np.asarray(log_density(np.asarray(t)), kind.dtype), kind, theta, vmap_method="sequential"
        )

    mean, sd = exact(X_O)
    walk = blackjax.additive_step_random_walk(traced, blackjax.mcmc.random_walk.normal(jnp.asarray(1.2 * sd)))
    state = walk.init(jnp.asarray(mean))
    step = jax.jit(walk.step)
    draws = []
    for key in jax.random.split(jax.random.key(1), 3000):
        state, _ = step(key, state)
        draws.append(np.asarray(state.position))
    assert np.abs((np.mean(draws, axis=0) - mean) / sd).max() < 0.3


def test_pymc_samples_a_posterior(prior, posterior):
    pymc = pytest.importorskip("pymc")
    import pytensor.tensor as pt
    from pytensor.graph.op import Op

    log_density = posterior.log_density(X_O)

    class OfTheta(Op):
        itypes = (pt.dvector,)
        otypes = (pt.dscalar,)

        def perform(self, node, inputs, outputs):
            (theta,) = inputs
            outputs[0][0] = np.array(log_density(theta) - float(prior.log_prob(theta)))

    mean, sd = exact(X_O)
    with pymc.Model():
        a, b = pymc.Normal("a", 0, 1), pymc.Normal("b", 0, 2)
        pymc.Potential("posterior", OfTheta()(pt.stack([a, b])))
        data = pymc.sample(
            1500, tune=500, chains=2, cores=1, step=pymc.Metropolis(), random_seed=1, progressbar=False
        )
    found = [float(np.asarray(data.posterior[name]).mean()) for name in "ab"]
    assert np.abs((found - mean) / sd).max() < 0.3


def test_a_dask_cluster_that_loses_a_worker_gives_the_same_bits(prior):
    distributed = pytest.importorskip("distributed")
    expected = rd.simulate(prior, linear, 400, seed=5, vectorized=False)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        executor = client.get_executor()
        killed = []

        def progress(kind, stage, done, total, message):
            if done and not killed:
                killed.append(True)
                next(iter(cluster.workers.values())).process.process.kill()

        found = rd.simulate(
            prior, _slow, 400, seed=5, vectorized=False, executor=executor, progress=progress
        )
    assert killed and found == expected


def _slow(theta, rng):
    import time

    time.sleep(0.005)
    return linear(theta, rng)
