"""Write the first observation of every benchmark task to crates/retrodict/data/sbibm-observations.csv.

Run download.sh first. Source: the Python package sbibm 1.1.0 (MIT licence).
"""

import csv
import pathlib

here = pathlib.Path(__file__).resolve().parent
tasks = here / "data" / "sbibm" / "tasks"
target = here.parent.parent / "crates" / "retrodict" / "data" / "sbibm-observations.csv"

FILES = {
    "gaussian_linear": ("gaussian_linear", "observation.csv"),
    "gaussian_linear_uniform": ("gaussian_linear_uniform", "observation.csv"),
    "slcp": ("slcp", "observation.csv"),
    "slcp_distractors": ("slcp", "observation_distractors.csv"),
    "bernoulli_glm": ("bernoulli_glm", "observation.csv"),
    "bernoulli_glm_raw": ("bernoulli_glm", "observation_raw.csv"),
    "gaussian_mixture": ("gaussian_mixture", "observation.csv"),
    "two_moons": ("two_moons", "observation.csv"),
    "sir": ("sir", "observation.csv"),
    "lotka_volterra": ("lotka_volterra", "observation.csv"),
}

with open(target, "w", newline="") as out:
    out.write("# Observation 1 of the SBI benchmark (Lueckmann et al. 2021), package sbibm 1.1.0, MIT licence.\n")
    for task, (folder, name) in FILES.items():
        with open(tasks / folder / "files" / "num_observation_1" / name, newline="") as file:
            rows = list(csv.reader(file))
        out.write(",".join([task, *rows[1]]) + "\n")
