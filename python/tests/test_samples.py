"""Draws, their tables and their figures."""

import copy
import pickle
import re

import numpy as np
import pytest

import retrodict as rd


@pytest.fixture
def samples():
    array = np.random.default_rng(1).normal([0, 5], [1, 2], size=(2000, 2))
    return rd.Samples(array, ["mu", "tau"])


def test_columns_rows_and_arrays(samples):
    assert samples["tau"].shape == (2000,) and len(samples[:7]) == 7
    assert samples[3] == {"mu": samples.array[3, 0], "tau": samples.array[3, 1]}
    np.testing.assert_array_equal(np.asarray(samples), samples.array)
    assert np.asarray(samples, dtype=np.float32).dtype == np.float32
    with pytest.raises(KeyError, match="expected one of mu, tau"):
        samples["nu"]


def test_the_summary_is_that_of_the_numbers(samples):
    summary = samples.summary()
    assert summary["mu"].mean == pytest.approx(samples["mu"].mean())
    assert summary["mu"].sd == pytest.approx(samples["mu"].std(ddof=1))
    ends = np.quantile(samples["tau"], [0.025, 0.975], method="hazen")
    assert summary["tau"].interval_95 == pytest.approx(tuple(ends))
    assert "68 % interval" in str(summary) and "<table" in summary._repr_html_()


def test_a_weight_counts_as_repeated_draws():
    weighted = rd.Samples([[1.0], [2.0], [3.0]], ["a"], log_weights=np.log([1, 3, 1]))
    repeated = rd.Samples([[1.0], [2.0], [2.0], [2.0], [3.0]], ["a"])
    assert weighted.summary()["a"].mean == pytest.approx(repeated.summary()["a"].mean)
    assert weighted.summary()["a"].median == repeated.summary()["a"].median


def test_figures_are_svg_and_png(samples, tmp_path):
    figure = samples.plot_corner(tmp_path / "corner.png", truth={"mu": 0, "tau": 5})
    png = (tmp_path / "corner.png").read_bytes()
    assert png.startswith(b"\x89PNG") and png == figure._repr_png_()
    assert figure._repr_svg_().startswith("<svg") and "68 % and 95 %" in figure.caption
    # Figures of one page must not share the names of their clipping paths.
    other = samples.plot_corner()
    ids = [set(re.findall(r'id="([^"]+)"', f._repr_svg_())) for f in (figure, other)]
    assert ids[0] and not ids[0] & ids[1]
    figure.save(tmp_path / "corner.svg")
    assert (tmp_path / "corner.svg").read_text(encoding="utf-8") == figure.svg
    two = samples.plot_corner(others={"other": samples[:500]}, prior=samples[500:])
    assert "other" in two.svg
    with pytest.raises(ValueError, match=r"expected \.svg or \.png"):
        figure.save(tmp_path / "corner.pdf")
    with pytest.raises(OSError, match="corner.svg"):
        figure.save(tmp_path / "nowhere" / "corner.svg")


def test_samples_are_kept_copied_and_compared(samples, tmp_path):
    for twin in (pickle.loads(pickle.dumps(samples)), copy.deepcopy(samples), samples[:]):
        assert twin == samples
    assert samples != samples[:5]
    back = np.loadtxt(samples.save(tmp_path / "draws.csv"), delimiter=",", skiprows=1)
    np.testing.assert_array_equal(back, samples.array)
    np.testing.assert_array_equal(np.load(samples.save(tmp_path / "draws.npy")), samples.array)


def test_no_draws_are_no_summary():
    empty = rd.Samples(np.empty((0, 1)), ["a"])
    assert "0 draws" in repr(empty) and "0 draws" in empty._repr_html_()
    with pytest.raises(ValueError, match="no draws"):
        empty.summary()
    with pytest.raises(ValueError, match="finite draw"):
        empty.plot_corner()


def test_pandas_xarray_and_arviz_take_them(samples):
    pandas = pytest.importorskip("pandas")
    assert isinstance(samples.to_pandas(), pandas.DataFrame)
    pytest.importorskip("xarray")
    dataset = samples.to_xarray()
    assert dict(dataset.sizes) == {"chain": 1, "draw": 2000}
    np.testing.assert_array_equal(dataset["tau"].values[0], samples["tau"])
    pytest.importorskip("arviz")
    data = samples.to_arviz(prior=samples[:100])
    np.testing.assert_array_equal(np.asarray(data["posterior"]["mu"])[0], samples["mu"])
    assert np.asarray(data["prior"]["mu"]).shape == (1, 100)
