"""A problem whose posterior is known exactly."""

import numpy as np

NOISE = 0.3


def linear(theta, rng):
    """x = θ + noise, for one θ or for rows."""
    return theta + NOISE * rng.normal(size=np.shape(theta))


def exact(x_o, sd=(1.0, 2.0)):
    """Mean and standard deviation of the exact posterior."""
    precision = 1 / np.square(sd) + 1 / NOISE**2
    return np.asarray(x_o) / NOISE**2 / precision, precision**-0.5
