"""The verdict, and what it rests on."""

import pickle

import numpy as np
import pytest
from linear_gaussian import NOISE, linear

import retrodict as rd

X_O = [0.7, -1.2]


@pytest.fixture(scope="module")
def report(posterior):
    return rd.check(posterior, linear, x_o=X_O)


def test_a_right_posterior_is_trusted(report):
    assert report.verdict == "trusted", str(report)
    names = [check.name for check in report.checks]
    assert any("calibration" in name for name in names) and any("posterior predictive" in n for n in names)
    assert all(check.status == "passed" for check in report)
    assert len(report.samples) == 10_000 and report.samples.x_o.tolist() == X_O


def test_the_draws_are_those_of_the_posterior(report, posterior):
    np.testing.assert_array_equal(report.samples.array, posterior.sample(X_O, 10_000).array)


def test_figures_and_pages(report, tmp_path):
    assert {"posterior", "ranks", "coverage", "predictive"} <= set(report.figures)
    assert report.figures["ranks"].png().startswith(b"\x89PNG")
    assert "<html" in report.html and "trusted" in report._repr_html_()
    saved = report.save(tmp_path / "report")
    assert (saved / "report.html").exists() and rd.load(saved).verdict == "trusted"
    twin = pickle.loads(pickle.dumps(report))
    assert twin == report and twin.html == report.html


def test_given_simulations_are_tested_on(posterior, prior):
    tests = rd.simulate(prior, linear, 300, seed=99)
    report = rd.check(posterior, tests, x_o=X_O)
    assert report.verdict == "trusted", str(report)
    assert "posterior predictive" not in " ".join(check.name for check in report)
    both = rd.check(posterior, tests, x_o=X_O, simulator=linear)
    assert "posterior predictive" in " ".join(check.name for check in both)


def test_a_wrong_simulator_is_found_out(posterior):
    def other(theta, rng):
        return theta + 3 * NOISE * rng.normal(size=np.shape(theta))

    assert rd.check(posterior, other, x_o=X_O).verdict == "failed"


def test_without_tests_the_verdict_says_so(posterior):
    report = rd.check(posterior, x_o=X_O)
    assert report.verdict == "caution" and "not tested" in str(report)


def test_a_strange_observation_is_found_out(posterior):
    assert rd.check(posterior, linear, x_o=[30.0, 0.0]).verdict == "failed"


def test_several_observations_are_checked(posterior):
    report = rd.check(posterior, linear, x_o=[X_O, [0.0, 0.0]])
    assert len(report.samples) == 2 and "posterior-001" in report.figures


def test_a_named_folder_holds_everything(prior, sims, tmp_path):
    posterior = rd.infer(prior, sims, "npe", out=tmp_path / "run", train={"max_epochs": 5})
    report = rd.check(posterior, linear, x_o=X_O)
    assert report.path == tmp_path / "run" / "report.html"
    run = rd.load(tmp_path / "run")
    assert run.verdict == report.verdict and run.samples == report.samples
    assert run.simulations == sims and run.posterior.sample(X_O, 50) == posterior.sample(X_O, 50)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "x_o: given none"),
        ({"x_o": [1.0, 2.0, 3.0]}, "expected 2 numbers"),
        ({"x_o": X_O, "tests": 3}, "tests: given int"),
        ({"x_o": X_O, "simulator": lambda theta: theta[..., :1]}, "gives 1 numbers"),
        ({"x_o": X_O, "draws": 3}, "posterior.draws"),
    ],
)
def test_mistakes_are_said(posterior, given, words):
    with pytest.raises(ValueError, match=".+") as caught:
        rd.check(posterior, **given)
    assert words in str(caught.value)
