"""Coverage of balls about given points by the `tarp` package: makes tarp.json.

    pip install numpy scipy tqdm deprecation tarp && python tarp.py
"""

import json
import os
import sys
from importlib.metadata import version

import numpy as np

# This folder holds a file of the package's name.
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != os.path.dirname(os.path.abspath(__file__))]
from tarp import get_tarp_coverage

# With 23 draws no share of them lies on the edge of a bin.
N_DRAWS, N_TESTS, D = 23, 40, 2
rng = np.random.default_rng(1)
rounded = lambda *shape: np.round(rng.normal(size=shape), 4)
draws, truths, points = rounded(N_DRAWS, N_TESTS, D), 1.3 * rounded(N_TESTS, D), rounded(N_TESTS, D)
coverage, levels = get_tarp_coverage(
    draws, truths, references=points, metric="euclidean", norm=False, num_alpha_bins=10
)
golden = {
    "tarp": version("tarp"),
    # Test after test, draw after draw.
    "draws": draws.transpose(1, 0, 2).tolist(),
    "truths": truths.tolist(),
    "points": points.tolist(),
    "levels": levels.tolist(),
    "coverage": coverage.tolist(),
}
print(json.dumps(golden), file=open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "tarp.json"), "w"))
