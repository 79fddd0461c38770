"""sbi: draws by Markov chains from a posterior whose likelihood was learned, with its defaults."""

import argparse
import time

import sbi
import torch
from sbi.inference import NLE

from conversation import converse
from effective import bulk
from simulations import POSTERIOR_EPOCHS, POSTERIOR_ROWS, TRAINING_ROWS, load

CHAINS = 20  # sbi's default


def train(theta, x):
    n = theta.shape[1]
    prior = torch.distributions.MultivariateNormal(torch.zeros(n), torch.eye(n))
    inference = NLE(prior, show_progress_bars=False)
    inference.append_simulations(theta[:POSTERIOR_ROWS], x[:POSTERIOR_ROWS])
    inference.train(max_num_epochs=POSTERIOR_EPOCHS)
    return inference.build_posterior()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data")
    parser.add_argument("--n", type=int, default=10_000)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    theta, x = (torch.from_numpy(array) for array in load(arguments.data))
    posterior = train(theta, x)
    observed = x[TRAINING_ROWS]

    def repeat():
        start = time.perf_counter()
        draws = posterior.sample((arguments.n,), x=observed, show_progress_bars=False)
        seconds = time.perf_counter() - start
        chains = draws.numpy().astype(float).reshape(CHAINS, -1, draws.shape[1])
        effective = min(bulk(chains[:, :, j]) for j in range(draws.shape[1]))
        means = draws.mean(0).tolist()
        return {"seconds": seconds, "units": effective, "draws": len(draws), "means": means}

    version = f"sbi {sbi.__version__}, torch {torch.__version__}"
    converse({"version": version, "threads": torch.get_num_threads()}, repeat)


if __name__ == "__main__":
    main()
