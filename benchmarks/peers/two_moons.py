"""The two moons with 10,000 simulations: how long to convergence, and how good the posterior is."""

import csv
import os
import statistics
import subprocess

import rows
from group import Group, Line

OBSERVATIONS = [1, 2, 3, 4, 5]
# A run of sbi takes three minutes, and there is one for each number of threads.
REPEATS = 1


def group(setting, threads):
    data = setting.folder("two-moons")
    subprocess.run([rows.program("peers"), "two-moons-data", "--data", data], check=True)
    observations = os.path.join(data, "observations.csv")
    write_observations(setting.tasks, observations)
    options = lambda name: [
        "--data", data, "--observations", observations, "--out", setting.folder("two-moons", name),
    ]  # fmt: skip
    sides = [
        rows.ours(threads, "two-moons", *options(rows.OURS)),
        rows.python(rows.SBI, "sbi_two_moons.py", threads, *options(rows.SBI)),
    ]
    line = Line("two moons, 10,000 simulations, to convergence", rows.OURS, rows.SBI, 30)
    finish = lambda group: group.notes.update(accuracy=accuracy(setting))
    return Group("two-moons", threads, sides, [line], REPEATS, finish)


def accuracy(setting):
    """The mean C2ST of each side's last draws against the reference samples."""
    result = {}
    for side in (rows.OURS, rows.SBI):
        folder = setting.folder("two-moons", side)
        values = [
            c2st(os.path.join(files(setting.tasks, i), "reference_posterior_samples.csv"), f"{folder}/draws-{i}.csv")
            for i in OBSERVATIONS
        ]
        result[side] = {"c2st": values, "mean": statistics.mean(values)}
    return result


def c2st(reference, draws):
    return float(subprocess.check_output([rows.program("sbibm"), "c2st", reference, draws]))


def files(tasks, number):
    return os.path.join(tasks, "two_moons", "files", f"num_observation_{number}")


def write_observations(tasks, path):
    table = []
    for number in OBSERVATIONS:
        with open(os.path.join(files(tasks, number), "observation.csv"), newline="") as file:
            header, values = list(csv.reader(file))[:2]
        table.append(values)
    with open(path, "w", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([header, *table])
