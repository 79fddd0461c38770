"""The simulator of binary.py in the text protocol: text.py HABIT [FOLDER]."""

import os
import random
import sys
import time

habit = sys.argv[1] if len(sys.argv) > 1 else "good"
folder = sys.argv[2] if len(sys.argv) > 2 else "."
kept = []
more = ', "log_likelihood": true' if habit == "likelihood" else ""
print('{"retrodict": 1, "parameters": 2, "data": [2]%s}' % more, flush=True)


def log_likelihood(a, b, x):
    """No density, but another number for every question; none for some, and one that kills."""
    if a < 0.1:
        return "-inf"
    if a < 0.2:
        return "failed too near"
    if 0.5 < a < 0.505:
        os._exit(3)
    return repr(-0.5 * (x[0] - a) ** 2 - b * x[1])


for line in sys.stdin:
    if line.startswith("log_likelihood"):
        a, b, *x = map(float, line.split()[1:])
        print(log_likelihood(a, b, x), flush=True)
        continue
    seed, a, b = int(line.split()[0]), *map(float, line.split()[1:])
    noise = random.Random(seed).gauss(0.0, 1.0)
    x = "%r %r" % (a + noise, b * noise)
    if habit == "seed":
        x = "%d 0" % seed
    if habit == "debug_line":
        print("step 1 of 1")
    if habit == "debug_number":
        print("0.5 0.5")
    if habit == "columns_for_some" and 0.3 <= a < 0.32:
        x += " 1.0"
    if habit == "words_for_some" and 0.3 <= a < 0.32:
        x = "oops"
    if habit == "fails_for_a_tenth" and a < 0.1:
        x = "failed did not converge"
    if habit == "crashes_for_some" and a < 0.02:
        os._exit(3)
    if habit == "hangs_for_some" and 0.5 < a < 0.505:
        time.sleep(600)
    if habit == "endless_line":
        while True:
            print("1.0 " * 1000, end="")
    if habit == "no_flush":
        kept.append(x)
    else:
        print(x, flush=True)
print("\n".join(kept))
