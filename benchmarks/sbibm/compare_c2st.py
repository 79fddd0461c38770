"""Print our C2ST beside scikit-learn's on several pairs of samples, as a Markdown table.

Needs numpy and scikit-learn, the benchmark's data (download.sh) and the built program:

    python3 compare_c2st.py path/to/sbibm
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neural_network import MLPClassifier

TASKS = pathlib.Path(__file__).resolve().parent / "data" / "sbibm" / "tasks"
N = 10_000


def scikit_learn(reference, samples, seed=1):
    mean, sd = reference.mean(0), reference.std(0, ddof=1)
    data = np.concatenate([(reference - mean) / sd, (samples - mean) / sd])
    target = np.repeat([0, 1], [len(reference), len(samples)])
    width = 10 * reference.shape[1]
    network = MLPClassifier((width, width), max_iter=10_000, random_state=seed)
    folds = KFold(5, shuffle=True, random_state=seed)
    return cross_val_score(network, data, target, cv=folds, scoring="accuracy").mean()


def ours(program, reference, samples):
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, table in [("reference", reference), ("samples", samples)]:
            paths.append(f"{folder}/{name}.csv")
            header = ",".join(f"theta_{i + 1}" for i in range(table.shape[1]))
            np.savetxt(paths[-1], table, delimiter=",", header=header, comments="")
        return float(subprocess.check_output([program, "c2st", *paths]))


def load(task, number):
    path = TASKS / task / "files" / f"num_observation_{number}" / "reference_posterior_samples.csv"
    return np.loadtxt(path, delimiter=",", skiprows=1)


def pairs():
    rng = np.random.default_rng(1)
    normal = lambda d: rng.standard_normal((N, d))
    yield "N(0, I) twice, 2 columns", normal(2), normal(2)
    yield "N(0, I) and N(0.5, I), 2 columns", normal(2), normal(2) + 0.5
    # A Gaussian with the right mean and covariance: what a poor fit looks like.
    for task in ["two_moons", "slcp"]:
        samples = load(task, 2)
        yield f"{task} 2 and its Gaussian", samples, rng.multivariate_normal(samples.mean(0), np.cov(samples.T), N)
    # Blurred samples: what a good fit looks like.
    for task, noise in [("two_moons", 0.01), ("slcp", 0.1), ("lotka_volterra", 0.01), ("bernoulli_glm", 0.3)]:
        samples = load(task, 1)
        moved = rng.permutation(samples + noise * rng.standard_normal(samples.shape))
        # With 10,000 rows of ten columns scikit-learn takes a quarter of an hour.
        rows = 2500 if samples.shape[1] == 10 else N
        label = f"{task} 1 and itself with noise of {noise}"
        yield label if rows == N else f"{label}, {rows} a side", samples[:rows], moved[:rows]


if __name__ == "__main__":
    print("| pair | scikit-learn | Retrodict | difference |")
    print("|---|---:|---:|---:|")
    worst = 0.0
    for name, reference, samples in pairs():
        a, b = scikit_learn(reference, samples), ours(sys.argv[1], reference, samples)
        worst = max(worst, abs(a - b))
        print(f"| {name} | {a:.4f} | {b:.4f} | {b - a:+.4f} |", flush=True)
    print(f"\nLargest difference: {worst:.4f}")
    sys.exit(worst > 0.01)
