"""From simulations to posteriors that are known exactly."""

import copy
import pickle
import shutil

import numpy as np
import pytest
from linear_gaussian import NOISE, exact, linear

import retrodict as rd

X_O = [0.7, -1.2]


def close(samples, x_o, sds=0.15):
    """Whether means and standard deviations are those of the exact posterior, in units of the latter."""
    mean, sd = exact(x_o)
    assert np.abs((samples.array.mean(axis=0) - mean) / sd).max() < sds
    assert np.abs(samples.array.std(axis=0) / sd - 1).max() < sds


def test_the_posterior_is_the_exact_one(posterior):
    close(posterior.sample(X_O, 4000), X_O)


def test_densities_and_the_maximum_are_the_exact_ones(posterior):
    mean, sd = exact(X_O)
    theta = mean + sd * np.random.default_rng(1).normal(size=(50, 2))
    expected = (-0.5 * ((theta - mean) / sd) ** 2 - np.log(sd * np.sqrt(2 * np.pi))).sum(axis=1)
    assert np.abs(posterior.log_prob(theta, X_O) - expected).mean() < 0.1
    found = posterior.map(X_O)
    assert np.abs((np.array([found["a"], found["b"]]) - mean) / sd).max() < 0.3


@pytest.mark.parametrize(
    "method",
    ["nle", "nre", "tmnre", "fmpe", "npse", "abc_rejection", "classical_kde", "classical_histogram", "auto"],
)
def test_every_method_learns_from_simulations(prior, sims, method):
    sampler = {"sampler": "ensemble"} if method in ("nle", "nre") else {}
    train = {} if "_" in method else {"train": {"max_epochs": 15}}
    posterior = rd.infer(prior, sims, method, **sampler, **train)
    mean, sd = exact(X_O)
    samples = posterior.sample(X_O, 1000)
    # A histogram of 3,000 simulations is a rough one.
    assert np.abs(samples.array.mean(axis=0) - mean).max() < 3 * sd.max()
    assert np.isfinite(prior.log_prob(samples.array)).all()


def test_methods_that_ask_the_simulator_are_given_it(prior):
    posterior = rd.infer(prior, linear, "abc_smc", n=4000, x_o=X_O, abc_smc={"population": 500})
    mean, sd = exact(X_O)
    assert np.abs(posterior.sample(n=1000).array.mean(axis=0) - mean).max() < sd.max()


def test_a_known_likelihood_is_exact(prior):
    def log_likelihood(theta, x):
        return -0.5 * (((x - theta) / NOISE) ** 2).sum(axis=-1)

    posterior = rd.infer(prior, linear, "likelihood", log_likelihood=log_likelihood, n=200)
    close(posterior.sample(X_O, 4000), X_O)


def test_rounds_aim_at_the_observation(prior):
    posterior = rd.infer(prior, linear, "npe", n=2000, rounds=2, x_o=X_O)
    close(posterior.sample(n=2000), X_O, 0.3)
    with pytest.raises(ValueError, match="x_o.*another observation"):
        posterior.sample([0.0, 0.0], 10)


@pytest.mark.parametrize("loss", ["atomic", "importance_weighted"])
def test_rounds_that_somebody_made_are_corrected_for(prior, sims, loss):
    # Half of the simulations come from a normal proposal that is off the posterior.
    random = np.random.default_rng(1)
    mean, sd = np.array([0.3, -0.8]), np.array([0.5, 0.5])
    theta = mean + sd * random.normal(size=(1500, 2))
    x = theta + NOISE * random.normal(size=theta.shape)
    both = (np.concatenate([sims.theta[:1500], theta]), np.concatenate([sims.x[:1500], x]))
    given = {"rounds": [1500, 1500], "loss": loss}
    if loss == "importance_weighted":
        log_q = (-0.5 * ((both[0] - mean) / sd) ** 2 - np.log(sd * np.sqrt(2 * np.pi))).sum(axis=1)
        given["weights"] = 1 / (0.5 + 0.5 * np.exp(log_q - prior.log_prob(both[0])))
    small = {"kind": "nsf", "transforms": 2, "network": {"hidden": [24]}}
    train = {"max_epochs": 30, "ensemble_size": 1}
    corrected = rd.infer(prior, both, "npe", given_rounds=given, x_o=X_O, estimator=small, train=train)
    close(corrected.sample(n=4000), X_O, sds=0.3)
    again = pickle.loads(pickle.dumps(corrected))
    assert again.sample(n=50) == corrected.sample(n=50)
    report = rd.check(corrected, linear, draws=500)
    assert "not amortised" in report.html and "not tested" in str(report)


def test_training_goes_on_with_the_networks_of_another_posterior(prior, sims, tmp_path):
    small = {"kind": "nsf", "transforms": 2, "network": {"hidden": [24]}}
    settings = {"estimator": small, "seed": 2}
    short = {"max_epochs": 2, "ensemble_size": 1, "min_improvement": 0.0}
    few = (sims.theta[:500], sims.x[:500])
    first = rd.infer(prior, few, "npe", train=short, out=tmp_path / "first", **settings)
    train = {"max_epochs": 30, "ensemble_size": 1}
    second = rd.infer(prior, sims, "npe", train=train, continue_from=first, **settings)
    close(second.sample(X_O, 4000), X_O, sds=0.3)
    same = rd.infer(prior, sims, "npe", train=train, continue_from=tmp_path / "first", **settings)
    assert same.sample(X_O, 50) == second.sample(X_O, 50)
    expected = second.sample(X_O, 50)
    packed = pickle.dumps(second)
    del first, second, same
    shutil.rmtree(tmp_path / "first")
    assert pickle.loads(packed).sample(X_O, 50) == expected


def test_networks_to_go_on_with_have_to_be_there(prior, sims, tmp_path):
    with pytest.raises(ValueError, match="no model in.*nowhere"):
        rd.infer(prior, sims, "npe", continue_from=tmp_path / "nowhere")
    with pytest.raises(ValueError, match="expected a posterior"):
        rd.infer(prior, sims, "npe", continue_from=3)
    train = {"max_epochs": 2, "ensemble_size": 1}
    first = rd.infer(prior, sims, "npe", train=train, out=tmp_path / "run")
    with pytest.raises(ValueError, match="ensemble_size"):
        rd.infer(prior, sims, "npe", continue_from=first)
    with pytest.raises(ValueError, match="expected another run"):
        rd.infer(prior, sims, "npe", train=train, out=tmp_path / "run", continue_from=first)
    wider = rd.Prior(**{name: rd.Uniform(-9, 9) for name in prior.names})
    with pytest.raises(ValueError, match="another prior"):
        rd.infer(wider, sims, "npe", train=train, continue_from=first)
    with pytest.raises(Exception, match="nle"):
        rd.infer(prior, sims, "nle", train=train, continue_from=first)
    # What a run began with is not replaced under it; what was refused has begun no run.
    further = tmp_path / "further"
    with pytest.raises(ValueError, match="ensemble_size"):
        rd.infer(prior, sims, "npe", continue_from=rd.infer(prior, sims, "npe", train=train, seed=3), out=further)
    rd.infer(prior, sims, "npe", train=train, continue_from=first, out=further)
    other = rd.infer(prior, sims, "npe", train=train, seed=2)
    with pytest.raises(ValueError, match="began with other networks"):
        rd.infer(prior, sims, "npe", train=train, continue_from=other, out=further)
    rd.infer(prior, sims, "npe", train=train, continue_from=first, out=further)


def test_long_observations_stand_in_a_file(prior):
    def many(theta, rng):
        return np.repeat(theta, 600, axis=1) + NOISE * rng.normal(size=(len(theta), 1200))

    sims = rd.simulate(prior, many, 300, vectorized=True)
    posterior = rd.infer(prior, sims, "abc_rejection", x_o=sims.x[0])
    assert np.abs(posterior.sample(n=100).array.mean(axis=0) - sims.theta[0]).max() < 1


def test_given_rounds_have_to_be_all_simulations(prior, sims):
    for given, words in [
        ({"rounds": [1000, 1000]}, "2000 together"),
        ({"rounds": [1000, 2000], "loss": "mixture"}, "importance_weighted"),
        ({"rounds": [1000, 2000], "loss": "importance_weighted"}, "no weights"),
        ({"rounds": [1000, 2000], "loss": "importance_weighted", "weights": np.ones(7)}, "7 numbers"),
    ]:
        with pytest.raises(ValueError, match=words):
            rd.infer(prior, sims, "npe", given_rounds=given)
    with pytest.raises(ValueError, match="does not use it"):
        rd.infer(prior, sims, "nle", given_rounds={"rounds": [1000, 2000]})


def test_settings_of_draws_can_be_changed(prior, sims):
    posterior = rd.infer(prior, sims, "classical_kde", sampler={"kind": "slice", "warmup": 50})
    other = posterior.with_settings(sampler="rejection")
    assert other.settings["inference"]["sampler"]["kind"] == "rejection"
    assert posterior.settings["inference"]["sampler"]["kind"] == "slice"
    assert other.sample(X_O, 200).n_chains == 1 and posterior.sample(X_O, 200).n_chains > 1
    assert np.abs(other.sample(X_O, 2000).array.mean(axis=0) - exact(X_O)[0]).max() < 0.3
    with pytest.raises(ValueError, match="infer again"):
        posterior.with_settings(train={"max_epochs": 3})
    with pytest.raises(ValueError, match="does not use it"):
        rd.infer(prior, sims, "npe", train={"max_epochs": 1}).with_settings(sampler="slice")


def test_synthetic_likelihoods_simulate_while_they_sample(prior):
    posterior = rd.infer(
        prior,
        linear,
        "synthetic_likelihood",
        n=200,
        synthetic_likelihood={"simulations": 20, "max_simulations": 200_000},
        sampler={"kind": "random_walk", "warmup": 50, "chains": 2, "candidates": 20},
        x_o=X_O,
        draws=200,
    )
    samples = posterior.sample(X_O, 200)
    mean, sd = exact(X_O)
    assert np.abs(samples.array.mean(axis=0) - mean).max() < sd.max()


def test_trials_are_one_observation(prior, sims):
    posterior = rd.infer(prior, sims, "nle", trials=True, sampler="ensemble")
    trials = np.random.default_rng(1).normal(X_O, NOISE, size=(10, 2))
    samples = posterior.sample(trials, 1000)
    precision = 1 / np.array([1.0, 4.0]) + 10 / NOISE**2
    mean = trials.sum(axis=0) / NOISE**2 / precision
    assert np.abs((samples.array.mean(axis=0) - mean) * precision**0.5).max() < 0.7


def test_several_observations_have_a_posterior_each(posterior):
    both = posterior.sample([X_O, [0.0, 0.0]], 500)
    assert [len(samples) for samples in both] == [500, 500]
    assert both[0] == posterior.sample(X_O, 500)


def test_the_same_seed_gives_the_same_bits(prior, sims, posterior):
    again = rd.infer(prior, sims, method="npe", seed=1)
    assert again == posterior
    assert again.sample(X_O, 100) == posterior.sample(X_O, 100)
    assert posterior.sample(X_O, 100) != posterior.sample(X_O, 100, seed=2)
    other = rd.infer(prior, sims, method="npe", seed=2)
    assert other != posterior and other.sample(X_O, 100) != posterior.sample(X_O, 100)


def test_posteriors_are_pickled_and_copied(posterior):
    for twin in (pickle.loads(pickle.dumps(posterior)), copy.copy(posterior), copy.deepcopy(posterior)):
        assert twin == posterior
        assert twin.sample(X_O, 50) == posterior.sample(X_O, 50)


def test_a_posterior_that_keeps_simulations_is_pickled_with_them(prior, sims):
    posterior = rd.infer(prior, sims, "abc_rejection")
    twin = pickle.loads(pickle.dumps(posterior))
    assert twin.sample(X_O, 50) == posterior.sample(X_O, 50)


def test_observations_may_be_named(prior):
    def simulator(a, b, rng):
        return {"first": a + NOISE * rng.normal(), "second": b + NOISE * rng.normal()}

    posterior = rd.infer(prior, rd.simulate(prior, simulator, 500), "abc_rejection")
    assert posterior.data_names == ["first", "second"]
    named = posterior.sample({"second": -1.2, "first": 0.7}, 50)
    assert named == posterior.sample([0.7, -1.2], 50)


def test_a_pair_of_arrays_will_do(prior, sims, posterior):
    pair = rd.infer(prior, (sims.theta, sims.x), "npe", seed=1)
    assert pair.sample(X_O, 50) == posterior.sample(X_O, 50)


def test_log_densities_suit_other_samplers(posterior):
    log_density = posterior.log_density(X_O)
    assert isinstance(log_density([0.5, -1.0]), float)
    rows = log_density(np.zeros((3, 2)))
    assert rows.shape == (3,) and rows[0] == log_density([0.0, 0.0])


def test_a_folder_goes_on_where_it_was(prior, sims, tmp_path):
    first = rd.infer(prior, sims, "npe", out=tmp_path / "run", train={"max_epochs": 3})
    told = []
    again = rd.infer(
        prior,
        sims,
        "npe",
        out=tmp_path / "run",
        train={"max_epochs": 3},
        progress=lambda *event: told.append(event[:2]),
    )
    assert ("kept", "fit") in told and again == first
    with pytest.raises(rd.Error, match="seed"):
        rd.infer(prior, sims, "npe", out=tmp_path / "run", train={"max_epochs": 3}, seed=2)


def test_another_version_of_a_simulator_is_refused(prior, tmp_path):
    def version(factor):
        scope = {}
        exec(f"def simulator(theta, rng):\n    return theta * {factor} + rng.normal(size=theta.shape)", scope)
        return scope["simulator"]

    settings = {"method": "abc_rejection", "n": 200, "out": tmp_path / "run"}
    first = rd.infer(prior, version(1), **settings)
    assert rd.infer(prior, version(1), **settings).sample(X_O, 20) == first.sample(X_O, 20)
    with pytest.raises(rd.Error, match="another version of `simulator`"):
        rd.infer(prior, version(2), **settings)


def test_an_exception_in_progress_ends_the_call(prior, sims):
    def progress(*event):
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        rd.infer(prior, sims, "npe", progress=progress)


def test_a_simulator_that_changes_its_mind_is_said(prior):
    calls = []

    def simulator(theta):
        calls.append(1)
        return theta if len(calls) < 40 else theta[:1]

    with pytest.raises(ValueError, match="as many for every θ"):
        rd.infer(prior, simulator, "npe", n=200, vectorized=False)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"method": "npee"}, "Did you mean `npe`?"),
        ({"method": ["npe", "nle"]}, "one name"),
        ({"simulatons": 3}, "Did you mean `simulations`?"),
        ({"train": {"epoks": 3}}, "inference.train"),
        ({"method": "abc_smc"}, "Give the simulator"),
        ({"rounds": 3}, "Give the simulator"),
        ({"x_o": [1.0]}, "expected 2 numbers"),
        ({"x_o": [np.nan, 1.0]}, "finite"),
        ({"n": 10}, "n: given 10"),
        ({"seed": -1}, "seed"),
        ({"rounds": 2, "x_o": X_O}, "Give the simulator in their place"),
        ({"method": "abc_smc", "x_o": X_O}, "Give the simulator in their place"),
        ({"method": "synthetic_likelihood"}, "simulator: given none"),
        ({"method": "likelihood", "simulator": linear}, "log_likelihood: given none"),
        ({"estimator": "mafia"}, "Did you mean `maf`?"),
    ],
)
def test_mistakes_are_said(prior, sims, given, words):
    with pytest.raises(ValueError, match=".+") as caught:
        rd.infer(prior, sims, **given)
    assert words in str(caught.value)
    assert "line" not in str(caught.value) and "study.toml" not in str(caught.value)


def test_what_aims_needs_an_observation(prior):
    for settings in ({"method": "abc_smc"}, {"method": "npe", "rounds": 2}):
        with pytest.raises(ValueError, match="x_o: given none"):
            rd.infer(prior, linear, n=5000, **settings)


def test_wrong_simulations_are_said(prior, sims):
    for wrong, words in [
        (3, "expected simulations"),
        ((sims.theta[:, :1], sims.x), "rows of 2: a, b"),
        ((sims.theta[:50], sims.x[:40]), "50 and 40 rows"),
        ((sims.theta[:50], sims.x[:50]), "at least 100"),
    ]:
        with pytest.raises(ValueError, match=".+") as caught:
            rd.infer(prior, wrong)
        assert words in str(caught.value)
    narrow = rd.Prior(a=rd.Uniform(-1, 1), b=rd.Uniform(-1, 1))
    with pytest.raises(ValueError, match="inside the prior's support"):
        rd.infer(narrow, sims)
