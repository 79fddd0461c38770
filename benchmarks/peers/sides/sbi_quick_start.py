"""What ../quick_start says, as a script with sbi: simulate, train, draw, write."""

import sys

import numpy as np
import torch
from sbi.inference import NPE, simulate_for_sbi
from sbi.utils import BoxUniform


def two_moons(theta):
    """Greenberg et al. (2019), arXiv:1905.07488, for a whole batch at once."""
    angle = torch.pi * (torch.rand(len(theta)) - 0.5)
    radius = 0.1 + 0.01 * torch.randn(len(theta))
    ring = torch.stack([radius * angle.cos() + 0.25, radius * angle.sin()], 1)
    shift = torch.stack([-(theta[:, 0] + theta[:, 1]).abs(), theta[:, 1] - theta[:, 0]], 1)
    return ring + shift / 2**0.5


def linear_gaussian(theta):
    """x = θ + ε, noise of standard deviation 0.5 and correlation 0.8."""
    covariance = 0.25 * torch.tensor([[1.0, 0.8], [0.8, 1.0]])
    return theta + torch.randn(len(theta), 2) @ torch.linalg.cholesky(covariance).T


PROBLEMS = {
    "two_moons": (two_moons, BoxUniform(-torch.ones(2), torch.ones(2))),
    "linear_gaussian": (linear_gaussian, torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))),
}


def main(problem, threads, seed, out):
    torch.set_num_threads(int(threads))
    torch.manual_seed(int(seed))
    simulator, prior = PROBLEMS[problem]
    theta, x = simulate_for_sbi(simulator, prior, 1000, simulation_batch_size=1000, show_progress_bar=False)
    inference = NPE(prior, show_progress_bars=False)
    inference.append_simulations(theta, x).train()
    posterior = inference.build_posterior()
    draws = posterior.sample((1000,), x=torch.zeros(2), show_progress_bars=False)
    np.save(f"{out}/draws.npy", draws.numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
