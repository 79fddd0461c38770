"""Ctrl-C."""

import os
import signal
import threading
import time

import numpy as np
import pytest
from linear_gaussian import linear

import retrodict as rd


@pytest.fixture(autouse=True)
def listening():
    """A program that a shell starts in the background ignores Ctrl-C, and so would its tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt_after(seconds):
    threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGINT)).start()


def test_ctrl_c_stops_training_and_the_same_call_goes_on(prior, tmp_path):
    sims = rd.simulate(prior, linear, 30_000, seed=1)
    settings = {"train": {"max_epochs": 2000, "patience": 2000}, "out": tmp_path / "run"}
    interrupt_after(1.5)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        rd.infer(prior, sims, "npe", **settings)
    assert time.monotonic() - start < 30
    told = []

    def progress(*event):
        told.append(event[:2])
        if event[0] == "progress":
            raise StopIteration

    with pytest.raises(StopIteration):
        rd.infer(prior, sims, "npe", progress=progress, **settings)
    assert ("kept", "simulate") in told and ("started", "fit") in told


def test_ctrl_c_stops_a_simulator(prior):
    def slow(theta, rng):
        time.sleep(0.01)
        return theta

    interrupt_after(1.0)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        rd.infer(prior, slow, "npe", n=100_000, vectorized=False)
    assert time.monotonic() - start < 20


def test_ctrl_c_leaves_long_draws(prior, sims):
    posterior = rd.infer(prior, sims, "classical_kde", sampler={"kind": "slice", "warmup": 5000})
    interrupt_after(1.0)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        posterior.sample(np.zeros(2), 500_000)
    assert time.monotonic() - start < 15
