"""A mass on a spring, pulled to 1 and released: its position after 1, 2, … 10 seconds,
measured with an error of 0.2. Change `simulate` and the two numbers below it to make it yours."""

import math
import random
import struct
import sys


def position(theta):
    omega, gamma = theta
    return [math.exp(-gamma * t) * math.cos(omega * t) for t in range(1, 11)]


def simulate(theta, rng):
    return [x + rng.gauss(0.0, 0.2) for x in position(theta)]


# Only for `method = "likelihood"`. Without it, take `"log_likelihood": true` out of the first line.
def log_likelihood(theta, data):
    return sum(-0.5 * ((x - mean) / 0.2) ** 2 for x, mean in zip(data, position(theta)))


N_PARAMETERS = 2
N_DATA = 10

# Say hello, then answer batches until the input ends. Use `print(..., file=sys.stderr)` for
# anything that is no answer.
hello = '{"retrodict": 1, "parameters": %d, "data": [%d], "log_likelihood": true}'
print(hello % (N_PARAMETERS, N_DATA), flush=True)
stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
while head := stdin.read(4):
    (n,) = struct.unpack("<I", head)
    if n == 0:  # no simulations: log-likelihoods of these data
        (n,) = struct.unpack("<I", stdin.read(4))
        x = struct.unpack("<%dd" % N_DATA, stdin.read(8 * N_DATA))
        theta = struct.unpack("<%dd" % (n * N_PARAMETERS), stdin.read(8 * n * N_PARAMETERS))
        rows = [theta[i * N_PARAMETERS : (i + 1) * N_PARAMETERS] for i in range(n)]
        stdout.write(bytes(n) + struct.pack("<%dd" % n, *[log_likelihood(row, x) for row in rows]))
        stdout.flush()
        continue
    seeds = struct.unpack("<%dQ" % n, stdin.read(8 * n))
    theta = struct.unpack("<%dd" % (n * N_PARAMETERS), stdin.read(8 * n * N_PARAMETERS))
    status, data = bytearray(n), []
    for i, seed in enumerate(seeds):
        try:
            x = simulate(theta[i * N_PARAMETERS : (i + 1) * N_PARAMETERS], random.Random(seed))
        except ArithmeticError as error:
            print("simulation failed:", error, file=sys.stderr)
            status[i], x = 1, [math.nan] * N_DATA
        data += x
    stdout.write(status + struct.pack("<%dd" % len(data), *data))
    stdout.flush()
