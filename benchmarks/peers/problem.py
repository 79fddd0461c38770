"""The simulations that every side trains on: five parameters, five data."""

import random
import struct

N = 5
ROWS = 11_000  # 10,000 to train on, and 1,000 to test with


def write(folder, rows=ROWS, seed=1):
    """Write theta.npy and x.npy: standard normal θ, and x_j = θ_j + θ_{j+1}² / 3 + 0.3 ε."""
    rng = random.Random(seed)
    theta, x = [], []
    for _ in range(rows):
        row = [rng.gauss(0.0, 1.0) for _ in range(N)]
        theta += row
        x += [row[j] + row[(j + 1) % N] ** 2 / 3 + 0.3 * rng.gauss(0.0, 1.0) for j in range(N)]
    for name, values in [("theta", theta), ("x", x)]:
        save(folder / f"{name}.npy", values, N)


def save(path, values, columns):
    """Write rows of numbers as a .npy file; the driver does without NumPy, see launch.py."""
    shape = (len(values) // columns, columns)
    header = repr({"descr": "<f8", "fortran_order": False, "shape": shape})
    header += " " * (-(len(header) + 11) % 64) + "\n"
    mark = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header))
    path.write_bytes(mark + header.encode() + struct.pack(f"<{len(values)}d", *values))
