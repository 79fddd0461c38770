"""Priors that are Python objects."""

import copy
import pickle

import numpy as np
import pytest
from linear_gaussian import NOISE, linear

import retrodict as rd


class Disc:
    """Uniform on a disc of radius one: with NumPy's global generator, as many do."""

    def sample(self, shape):
        r, angle = np.sqrt(np.random.uniform(size=shape)), np.random.uniform(0, 2 * np.pi, shape)
        return np.stack([r * np.cos(angle), r * np.sin(angle)], axis=-1)

    def log_prob(self, theta):
        return np.where(np.linalg.norm(theta, axis=-1) <= 1, -np.log(np.pi), -np.inf)


class Normals:
    """N(0, I), of which nothing is said but by draws and densities."""

    def sample(self, shape):
        return np.random.normal(size=(*shape, 2))

    def log_prob(self, theta):
        return -0.5 * (theta**2).sum(axis=-1) - np.log(2 * np.pi)


@pytest.fixture(scope="module")
def disc():
    return rd.Prior(w=rd.Function(Disc(), low=-1, high=1))


@pytest.fixture(scope="module")
def sims(disc):
    return rd.simulate(disc, linear, 2000, seed=1)


def test_it_draws_and_has_a_density(disc):
    draws = disc.sample(500, seed=3)
    assert draws.names == ["w_1", "w_2"] and disc.limits == [(-1.0, 1.0)] * 2
    assert np.linalg.norm(draws.array, axis=1).max() <= 1
    assert disc.log_prob([0.9, 0.9]) == -np.inf and disc.log_prob([0.5, 0.5]) == -np.log(np.pi)
    # Half of the mass lies within √½.
    assert abs((np.linalg.norm(draws.array, axis=1) < 0.5**0.5).mean() - 0.5) < 0.1


def test_the_same_seed_is_the_same_draw_and_global_generators_stay(disc):
    np.random.seed(5)
    expected = np.random.uniform(size=3)
    np.random.seed(5)
    found = disc.sample(20, seed=1)
    np.testing.assert_array_equal(np.random.uniform(size=3), expected)
    assert found == disc.sample(20, seed=1) and found == disc.sample(50, seed=1)[:20]
    assert found != disc.sample(20, seed=2)


def test_it_stands_beside_others_and_can_be_copied():
    prior = rd.Prior(scale=rd.HalfNormal(1), w=Disc(), angle=rd.Uniform(0, "scale"))
    assert prior.names == ["scale", "w_1", "w_2", "angle"]
    theta = prior.sample(5, seed=1)
    alone = rd.Prior(scale=rd.HalfNormal(1), angle=rd.Uniform(0, "scale"))
    expected = alone.log_prob(theta.array[:, [0, 3]]) - np.log(np.pi)
    np.testing.assert_allclose(prior.log_prob(theta), expected)
    assert pickle.loads(pickle.dumps(prior)) == prior == copy.deepcopy(prior)
    assert rd.Prior(w=Disc()) == rd.Prior(w=Disc()) != rd.Prior(w=Normals())


def test_a_posterior_stays_inside(disc, sims, tmp_path):
    posterior = rd.infer(disc, sims, "npe", seed=1, train={"max_epochs": 20}, out=tmp_path / "run")
    # The likelihood's middle is outside: the posterior is cut off by the circle.
    samples = posterior.sample([0.9, 0.6], 500)
    radius = np.linalg.norm(samples.array, axis=1)
    assert radius.max() <= 1 and radius.mean() > 0.6
    assert posterior.log_prob([0.9, 0.9], [0.9, 0.6]) == -np.inf
    # Its density integrates to one over the disc.
    axis = np.linspace(-1, 1, 61)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    mass = np.exp(posterior.log_prob(grid, [0.2, 0.1])).sum() * (axis[1] - axis[0]) ** 2
    assert abs(mass - 1) < 0.1
    again = pickle.loads(pickle.dumps(posterior))
    assert again == posterior and again.sample([0.9, 0.6], 50) == posterior.sample([0.9, 0.6], 50)
    with pytest.raises(ValueError, match="only the program"):
        rd.load(tmp_path / "run")
    loaded = rd.load(tmp_path / "run", disc)
    assert loaded.posterior.sample([0.9, 0.6], 50) == posterior.sample([0.9, 0.6], 50)


@pytest.mark.parametrize("method", ["nle", "abc_rejection"])
def test_other_methods_take_it(method):
    prior = rd.Prior(w=Normals())
    sims = rd.simulate(prior, linear, 2000, seed=1)
    settings = {"train": {"max_epochs": 15}, "sampler": {"kind": "slice", "chains": 4}} if method == "nle" else {}
    samples = rd.infer(prior, sims, method, seed=1, **settings).sample([0.5, -0.5], 400)
    expected = np.array([0.5, -0.5]) / (1 + NOISE**2)
    assert np.abs(samples.array.mean(axis=0) - expected).max() < 0.15


def test_it_is_checked(disc):
    def simulator(theta, rng):
        return theta + NOISE * rng.normal(size=np.shape(theta))

    posterior = rd.infer(disc, simulator, "npe", n=3000, seed=1)
    report = rd.check(
        posterior, simulator, x_o=[0.2, 0.1], draws=300, test_simulations=100, posterior_draws=50,
        predictive_simulations=50,
    )  # fmt: skip
    assert report.verdict in ("trusted", "caution"), str(report)
    assert any("inside" in check.name or "prior" in check.name for check in report)


def test_what_needs_more_says_so(disc, sims):
    with pytest.raises(ValueError, match="quantiles are not known"):
        disc.from_unit_cube([0.5, 0.5])
    with pytest.raises(ValueError, match="functions"):
        rd.infer(disc, linear, "npe", n=400, rounds=2, x_o=[0, 0], estimator="mdn", support="probit",
                 sequential={"proposal": "mixture"}, vectorized=True)  # fmt: skip
    for wrong, words in [
        (3.0, "expected a distribution"),
        (type("Half", (), {"sample": lambda self, shape: np.zeros(shape)})(), "expected a distribution"),
    ]:
        with pytest.raises(ValueError, match=words):
            rd.Prior(w=wrong)
    with pytest.raises(ValueError, match="box that holds the support"):
        rd.Function(Disc(), low=-0.1, high=0.1)
    with pytest.raises(ValueError, match="expected one or 2"):
        rd.Function(Disc(), low=[0, 0, 0])


def test_what_it_raises_ends_the_call():
    class Broken(Disc):
        fails = False

        def log_prob(self, theta):
            if Broken.fails:
                raise RuntimeError("the prior's own mistake")
            return super().log_prob(theta)

        def sample(self, shape):
            if Broken.fails:
                raise RuntimeError("the prior's own mistake")
            return super().sample(shape)

    prior = rd.Prior(w=Broken())
    sims = rd.simulate(prior, linear, 500, seed=1)
    posterior = rd.infer(prior, sims, "classical_kde", sampler="slice")
    Broken.fails = True
    for call in (
        lambda: prior.sample(3),
        lambda: posterior.sample([0, 0], 20),
        lambda: rd.infer(prior, sims, "npe", train={"max_epochs": 2}),
    ):
        with pytest.raises(RuntimeError, match="own mistake"):
            call()
    Broken.fails = False
    assert len(posterior.sample([0, 0], 20)) == 20
