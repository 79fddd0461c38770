"""Study files, the folders of runs, and the command."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from linear_gaussian import linear

import retrodict as rd

TOY = """
[study]
name = "toy"
[simulator]
builtin = "gaussian_toy"
[inference]
simulations = 2000
"""


def command(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "retrodict", *map(str, arguments)],
        capture_output=True,
        text=True,
        **options,
    )


def test_a_study_file_and_a_session_give_the_same(tmp_path):
    (tmp_path / "study.toml").write_text(TOY)
    run = rd.run(tmp_path / "study.toml", out=tmp_path / "python")
    done = command("run", tmp_path / "study.toml", "--out", tmp_path / "command")
    assert done.returncode == 0, done.stderr
    other = rd.load(tmp_path / "command")
    assert other.samples == run.samples and other.verdict == run.verdict == "trusted"
    assert other.posterior.sample(n=50) == run.posterior.sample(n=50)
    assert pickle.loads(pickle.dumps(run)) == run
    assert "trusted" in repr(run) and "trusted" in run._repr_html_()


def test_the_command_goes_on_with_what_a_session_left(prior, sims, tmp_path):
    folder = tmp_path / "run"
    posterior = rd.infer(prior, sims, "npe", out=folder, train={"max_epochs": 3})
    rd.check(posterior, linear, x_o=[0.7, -1.2])
    np.save(tmp_path / "x.npy", np.array([[0.0, 0.0]]))
    arguments = (folder / "study.toml", "--out", folder, "--x", tmp_path / "x.npy", "-n", 200)
    done = command("sample", *arguments, "-o", tmp_path / "draws.npy")
    assert done.returncode == 0, done.stderr
    drawn = np.load(tmp_path / "draws.npy")
    np.testing.assert_array_equal(drawn, posterior.sample([0.0, 0.0], 200).array)
    assert command("run", folder / "study.toml", "--out", folder).returncode in (0, 3)


def test_several_methods_are_several_runs(tmp_path):
    study = {
        "study": {"name": "several"},
        "simulator": {"builtin": "gaussian_toy"},
        "posterior": {"draws": 1000},
        "inference": {"method": ["abc_rejection", "classical_histogram"], "simulations": 1000},
        "check": {"test_simulations": 0, "predictive_simulations": 0},
    }
    run = rd.run(study, out=tmp_path / "several")
    assert list(run.methods) == ["abc_rejection", "classical_histogram"]
    assert len(run.methods["classical_histogram"].samples) == 1000


def test_a_study_of_a_function_is_given_it(prior, tmp_path):
    posterior = rd.infer(prior, linear, "npe", n=500, train={"max_epochs": 3}, out=tmp_path / "a")
    again = rd.run(tmp_path / "a" / "study.toml", tmp_path / "b", simulator=linear)
    assert again.posterior.sample([0.0, 0.0], 20) == posterior.sample([0.0, 0.0], 20)
    with pytest.raises(rd.Error, match="linear.*is not here"):
        rd.run(tmp_path / "a" / "study.toml", tmp_path / "c")


def test_mistakes_are_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        rd.run(tmp_path / "none.toml")
    with pytest.raises(FileNotFoundError, match="no run in this folder"):
        rd.load(tmp_path)
    (tmp_path / "study.toml").write_text(TOY.replace("simulations", "simulatons"))
    with pytest.raises(ValueError, match="line 7.*Did you mean `simulations`"):
        rd.run(tmp_path / "study.toml")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("…")
    (tmp_path / "study.toml").write_text(TOY)
    with pytest.raises(OSError, match="full"):
        rd.run(tmp_path / "study.toml", out=tmp_path / "full")


def test_the_command_is_there():
    assert "retrodict" in command("version").stdout
    assert command("nothing").returncode == 2


def test_methods_are_compared_over_the_same_simulations(prior, sims, tmp_path):
    tests = rd.simulate(prior, linear, 50, seed=7)
    run = rd.compare(
        prior,
        sims,
        ["npe", "abc_rejection"],
        [0.7, -1.2],
        tests=tests,
        draws=1000,
        train={"max_epochs": 3},
        out=tmp_path / "all",
    )
    alone = rd.infer(prior, sims, "npe", train={"max_epochs": 3})
    assert run.methods["npe"].samples == alone.sample([0.7, -1.2], 1000)
    assert run.report.verdict in ("trusted", "caution", "failed") and run.report.html
    assert rd.load(tmp_path / "all").methods["npe"].verdict == run.methods["npe"].verdict
    with pytest.raises(ValueError, match="at least two"):
        rd.compare(prior, sims, ["npe"], [0.7, -1.2])
