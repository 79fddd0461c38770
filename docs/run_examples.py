"""Runs the examples of the guide: every ```console block, in the order in which it stands.

A block is a shell session. Lines that start with `$ ` are commands; the lines after a command are
what it prints. A line of output that reads `…` stands for anything; without any output lines the
command only has to succeed. `# exit N` at the end of a command says that it ends with exit code N.
All blocks of one file run in one folder, which is empty but for what lies beside a worked study (a
page with a study.toml next to it). A block that follows the comment
`<!-- file: NAME -->` is not run: it is written to NAME, so that a page can show a study file and
then use it. `<!-- not run: REASON -->` leaves a block out.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

BLOCK = re.compile(
    r"(?:<!-- (?P<note>[^>]*?) -->\s*\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```", re.S | re.M
)


# Seconds from which it is worth saying how long an example takes.
SLOW = 10


def commands(text):
    """(command, expected exit code, expected lines of output) for each `$ ` line."""
    found = []
    for line in text.splitlines():
        if line.startswith("$ "):
            command, _, code = line[2:].partition("# exit ")
            found.append((command.strip(), int(code or 0), []))
        elif found:
            found[-1][2].append(line.rstrip())
    return found


def matches(expected, printed):
    """Whether the printed lines are the expected ones, `…` standing for any number of lines."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "…" else re.escape(line).replace("…", ".*") + r"\s*\n"
        for line in expected
    )
    return re.fullmatch(pattern, printed) is not None


def run_command(command, code, expected, folder, environment):
    """What went wrong, or None."""
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
    )
    if done.returncode != code:
        return f"exit code {done.returncode}, expected {code}; it printed:\n{done.stdout}"
    while expected and not expected[-1]:
        expected.pop()
    if expected and not matches(expected, done.stdout.rstrip("\n") + "\n"):
        return "expected:\n" + "\n".join(expected) + f"\nit printed:\n{done.stdout}"
    return None


def run_file(path, environment):
    """How many commands of one file passed and failed."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="guide-"))
    if (path.parent / "study.toml").exists():
        for sibling in path.parent.iterdir():
            if sibling.is_file():
                shutil.copy(sibling, folder)
    passed = failed = 0
    for block in BLOCK.finditer(path.read_text(encoding="utf-8")):
        note = (block["note"] or "").strip()
        if note.startswith("file:"):
            target = folder / note.removeprefix("file:").strip()
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block["text"], encoding="utf-8")
        elif block["kind"] == "console" and not note.startswith("not run:"):
            for command, code, expected in commands(block["text"]):
                start = time.perf_counter()
                problem = run_command(command, code, expected, folder, environment)
                seconds = time.perf_counter() - start
                if seconds > SLOW:
                    print(f"{path}: `{command}` took {seconds:.0f} s", flush=True)
                passed, failed = passed + (not problem), failed + bool(problem)
                if problem:
                    print(f"{path}: `{command}`: {problem}", flush=True)
    shutil.rmtree(folder)
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--retrodict", required=True, help="the program under test")
    parser.add_argument("paths", nargs="+", help="Markdown files, or folders of them")
    arguments = parser.parse_args()
    program = pathlib.Path(arguments.retrodict).resolve()
    environment = dict(os.environ, PATH=f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    passed = failed = 0
    for path in map(pathlib.Path, arguments.paths):
        for file in sorted(path.rglob("*.md")) if path.is_dir() else [path]:
            results = run_file(file, environment)
            passed, failed = passed + results[0], failed + results[1]
    print(f"examples: {passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
