"""pyABC: sequential Monte Carlo to a tolerance, with its defaults and as many processes as threads."""

import argparse
import logging
import os
import random
import tempfile
import time

import numpy as np
import pyabc

from conversation import converse
from conversion import simulate


class MedianDownTo(pyabc.MedianEpsilon):
    """pyABC's default, but no tolerance is below the last one: both sides shall end at the same."""

    def __init__(self, last):
        super().__init__()
        self.last = last

    def __call__(self, t):
        return max(super().__call__(t), self.last)


def model(theta):
    return {"x": np.array(simulate(theta["forward"], theta["backward"], random.gauss))}


def distance():
    return pyabc.PNormDistance(p=2)


def infer(observation, arguments, folder, seed):
    random.seed(seed)
    np.random.seed(seed)
    prior = pyabc.Distribution(
        forward=pyabc.RV("uniform", 0, 1), backward=pyabc.RV("uniform", 0, 1)
    )
    sampler = (
        pyabc.SingleCoreSampler()
        if arguments.threads == 1
        else pyabc.MulticoreEvalParallelSampler(n_procs=arguments.threads)
    )
    abc = pyabc.ABCSMC(
        model,
        prior,
        distance(),
        population_size=arguments.population,
        eps=MedianDownTo(arguments.tolerance),
        sampler=sampler,
    )
    path = os.path.join(folder, f"{seed}.db")
    abc.new("sqlite:///" + path, {"x": np.array(observation)})
    return abc.run(minimum_epsilon=arguments.tolerance)


def moments(history):
    draws, weights = history.get_distribution()
    found = []
    for name in ("forward", "backward"):
        mean = np.sum(weights * draws[name])
        found += [mean, np.sqrt(np.sum(weights * (draws[name] - mean) ** 2))]
    return [float(f) for f in found]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tolerance", type=float)
    parser.add_argument("--population", type=int, default=1000)
    parser.add_argument("--observation", type=lambda text: [float(t) for t in text.split(",")])
    arguments = parser.parse_args()
    logging.getLogger("ABC").setLevel(logging.ERROR)
    seed = 0

    def repeat():
        nonlocal seed
        seed += 1
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            history = infer(arguments.observation, arguments, folder, seed)
            seconds = time.perf_counter() - start
            populations = history.get_all_populations()
            return {
                "seconds": seconds,
                "units": 1,
                "tolerance": float(populations["epsilon"].iloc[-1]),
                "generations": history.max_t + 1,
                "simulations": int(history.total_nr_simulations),
                "moments": moments(history),
            }

    converse({"version": f"pyabc {pyabc.__version__}", "threads": arguments.threads}, repeat)


if __name__ == "__main__":
    main()
