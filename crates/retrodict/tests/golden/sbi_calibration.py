"""Ranks, coverage, log-probabilities and discrepancies by `sbi`: makes sbi_calibration.json.

    pip install sbi==0.27.0 && python sbi_calibration.py
"""

import json
import os
import warnings
from importlib.metadata import version

import numpy as np
import torch
from sbi.diagnostics import get_nltp, run_sbc, run_tarp
from sbi.diagnostics.misspecification import compute_rbf_mmd

warnings.simplefilter("ignore")
# Posteriors of sds SD about 0.8 x, too narrow on purpose; draws and numbers have few digits, so that single
# precision compares as double does.
N_DRAWS, N_TESTS, D, SD = 63, 120, 2, 0.35
rng = np.random.default_rng(2)
rounded = lambda a: np.round(a, 4)
theta = rounded(rng.normal(size=(N_TESTS, D)))
x = rounded(theta + 0.5 * rng.normal(size=(N_TESTS, D)))
draws = rounded(0.8 * x + SD * rng.normal(size=(N_DRAWS, N_TESTS, D)))
points = rounded(rng.normal(size=(N_TESTS, D)))
observed, simulated = rounded(rng.normal(1.0, 1.0, size=(3, D))), rounded(rng.normal(size=(50, D)))


def log_density(theta, x):
    z = (theta.double() - 0.8 * x.double()) / SD
    return (-0.5 * z**2 - np.log(SD * np.sqrt(2 * np.pi))).sum(-1)


class Known:
    """Gives the draws from above."""

    def sample_batched(self, shape, x, **_):
        assert tuple(shape) == (N_DRAWS,) and len(x) == N_TESTS
        return torch.tensor(draws)

    def potential(self, theta, x):
        return log_density(theta, x)


tensor = lambda a: torch.tensor(a)
arguments = dict(num_posterior_samples=N_DRAWS, show_progress_bar=False)
ranks, _ = run_sbc(tensor(theta), tensor(x), Known(), **arguments)
of_density, _ = run_sbc(tensor(theta), tensor(x), Known(), reduce_fns=log_density, **arguments)
coverage, levels = run_tarp(
    tensor(theta), tensor(x), Known(), references=tensor(points), num_bins=12, z_score_theta=False, **arguments
)
golden = {
    "sbi": version("sbi"),
    "theta": theta.tolist(),
    "x": x.tolist(),
    # Test after test, draw after draw.
    "draws": draws.transpose(1, 0, 2).tolist(),
    "points": points.tolist(),
    "ranks": ranks.int().tolist(),
    "density_ranks": of_density.int().flatten().tolist(),
    "levels": levels.tolist(),
    "coverage": coverage.tolist(),
    "log_probabilities": (-get_nltp(tensor(theta), tensor(x), Known())).tolist(),
    "observed": observed.tolist(),
    "simulated": simulated.tolist(),
    "bandwidth": 1.25,
    "discrepancy_of_all": float(compute_rbf_mmd(tensor(observed), tensor(simulated), 1.25)),
    "discrepancy_of_one": float(compute_rbf_mmd(tensor(observed[:1]), tensor(simulated), 1.25)),
}
folder = os.path.dirname(os.path.abspath(__file__))
print(json.dumps(golden), file=open(os.path.join(folder, "sbi_calibration.json"), "w"))
