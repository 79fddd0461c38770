"""The simulator of `conversion.py` as a worker of Retrodict: what `retrodict init` writes, shortened."""

import random
import struct
import sys

from conversion import TIMES, simulate

print('{"retrodict": 1, "parameters": 2, "data": [%d]}' % len(TIMES), flush=True)
stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
while head := stdin.read(4):
    (n,) = struct.unpack("<I", head)
    seeds = struct.unpack("<%dQ" % n, stdin.read(8 * n))
    theta = struct.unpack("<%dd" % (2 * n), stdin.read(16 * n))
    data = []
    for i, seed in enumerate(seeds):
        data += simulate(theta[2 * i], theta[2 * i + 1], random.Random(seed).gauss)
    stdout.write(bytes(n) + struct.pack("<%dd" % len(data), *data))
    stdout.flush()
