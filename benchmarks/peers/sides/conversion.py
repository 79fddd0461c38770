"""The simulator of the comparison in approximate Bayesian computation: a reversible reaction.

A ⇌ B with rates θ₁ and θ₂ from A = 1, B = 0: B(t) = θ₁/(θ₁ + θ₂) (1 − exp(−(θ₁ + θ₂) t)), seen at ten
times with an error of 0.02. It is the example of pyABC's documentation, with the equation solved.
"""

import math

TIMES = [3.0 * (k + 1) for k in range(10)]
NOISE = 0.02
RATES = (0.1, 0.08)


def simulate(forward, backward, gauss):
    """One simulation; `gauss(mean, sd)` draws a normal number."""
    total = forward + backward
    level = forward / total
    return [level * (1.0 - math.exp(-total * t)) + gauss(0.0, NOISE) for t in TIMES]


def observation():
    import random

    return simulate(*RATES, random.Random(1).gauss)
