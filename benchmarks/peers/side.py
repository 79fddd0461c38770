"""One side of a comparison: a process that does its work once whenever it is asked to."""

import json
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


class Side:
    """`name` is what the table calls it; `command` is what is started, on so many threads."""

    def __init__(self, name, command, threads):
        self.name, self.command, self.threads = name, [str(part) for part in command], threads
        self.hello, self.answers = {}, []

    def start(self, folder):
        """Start the process and wait until it has warmed up; what it leaves behind goes to the folder."""
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if os.environ.get("PEERS_QUIET", "1") == "1" else None,
            text=True,
            env=environment(self.threads),
            cwd=folder,
            preexec_fn=lambda: pin(self.threads),
        )
        self.hello = self.listen()

    def repeat(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.answers.append(self.listen())

    def stop(self):
        self.process.stdin.close()
        self.process.wait()

    def seconds_per_unit(self):
        return [answer["seconds"] / answer["units"] for answer in self.answers]

    def listen(self):
        line = self.process.stdout.readline()
        if not line:
            command = " ".join(self.command)
            raise SystemExit(f"`{command}` ended with {self.process.wait()}; run it with PEERS_QUIET=0 to see why")
        return json.loads(line)


def environment(threads):
    """Every library gets as many threads as the row says, and no GPU."""
    count = str(threads)
    settings = {name: count for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    settings |= {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu", "PYTHONWARNINGS": "ignore"}
    if threads == 1:
        settings["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return os.environ | settings


def pin(threads):
    """Keep to as many cores as there are threads, the last ones: the first serves interrupts."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
