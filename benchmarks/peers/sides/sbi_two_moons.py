"""sbi: the two moons, trained to its default stopping with its neural spline flow."""

import argparse
import pathlib

import numpy as np
import sbi
import torch
from sbi.inference import NPE
from sbi.utils import BoxUniform

from conversation import converse, timed
from simulations import load


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data")
    parser.add_argument("--observations")
    parser.add_argument("--out")
    parser.add_argument("--n", type=int, default=10_000)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    theta, x = (torch.from_numpy(array) for array in load(arguments.data))
    observations = np.loadtxt(arguments.observations, delimiter=",", skiprows=1, ndmin=2)
    prior = BoxUniform(-torch.ones(2), torch.ones(2))

    def repeat():
        inference = NPE(prior, density_estimator="nsf", show_progress_bars=False)
        inference.append_simulations(theta, x)
        answer = timed(inference.train, 1)
        answer["epochs"] = inference.summary["epochs_trained"][-1]
        posterior = inference.build_posterior()
        for i, observed in enumerate(observations.astype(np.float32), 1):
            draws = posterior.sample((arguments.n,), x=torch.from_numpy(observed), show_progress_bars=False)
            path = pathlib.Path(arguments.out) / f"draws-{i}.csv"
            np.savetxt(path, draws.numpy(), delimiter=",", header="theta_1,theta_2", comments="")
        return answer

    version = f"sbi {sbi.__version__}, torch {torch.__version__}"
    converse({"version": version, "threads": torch.get_num_threads()}, repeat)


if __name__ == "__main__":
    main()
