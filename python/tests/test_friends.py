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
    assert len(arviz.summary(data)) == 2


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
