"""Moments of the four summaries of the predator-prey tutorial of sbi, simulated with NumPy.

Writes lotka_volterra_summaries.json beside this file: mean and standard deviation of the summaries
over 20,000 noisy records at each of two parameters.
"""

import json
import pathlib

import numpy as np

N = 20_000
rng = np.random.default_rng(1)
cases = []
for alpha, beta, delta, gamma in [(0.1, 0.02, 0.01, 0.1), (0.07, 0.015, 0.006, 0.05)]:
    states = np.zeros((2000, 2))
    states[0] = 40.0, 9.0
    for i in range(1, 2000):
        prey, predators = states[i - 1]
        change = np.array([alpha * prey - beta * prey * predators, delta * prey * predators - gamma * predators])
        states[i] = states[i - 1] + 0.1 * change
    summaries = np.empty((N, 4))
    for j in range(N):
        seen = states + rng.standard_normal((2000, 2))
        summaries[j] = np.concatenate([seen.max(0), seen.mean(0)])
    cases.append({
        "theta": [alpha, beta, delta, gamma],
        "n": N,
        "mean": summaries.mean(0).tolist(),
        "sd": summaries.std(0, ddof=1).tolist(),
    })
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(cases, indent=1) + "\n")
