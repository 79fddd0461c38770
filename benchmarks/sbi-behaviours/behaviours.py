"""The behaviours of sbi's own tests on either package, with their times.

    python behaviours.py measure [--package sbi] [--one-case] [pytest arguments]
                                                                       appends a line a test to PACKAGE.jsonl
    python behaviours.py table                                         the two beside each other, as Markdown

``python`` is one in which torch, scikit-learn, pytest and the package are installed. One thread each, and
seconds are those of the processor, so that they mean the same on a machine that does other things. A test that is
measured again counts with its last line.
"""

import argparse
import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TESTS = HERE.parent.parent / "python" / "tests" / "sbi"
FILES = [
    "test_npe.py",
    "test_likelihood.py",
    "test_vector_field.py",
    "test_diagnostics.py",
    "test_failures_and_ensembles.py",
    "test_shapes.py",
    "test_tutorials.py",
]


def processor_seconds():
    return sum(os.times()[:4])


def pytest_collection_modifyitems(items):
    """With ``--one-case`` the first case of each behaviour that has none yet."""
    if os.environ.get("BEHAVIOURS_ONE_CASE"):
        known = {test.partition("[")[0] for test in read(Path(os.environ["BEHAVIOURS_LOG"]).stem)}
        chosen = {}
        for item in items:
            name = item.nodeid.split("/")[-1].partition("[")[0]
            if name not in known:
                chosen.setdefault(name, item)
        items[:] = chosen.values()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """As a plugin: the seconds of a test's call go with its report."""
    report = yield
    report.processor = round(item.__dict__.get("_processor", 0.0), 2)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    before = processor_seconds()
    try:
        return (yield)
    finally:
        item._processor = processor_seconds() - before


def pytest_runtest_logreport(report):
    """One line a test, when its call ends."""
    if report.when == "call" or (report.when == "setup" and report.outcome != "passed"):
        line = {"test": report.nodeid.split("/")[-1], "outcome": report.outcome, "seconds": report.processor}
        with open(os.environ["BEHAVIOURS_LOG"], "a") as file:
            file.write(json.dumps(line) + "\n")


def measure(package, one_case, arguments):
    log = HERE / f"{package.split('.')[0]}.jsonl"
    environment = {
        **os.environ,
        "SBI_PACKAGE": package,
        "BEHAVIOURS_LOG": str(log),
        "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]),
        "BEHAVIOURS_ONE_CASE": "1" if one_case else "",
        "OMP_NUM_THREADS": "1",
        "RAYON_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "behaviours", "-p", "no:cacheprovider", "--tb=line", "-W", "ignore"]
    chosen = arguments if any(".py" in a for a in arguments) else [*FILES, *arguments]
    subprocess.run([*command, *chosen], cwd=TESTS, env=environment)


def read(name):
    path = HERE / f"{name}.jsonl"
    if not path.exists():
        return {}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {line["test"]: line for line in lines}


def sentences():
    """What each test function says it restates."""
    found = {}
    for name in FILES:
        for node in ast.parse((TESTS / name).read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found[f"{name}::{node.name}"] = (ast.get_docstring(node) or "").splitlines()[0]
    return found


def cell(lines):
    """What the cases of one behaviour took together, and how many did not pass."""
    if not lines:
        return "not measured"
    failed = sum(line["outcome"] != "passed" for line in lines)
    seconds = f"{sum(line['seconds'] for line in lines):.1f} s"
    return f"{seconds}, {failed} failed" if failed else seconds


def table():
    ours, theirs = read("retrodict"), read("sbi")
    print("| restated from `sbi` | cases measured | Retrodict | the same cases in `sbi` | |\n|---|---:|---:|---:|---:|")
    for name, said in sentences().items():
        cases = [test for test in ours if test.partition("[")[0] == name]
        both = [test for test in cases if test in theirs]
        few = f" ({len(both)} of {len(cases)})" if 0 < len(both) < len(cases) else ""
        ratio = ""
        if both and (seconds := sum(ours[t]["seconds"] for t in both)) > 0.05:
            ratio = f"{sum(theirs[t]['seconds'] for t in both) / seconds:.1f}×"
        mine = cell([ours[t] for t in cases])
        print(f"| {said} | {len(cases) or ''} | {mine} | {cell([theirs[t] for t in both])}{few} | {ratio} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["measure", "table"])
    parser.add_argument("--package", default="retrodict.sbi")
    parser.add_argument("--one-case", action="store_true")
    known, rest = parser.parse_known_args()
    measure(known.package, known.one_case, rest) if known.what == "measure" else table()
