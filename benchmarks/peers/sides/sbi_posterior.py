"""sbi: draws, log-probabilities, and calibration of a trained posterior."""

import argparse

import sbi
import torch
from sbi.diagnostics import run_sbc, run_tarp
from sbi.inference import NPE

from conversation import converse, timed
from simulations import POSTERIOR_EPOCHS, POSTERIOR_ROWS, TRAINING_ROWS, load


def train(theta, x):
    """The default posterior (a MAF), trained briefly on the first rows."""
    n = theta.shape[1]
    prior = torch.distributions.MultivariateNormal(torch.zeros(n), torch.eye(n))
    inference = NPE(prior, show_progress_bars=False)
    inference.append_simulations(theta[:POSTERIOR_ROWS], x[:POSTERIOR_ROWS])
    inference.train(max_num_epochs=POSTERIOR_EPOCHS)
    return inference.build_posterior()


def sample(posterior, x, n):
    observed = x[TRAINING_ROWS]
    draw = lambda: posterior.sample((n,), x=observed, show_progress_bars=False)
    return lambda: timed(draw, n)


def log_prob(posterior, x, n):
    observed = x[TRAINING_ROWS]
    draws = posterior.sample((n,), x=observed, show_progress_bars=False)
    return lambda: timed(lambda: posterior.log_prob(draws, x=observed), n)


def calibration(posterior, theta, x, tests, n):
    rows = slice(TRAINING_ROWS, TRAINING_ROWS + tests)
    settings = dict(num_posterior_samples=n, use_batched_sampling=True, show_progress_bar=False)

    def check():
        run_sbc(theta[rows], x[rows], posterior, **settings)
        run_tarp(theta[rows], x[rows], posterior, **settings)

    return lambda: timed(check, tests)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["sample", "log-prob", "calibration"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data")
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--tests", type=int, default=1000)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    theta, x = (torch.from_numpy(array) for array in load(arguments.data))
    posterior = train(theta, x)
    repeat = {
        "sample": lambda: sample(posterior, x, arguments.n),
        "log-prob": lambda: log_prob(posterior, x, arguments.n),
        "calibration": lambda: calibration(posterior, theta, x, arguments.tests, arguments.n),
    }[arguments.what]()
    version = f"sbi {sbi.__version__}, torch {torch.__version__}"
    converse({"version": version, "threads": torch.get_num_threads()}, repeat)


if __name__ == "__main__":
    main()
