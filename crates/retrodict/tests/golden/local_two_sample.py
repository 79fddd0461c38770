"""Writes local_two_sample.json: the local two-sample test of sbi (0.27) at four observations.

    pip install sbi && python local_two_sample.py

θ ~ N(0, I), x = θ + N(0, I), so θ | x ~ N(x / 2, I / 2); the posterior that is tested has its first mean 1.2 sds too
high where x₀ > 0, and is right elsewhere.
"""

import json
import pathlib

import numpy as np
import torch
from sbi.diagnostics.lc2st import LC2ST

PAIRS, DRAWS, SHIFT = 600, 400, 1.2
rng = np.random.default_rng(5)
torch.manual_seed(5)


def posterior(x):
    mean = 0.5 * x
    mean[:, 0] += np.where(x[:, 0] > 0, SHIFT * np.sqrt(0.5), 0)
    return mean + np.sqrt(0.5) * rng.standard_normal(x.shape)


def rounded(values):
    return np.round(values, 4)


theta = rounded(rng.standard_normal((PAIRS, 2)))
x = rounded(theta + rng.standard_normal((PAIRS, 2)))
drawn = rounded(posterior(x))
observed = np.array([[1.5, 0.5], [0.8, -1.0], [-1.5, 0.5], [-0.8, -1.0]])
draws = [rounded(posterior(np.repeat(o[None], DRAWS, 0))) for o in observed]

tensor = lambda a: torch.tensor(a, dtype=torch.float32)
test = LC2ST(tensor(theta), tensor(x), tensor(drawn), seed=5, num_trials_null=100)
test.train_on_observed_data()
test.train_under_null_hypothesis()
results = [
    {
        "observed": o.tolist(),
        "draws": d.tolist(),
        "statistic": float(np.mean(test.get_statistic_on_observed_data(tensor(d), tensor(o)))),
        "p_value": float(test.p_value(tensor(d), tensor(o))),
    }
    for o, d in zip(observed, draws)
]
for r in results:
    print(r["observed"], r["statistic"], r["p_value"])
golden = {"shift": SHIFT, "theta": theta.tolist(), "x": x.tolist(), "drawn": drawn.tolist(), "observations": results}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n")
