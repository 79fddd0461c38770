"""A mass on a spring, pulled to 1 and released: its position after 1, 2, … 10 seconds,
measured with an error of 0.2. Change `simulate` and the two numbers below it to make it yours."""

import math
import random
import struct
import sys


def simulate(theta, rng):
    omega, gamma = theta
    return [
        math.exp(-gamma * t) * math.cos(omega * t) + rng.gauss(0.0, 0.2) for t in range(1, 11)
    ]


N_PARAMETERS = 2
N_DATA = 10

# Say hello, then answer batches until the input ends. Use `print(..., file=sys.stderr)` for
# anything that is no answer.
print('{"retrodict": 1, "parameters": %d, "data": [%d]}' % (N_PARAMETERS, N_DATA), flush=True)
stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
while head := stdin.read(4):
    (n,) = struct.unpack("<I", head)
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
