"""Run a command from a shell's point of view, once for each line read: its time and its memory.

    python -I -S launch.py '[["program", "argument", "{out}"], …]'

The programs run one after another, with a fresh folder in place of `{out}` and the number of the
repeat in place of `{seed}`; times are added, and the
largest peak is kept. Linux counts the memory of whoever starts a program to the program's peak, so
this is a process of its own that imports next to nothing.
"""

import json
import os
import sys
import time


def once(commands, seed):
    parent = os.environ.get("TMPDIR", "/tmp")
    folder = f"{parent}/retrodict-peers-{os.getpid()}-{time.monotonic_ns()}"
    os.mkdir(folder)
    seconds, peak = 0.0, 0
    for command in commands:
        start = time.perf_counter()
        status, memory = run([argument.replace("{out}", folder).replace("{seed}", str(seed)) for argument in command])
        seconds += time.perf_counter() - start
        peak = max(peak, memory)
        # 3 is a run that ended with the verdict `failed`: it did all its work.
        if status not in (0, 3):
            sys.exit(f"{command} ended with {status}")
    remove(folder)
    return {"seconds": seconds, "units": 1, "peak_bytes": peak, "status": status}


def run(command):
    """The exit code, and the most memory that was resident."""
    child = os.fork()
    if child == 0:
        # What programs say is not the answer that the driver reads.
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.dup2(null, 2)
        try:
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    _, status, usage = os.wait4(child, 0)
    unit = 1 if sys.platform == "darwin" else 1024
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss * unit


def remove(folder):
    for root, folders, files in os.walk(folder, topdown=False):
        for name in files:
            os.remove(os.path.join(root, name))
        for name in folders:
            os.rmdir(os.path.join(root, name))
    os.rmdir(folder)


if __name__ == "__main__":
    commands = json.loads(sys.argv[1])
    print(json.dumps({}), flush=True)
    for seed, _ in enumerate(sys.stdin, 1):
        print(json.dumps(once(commands, seed)), flush=True)
