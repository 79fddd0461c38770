"""The simulations that every side reads from the same files."""

import pathlib

import numpy as np

# As in ../src/data.rs and ../src/posterior.rs.
TRAINING_ROWS = 10_000
POSTERIOR_ROWS = 2_000
POSTERIOR_EPOCHS = 20


def load(folder):
    """θ and x as float32."""
    return [np.load(pathlib.Path(folder) / f"{name}.npy").astype(np.float32) for name in ("theta", "x")]


def training_rows(folder):
    return [array[:TRAINING_ROWS] for array in load(folder)]
