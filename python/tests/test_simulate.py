"""The forms of a simulator, and what becomes of each simulation."""

import os

import numpy as np
import pytest

import retrodict as rd
from retrodict.simulator import Form

PRIOR = rd.Prior(mu=rd.Normal(0, 1), sigma=rd.HalfNormal(1))


def one(theta, rng):
    mu, sigma = theta
    return mu + sigma * rng.normal(size=3)


def rows(theta, rng):
    return theta[:, :1] + theta[:, 1:] * rng.normal(size=(len(theta), 3))


def by_name(mu, sigma, rng):
    return mu + sigma * rng.normal(size=3)


def rows_by_name(mu, sigma, rng):
    return np.stack([rng.normal(mu, sigma) for _ in range(3)], axis=1)


def shared_noise(theta, rng):
    """Works on one θ; on rows it runs, and gives every row the same noise."""
    return theta + rng.normal(size=2)


def seeded(theta, seed):
    return np.random.default_rng(seed).normal(theta[0], theta[1], size=3)


def yields(theta, rng):
    for _ in range(3):
        yield rng.normal(theta[0], theta[1])


@pytest.mark.parametrize(
    ("simulator", "vectorized"),
    [
        (one, False),
        (rows, True),
        (by_name, False),
        (rows_by_name, True),
        (shared_noise, False),
        (seeded, False),
        (yields, False),
        (lambda theta: np.sin(theta), True),
        (lambda theta: theta.sum(), False),
        (lambda theta: {"a": theta[..., 0], "b": theta[..., 1] ** 2}, True),
        (lambda theta: (theta[0], theta[1]), False),
        (lambda theta: [theta[0], theta[1] + theta[0]], False),
    ],
)
def test_whether_a_simulator_is_vectorized_is_found_out(simulator, vectorized):
    form = Form(simulator, PRIOR.names)
    assert form.is_vectorized(PRIOR.sample(1).array[0], 1) is vectorized
    sims = rd.simulate(PRIOR, simulator, 200, seed=2)
    assert not sims.failures
    assert sims == rd.simulate(PRIOR, simulator, 200, seed=2)
    # No two simulations share their noise.
    assert len(np.unique(sims.x[:, 0])) == 200


def test_a_simulation_depends_on_its_index_alone():
    sims = rd.simulate(PRIOR, one, 50, seed=2)
    assert rd.simulate(PRIOR, one, 100, seed=2)[:50] == sims
    x = [one(theta, np.random.default_rng(int(seed))) for theta, seed in zip(*_plan(50))]
    np.testing.assert_array_equal(sims.x, x)


def _plan(n):
    return PRIOR._native.simulations(n, 2, 0, False)


def test_dictionaries_name_the_data():
    sims = rd.simulate(PRIOR, lambda mu, sigma: {"m": mu, "v": [sigma, sigma**2]}, 10)
    assert sims.data_names == ["m", "v_1", "v_2"]
    np.testing.assert_array_equal(sims.x, np.stack([*sims.theta.T, sims.theta[:, 1] ** 2], 1))


def test_pandas_rows_and_frames_are_data():
    pandas = pytest.importorskip("pandas")
    sims = rd.simulate(PRIOR, lambda mu, sigma: pandas.Series({"m": mu, "s": sigma}), 10)
    assert sims.data_names == ["m", "s"]

    def frame(theta):
        return pandas.DataFrame(theta, columns=["m", "s"])

    assert rd.simulate(PRIOR, frame, 10, vectorized=True) == sims


def test_failures_are_counted_and_the_first_is_kept():
    def simulator(mu, sigma):
        if mu > 1:
            raise ArithmeticError("too large")
        return np.nan if mu < -1 else mu

    sims = rd.simulate(PRIOR, simulator, 500, seed=1)
    mu = sims.theta[:, 0]
    assert sims.failures == {"failed": (mu > 1).sum(), "not finite": (mu < -1).sum()}
    assert sims.first_failure in ("ArithmeticError: too large", "data that are not finite: nan")
    assert np.isnan(sims.x[sims.status != 0]).all() and np.isfinite(sims.valid.x).all()


def test_a_row_that_fails_does_not_take_its_batch_along():
    def simulator(theta):
        if (theta[:, 0] > 1).any():
            raise ArithmeticError("too large")
        return theta * 2

    sims = rd.simulate(PRIOR, simulator, 300, vectorized=True)
    np.testing.assert_array_equal(sims.status == 1, sims.theta[:, 0] > 1)


def test_a_simulator_that_never_works_says_why():
    def simulator(theta):
        raise KeyError("nowhere")

    with pytest.raises(rd.Error, match="100 of 100 simulations failed.*KeyError: 'nowhere'"):
        rd.simulate(PRIOR, simulator, 100)


def test_given_parameters_are_simulated_as_they_are():
    theta = np.array([[0.0, 1.0], [1.0, 2.0]])
    sims = rd.simulate(theta, lambda a, b: a + b, names=["a", "b"])
    np.testing.assert_array_equal(sims.x, [[1.0], [3.0]])
    assert rd.simulate(PRIOR.sample(5), one).names == ["mu", "sigma"]


@pytest.mark.parametrize("simulator", [one, by_name, rows, lambda theta, rng: one(theta, rng)])
def test_the_bits_do_not_depend_on_the_number_of_workers(simulator):
    alone = rd.simulate(PRIOR, simulator, 2500, seed=4)
    assert rd.simulate(PRIOR, simulator, 2500, seed=4, workers=2) == alone


def test_any_executor_will_do():
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(3) as executor:
        found = rd.simulate(PRIOR, one, 200, executor=executor)
    assert found == rd.simulate(PRIOR, one, 200)


def dies(theta):
    if theta[0] > 1.5:
        os._exit(9)
    return theta


def test_a_process_that_dies_is_a_failed_simulation():
    sims = rd.simulate(PRIOR, dies, 60, vectorized=False, workers=2)
    np.testing.assert_array_equal(sims.status == 3, sims.theta[:, 0] > 1.5)
    assert 0 < sims.failures["crashed"] < 30


def test_ctrl_c_in_a_simulator_is_ctrl_c():
    def simulator(theta):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rd.simulate(PRIOR, simulator, 10, vectorized=False)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: rd.simulate(PRIOR, one), "n: given none"),
        (lambda: rd.simulate(PRIOR, one, 0), "n: given 0"),
        (lambda: rd.simulate(PRIOR, "one", 10), "simulator: given str"),
        (lambda: rd.simulate(PRIOR, one, 10, workers=0), "workers"),
        (lambda: rd.simulate(PRIOR, one, 10, executor=3), "executor: given int"),
        (lambda: rd.simulate(PRIOR, lambda t: t[:3], 10, vectorized=True), "vectorized=False"),
        (lambda: rd.simulate(PRIOR, lambda t: np.empty(0), 10, vectorized=False), "no data"),
        (lambda: rd.simulate(PRIOR, _varies, 10, vectorized=False), "as many for every"),
        (lambda: rd.simulate(PRIOR, one, 10, max_failed=2), "max_failed"),
        (lambda: rd.simulate("prior", one, 10), "prior: given str"),
    ],
)
def test_mistakes_are_said(call, words):
    with pytest.raises(ValueError, match=".+") as caught:
        call()
    assert words in str(caught.value)


def _varies(theta):
    return np.zeros(1 + int(theta[0] > 0))


def test_simulations_are_kept_joined_and_compared(tmp_path):
    sims = rd.simulate(PRIOR, one, 30)
    assert rd.Simulations.load(sims.save(tmp_path / "sims.npz")) == sims
    assert len(sims + sims[:5]) == 35 and sims[:5] + sims[5:] == sims
    assert sims != sims[::-1] and "30 of 2 parameters → 3 data" in repr(sims)
    assert "mu, sigma" in sims._repr_html_()
