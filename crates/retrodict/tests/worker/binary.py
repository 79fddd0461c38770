"""A worker with a habit: binary.py HABIT [FOLDER]. x = (theta_1 + noise, theta_2 * noise)."""

import os
import random
import struct
import sys
import time

habit = sys.argv[1] if len(sys.argv) > 1 else "good"
folder = sys.argv[2] if len(sys.argv) > 2 else "."


def once():
    """Whether this is the first process to ask."""
    try:
        os.close(os.open(os.path.join(folder, "once"), os.O_CREAT | os.O_EXCL))
        return True
    except FileExistsError:
        return False


if habit == "dies_at_start":
    sys.exit("no module named physics")
if habit == "silent":
    time.sleep(600)
if habit == "banner":
    print("Welcome to the simulator!", flush=True)
n_parameters = 3 if habit == "three" else 2
more = ', "log_likelihood": true' if habit == "likelihood" else ""
print('{"retrodict": 1, "parameters": %d, "data": [2]%s}' % (n_parameters, more), flush=True)

stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
while True:
    head = stdin.read(4)
    if len(head) < 4:
        break
    (n,) = struct.unpack("<I", head)
    if n == 0:
        (n,) = struct.unpack("<I", stdin.read(4))
        x = struct.unpack("<2d", stdin.read(16))
        theta = struct.unpack("<%dd" % (2 * n), stdin.read(16 * n))
        status, values = bytearray(n), []
        for i in range(n):
            a, b = theta[2 * i : 2 * i + 2]
            # No density, but another number for every question; none for some, and one that kills.
            if 0.5 < a < 0.505:
                os._exit(3)
            status[i] = 0.1 <= a < 0.2
            values.append(-float("inf") if a < 0.1 else -0.5 * (x[0] - a) ** 2 - b * x[1])
        stdout.write(bytes(status) + struct.pack("<%dd" % n, *values))
        stdout.flush()
        continue
    seeds = struct.unpack("<%dQ" % n, stdin.read(8 * n))
    theta = struct.unpack("<%dd" % (2 * n), stdin.read(16 * n))
    status, data = bytearray(n), []
    for i, seed in enumerate(seeds):
        a, b = theta[2 * i : 2 * i + 2]
        noise = random.Random(seed).gauss(0.0, 1.0)
        x = [a + noise, b * noise]
        if habit == "seed":
            x = [float(seed), 0.0]
        if habit == "killed_at_random" and random.SystemRandom().random() < 0.005:
            with open(os.path.join(folder, "killed"), "a") as killed:
                killed.write("%d\n" % seed)
            os.kill(os.getpid(), 9)
        if habit == "nan_for_a_tenth" and a < 0.1:
            x[1] = float("nan")
        if habit == "fails_for_a_tenth" and a < 0.1:
            status[i] = 1
        if habit == "crashes_for_some" and a < 0.02:
            os._exit(3)
        if habit == "segfaults_for_some" and a < 0.02:
            os.abort()
        if habit == "hangs_once" and a < 0.5 and once():
            time.sleep(600)
        if habit == "hangs_for_some" and 0.5 < a < 0.505:
            time.sleep(600)
        if habit == "hangs":
            time.sleep(600)
        if habit == "garbage_once" and a < 0.5 and once():
            status = bytearray(b"x" * n)
        if habit == "flood":
            sys.stderr.write("x" * 10000 + "\n")
        data += x
    answer = bytes(status) + struct.pack("<%dd" % len(data), *data)
    if habit == "garbage":
        answer = b"mean 1.0, sd 2.0\n" * 10
    if habit == "too_much":
        answer += b"done\n"
    if habit == "half_a_frame" and n > 1 and once():
        stdout.write(answer[: len(answer) // 2])
        stdout.flush()
        os._exit(0)
    if habit == "in_pieces":
        for i in range(0, len(answer), 7):
            stdout.write(answer[i : i + 7])
            stdout.flush()
    else:
        stdout.write(answer)
    stdout.flush()
