"""What is compared: the rows of the table, each with the promise it has to keep.

Another measurement is another function here, in `groups`.
"""

import json
import os
import sys

from group import Group, Line
from side import HERE, Side

TARGET = os.path.join(HERE, "..", "..", "target", "release")
OURS, SBI, JAX, PYABC = "Retrodict", "sbi", "flowjax", "pyabc"


class Setting:
    """Where things are, and how much is done."""

    def __init__(self, work, quick, tasks):
        self.work, self.quick, self.tasks = work, quick, tasks

    def folder(self, *names):
        path = os.path.join(self.work, *names)
        os.makedirs(path, exist_ok=True)
        return path

    def choose(self, full, quick):
        return quick if self.quick else full


def program(name):
    return os.path.join(TARGET, name)


def ours(threads, *options, name=OURS):
    return Side(name, [program("peers"), *options, "--threads", threads], threads)


def python(name, script, threads, *options):
    script = os.path.join(HERE, "sides", script)
    return Side(name, [sys.executable, script, *options, "--threads", threads], threads)


# How many steps a repeat takes, so that it lasts a few tenths of a second: ours, sbi, flowjax.
STEPS = {
    "maf": (500, 20, 100),
    "maf_rqs": (100, 10, 25),
    "nsf": (100, 10, 0),
    "mdn": (1000, 50, 0),
    "ratio": (300, 50, 0),
    "field": (300, 50, 0),
}
NAMES = {
    "maf": "MAF",
    "maf_rqs": "autoregressive splines",
    "nsf": "NSF (coupling splines)",
    "mdn": "MDN",
    "ratio": "ratio classifier (NRE-B, ten classes)",
    "field": "flow matching",
}
AT_LEAST = {
    ("maf", SBI): 28,
    ("maf", JAX): 3,
    ("maf_rqs", JAX): 5,
    ("nsf", SBI): 20,
    ("mdn", SBI): 20,
    ("ratio", SBI): 20,
    ("field", SBI): 20,
}


def training_step(setting, network, threads):
    """Promises are for one thread; two are measured beside them."""
    n_ours, n_sbi, n_jax = STEPS[network]
    common = ["--network", network, "--data", setting.folder("five")]
    common += ["--warm-up", setting.choose(500, 100)]
    sides = [
        ours(threads, "training-step", *common, "--steps", n_ours),
        python(SBI, "sbi_training_step.py", threads, *common, "--steps", n_sbi),
    ]
    if n_jax:
        sides.append(python(JAX, "jax_training_step.py", threads, *common, "--steps", n_jax))
    lines = []
    for side in sides[1:]:
        target = AT_LEAST.get((network, side.name)) if threads == 1 else None
        lines.append(Line(f"training step, {NAMES[network]}", OURS, side.name, target))
    return Group(f"training-step-{network}", threads, sides, lines, setting.choose(21, 5))


def two_threads(setting, batch, target):
    options = ["training-step", "--network", "maf", "--data", setting.folder("five")]
    # Long enough for the system to have spread the threads over the cores.
    options += ["--batch", batch, "--steps", 240_000 // batch]
    sides = [ours(1, *options, name="one thread"), ours(2, *options, name="two threads")]
    line = Line(f"two threads against one, MAF, batch {batch}", "two threads", "one thread", target)
    return Group(f"two-threads-{batch}", 2, sides, [line], setting.choose(31, 7))


PROBLEMS = {"two_moons": "two moons", "linear_gaussian": "linear Gaussian"}


def quick_start(setting, problem, threads):
    """From a shell: start, 1,000 simulations, default settings, 1,000 draws, on disk. Each repeat has
    another seed: how long training goes on depends on it, on both sides."""
    study = os.path.join(HERE, "quick_start", f"{problem}.toml")
    common = ["--out", "{out}/run", "--threads", str(threads), "--seed", "{seed}"]
    stage = lambda name: [program("retrodict"), name, study, *common]
    script = os.path.join(HERE, "sides", "sbi_quick_start.py")
    commands = {
        OURS: [stage("simulate"), stage("fit"), stage("sample")],
        f"{OURS}, checked": [stage("run")],
        SBI: [[sys.executable, script, problem, str(threads), "{seed}", "{out}"]],
    }
    launch = [sys.executable, "-I", "-S", os.path.join(HERE, "launch.py")]
    sides = [Side(name, [*launch, json.dumps(what)], threads) for name, what in commands.items()]
    words = PROBLEMS[problem]
    lines = [
        Line(f"whole process, {words}", OURS, SBI, 50, memory=100_000_000),
        Line(f"whole process, {words}, with checks and report", f"{OURS}, checked", SBI),
    ]
    return Group(f"quick-start-{problem}", threads, sides, lines, setting.choose(5, 1))


SAMPLE = ("sample", "posterior draws")
LOG_PROB = ("log-prob", "log-probabilities")


def posterior(setting, what, words, threads):
    """Draws and log-probabilities; sbi's default is the network that both have in the equal row."""
    n = setting.choose(1_000_000, 50_000)
    options = [what, "--n", n, "--data", setting.folder("five")]
    sides = [
        ours(threads, *options, "--network", "maf"),
        ours(threads, *options, name=f"{OURS}, default"),
        python(SBI, "sbi_posterior.py", threads, *options),
    ]
    lines = [
        Line(f"{n:,} {words}, equal MAF", OURS, SBI, 5),
        Line(f"{n:,} {words}, default settings", f"{OURS}, default", SBI),
    ]
    return Group(f"posterior-{what}", threads, sides, lines, setting.choose(3, 1))


def chains(setting, threads):
    """Markov chains on a learned likelihood, with each side's default sampler."""
    n = setting.choose(10_000, 1_000)
    options = ["mcmc", "--n", n, "--data", setting.folder("five")]
    sides = [
        ours(threads, *options, "--network", "maf"),
        ours(threads, *options, name=f"{OURS}, default"),
        python(SBI, "sbi_mcmc.py", threads, *options[1:]),
    ]
    lines = [
        Line("an effective draw by MCMC on a learned likelihood, equal MAF", OURS, SBI, 20),
        Line("an effective draw by MCMC, default settings", f"{OURS}, default", SBI),
    ]
    return Group("mcmc", threads, sides, lines, setting.choose(3, 1))


def abc_smc(setting, threads):
    """To the same last tolerance, with the same simulator in Python and as many workers."""
    sys.path.insert(0, os.path.join(HERE, "sides"))
    from conversion import observation

    values = ",".join(repr(value) for value in observation())
    options = ["--tolerance", setting.choose(0.1, 0.3), "--population", setting.choose(1000, 200)]
    options += [f"--observation={values}"]
    worker = [sys.executable, os.path.join(HERE, "sides", "abc_worker.py")]
    command = [program("peers"), "--threads", threads, "abc-smc", *options, "--worker", *worker]
    sides = [Side(OURS, command, threads), python(PYABC, "pyabc_smc.py", threads, *options)]
    words = "ABC-SMC, a simulator in Python, to the same tolerance"
    return Group("abc-smc", threads, sides, [Line(words, OURS, PYABC, 10)], setting.choose(3, 1))


def calibration(setting, threads):
    tests = setting.choose(1000, 20)
    options = ["calibration", "--n", 1000, "--tests", tests, "--data", setting.folder("five")]
    sides = [
        ours(threads, *options, "--network", "maf"),
        python(SBI, "sbi_posterior.py", threads, *options),
    ]
    line = Line(f"SBC and coverage, {tests:,} × 1,000 draws, equal MAF", OURS, SBI, 20)
    return Group("calibration", threads, sides, [line], setting.choose(3, 1))


def simulated_rows(setting, place, threads, line):
    n = {"worker": 200_000, "in-process": 1_000_000}[place]
    sides = [ours(threads, "rows", "--place", place, "--n", n)]
    return Group(f"rows-{place}", threads, sides, [line], setting.choose(15, 5))


def groups(setting):
    """All rows, in the order of the table."""
    import two_moons

    threads = [1, 2]
    for network in STEPS:
        for count in setting.choose(threads, [1]):
            yield training_step(setting, network, count)
    yield two_threads(setting, 200, 1.4)
    yield two_threads(setting, 1000, 1.7)
    for problem in PROBLEMS:
        for count in setting.choose(threads, [2]):
            yield quick_start(setting, problem, count)
    for count in setting.choose(threads, []):
        yield two_moons.group(setting, count)
    for what, words in setting.choose([SAMPLE, LOG_PROB], [SAMPLE]):
        for count in setting.choose(threads, [1]):
            yield posterior(setting, what, words, count)
    for count in setting.choose(threads, [1]):
        yield chains(setting, count)
    for count in setting.choose(threads, [1]):
        yield abc_smc(setting, count)
    for count in setting.choose(threads, [1]):
        yield calibration(setting, count)
    for count in threads:
        line = Line("rows through an external worker, batch 100", OURS, None, 40_000, "rows/s")
        yield simulated_rows(setting, "worker", count, line)
    line = Line("a row of an in-process simulator", OURS, None, 100, "ns")
    yield simulated_rows(setting, "in-process", 1, line)
