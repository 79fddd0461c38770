"""Whatever stands at the border: numbers, or a ``ValueError`` with a message."""

import itertools

import numpy as np
import pytest

import retrodict as rd

X = np.array([0.7, -1.2])

DTYPES = ["f4", "f8", ">f8", "f2", "i1", "i8", "u4", "?", "g"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_of_every_type_are_numbers(posterior, dtype):
    x = np.array([1, 0]).astype(dtype)
    assert posterior.sample(x, 10) == posterior.sample([1.0, 0.0], 10)


def forms(array):
    """The same numbers in other strides, orders and kinds of memory."""
    array = np.ascontiguousarray(array)
    yield np.asfortranarray(array)
    yield np.repeat(array, 2, axis=0)[::2]
    yield np.repeat(array, 3, axis=-1)[..., ::3]
    yield array[::-1].copy()[::-1]
    frozen = array.copy()
    frozen.flags.writeable = False
    yield frozen
    yield array.tolist()
    yield np.ma.array(array)
    yield memoryview(array)
    buffer = np.zeros(array.nbytes + 1, dtype=np.uint8)
    unaligned = buffer[1:].view(np.float64).reshape(array.shape)
    unaligned[...] = array
    yield unaligned


def test_every_memory_layout_is_the_same(prior, posterior, sims):
    for x in forms(X):
        assert posterior.sample(x, 10) == posterior.sample(X, 10)
    theta = sims.theta[:20]
    for other in forms(theta):
        np.testing.assert_array_equal(prior.log_prob(other), prior.log_prob(theta))
        np.testing.assert_array_equal(posterior.log_prob(other, X), posterior.log_prob(theta, X))
        assert rd.Simulations(other, theta) == rd.Simulations(theta, theta)


WRONG = [
    np.empty(0),
    np.empty((0, 2)),
    np.float64(1),
    np.array(1.0),
    None,
    "text",
    b"bytes",
    object(),
    [None, 1],
    ["a", "b"],
    [[1, 2], [3]],
    [1, 2, 3],
    np.zeros((2, 3)),
    np.zeros((2, 2, 2, 2)),
    np.array([1 + 2j, 0]),
    np.array(["2020-01-01", "2021-01-01"], dtype="M8[D]"),
    np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
    {"a": 1},
    [np.nan, 1],
    [np.inf, 1],
    lambda: 3,
    iter([1, 2]),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda w: repr(w)[:30])
def test_a_wrong_observation_is_a_value_error(posterior, wrong):
    if wrong is None:
        pytest.skip("none is the observation of the inference")
    for call in (
        lambda: posterior.sample(wrong, 5),
        lambda: posterior.map(wrong),
        lambda: posterior.log_prob([0, 0], wrong),
        lambda: rd.check(posterior, x_o=wrong),
    ):
        with pytest.raises(ValueError, match=".{10}"):
            call()


@pytest.mark.parametrize("wrong", WRONG, ids=lambda w: repr(w)[:30])
def test_wrong_parameters_are_a_value_error_or_impossible(prior, posterior, wrong):
    for log_prob in (prior.log_prob, lambda theta: posterior.log_prob(theta, X)):
        try:
            values = np.asarray(log_prob(wrong))
        except ValueError as error:
            assert len(str(error)) > 10
        else:
            assert (values == -np.inf).all()


@pytest.mark.parametrize("wrong", WRONG, ids=lambda w: repr(w)[:30])
def test_wrong_simulations_are_a_value_error(prior, wrong):
    for pair in [(wrong, np.zeros((200, 2))), (np.zeros((200, 2)), wrong), wrong]:
        with pytest.raises((ValueError, rd.Error), match=".{10}"):
            rd.infer(prior, pair)


@pytest.mark.parametrize("value", [1e300, -1e300, 1e-320, np.finfo(float).max])
def test_huge_and_tiny_numbers_do_no_harm(prior, posterior, value):
    assert np.isfinite(posterior.sample([value, 0], 20).array).all()
    assert not np.isnan(posterior.log_prob([[value, 0], [0, value]], X)).any()
    assert not np.isnan(prior.log_prob([value, 0]))


@pytest.mark.parametrize("n", [0, -1, 1.5, "many", None, np.nan, 2**70, [3]])
def test_wrong_counts_are_a_value_error(posterior, prior, n):
    with pytest.raises(ValueError, match="n: given"):
        posterior.sample(X, n)
    with pytest.raises(ValueError, match="n: given"):
        rd.simulate(prior, lambda theta: theta, n)


@pytest.mark.parametrize("seed", [-1, 1.5, "one", 2**63, 2**64, None, [1]])
def test_wrong_seeds_are_a_value_error(prior, sims, posterior, seed):
    with pytest.raises(ValueError, match="seed: given"):
        rd.infer(prior, sims, seed=seed)
    if seed is not None:
        with pytest.raises(ValueError, match="seed: given"):
            posterior.sample(X, 5, seed=seed)


def test_tensors_come_through_dlpack(posterior):
    class Tensor:
        """Something that numpy knows nothing of but the protocol."""

        def __init__(self, array):
            self._array = array

        def __dlpack__(self, **options):
            return self._array.__dlpack__(**options)

        def __dlpack_device__(self):
            return self._array.__dlpack_device__()

    assert posterior.sample(Tensor(X), 10) == posterior.sample(X, 10)


def test_tensors_of_torch(posterior, prior):
    torch = pytest.importorskip("torch")
    x = torch.tensor(X, requires_grad=True)
    assert posterior.sample(x, 10) == posterior.sample(X, 10)
    assert posterior.sample(x.half().float(), 10).array.shape == (10, 2)
    sims = rd.simulate(prior, lambda theta: torch.as_tensor(theta) * 2, 200)
    np.testing.assert_array_equal(sims.x, sims.theta * 2)


def test_results_do_not_share_memory_with_what_was_given(prior):
    theta, x = np.zeros((5, 2)), np.zeros((5, 2))
    sims = rd.Simulations(theta, x)
    x[:] = theta[:] = 9
    assert (sims.x == 0).all() and (sims.theta == 0).all()


def test_nothing_leaks(prior, posterior):
    resource = pytest.importorskip("resource")
    theta = np.zeros((50, 2))

    def work(n):
        for i in range(n):
            prior.log_prob(theta)
            posterior.log_prob(theta, X)
            try:
                prior.log_prob([1.0])
            except ValueError:
                pass
            if i % 50 == 0:
                posterior.sample(X, 10)

    work(2000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work(10_000)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    # A leak of one small array a call would be 8 MB.
    assert grown < 4000, f"{grown} KB"


def test_threads_may_call_at_once(prior, sims, posterior):
    from concurrent.futures import ThreadPoolExecutor

    expected = [posterior.sample(X, 50, seed=seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda seed: posterior.sample(X, 50, seed=seed), range(8)))
        fitted = list(pool.map(lambda seed: rd.infer(prior, sims, "abc_rejection", seed=seed), range(4)))
        again = list(pool.map(lambda p: p.sample(X, 20), fitted))
    assert found == expected
    assert [len(samples) for samples in again] == [20] * 4


def test_shapes_of_one_and_of_many(posterior):
    for shape, n in itertools.product([(2,), (1, 2), (2, 1), (1, 1, 2)], [1, 3]):
        assert posterior.sample(X.reshape(shape), n).array.shape == (n, 2)
    assert len(posterior.sample(np.zeros((3, 2)), 4)) == 3
    assert len(posterior.sample(np.zeros((3, 1, 2)), 4)) == 3
