"""The light of some atoms, each as bright as the others, and that of one: with noise, and its likelihood."""

import json
import random
import sys

NOISE = (0.4, 0.2)


def levels(theta):
    atoms, brightness = theta
    return atoms * brightness, brightness


print(json.dumps({"retrodict": 1, "parameters": 2, "data": [2], "log_likelihood": True}), flush=True)
for line in sys.stdin:
    first, *rest = line.split()
    numbers = [float(word) for word in rest]
    if first == "log_likelihood":
        theta, x = numbers[:2], numbers[2:]
        off = ((value - level) / sd for value, level, sd in zip(x, levels(theta), NOISE))
        print(-0.5 * sum(z * z for z in off), flush=True)
    else:
        generator = random.Random(int(first))
        print(*(generator.gauss(level, sd) for level, sd in zip(levels(numbers), NOISE)), flush=True)
