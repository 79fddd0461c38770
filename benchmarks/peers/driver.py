"""Let Retrodict and its peers take turns, and print who is how much faster. Started by ./run.

Needs the standard library only: see launch.py for why that matters.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import machine
import problem
import rows
import summary
import table
from side import HERE


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="retrodict-peers-") as work:
        setting = rows.Setting(work, options.quick, options.tasks)
        problem.write(pathlib.Path(setting.folder("five")))
        results = {"quick": options.quick, "machine": machine.describe(), "groups": []}
        for group in rows.groups(setting):
            if options.only and not any(word in group.name for word in options.only):
                continue
            group.run(work)
            results["groups"].append(summary.of_group(group))
            # What is measured is kept, whatever happens to the rest.
            write(results, options.out)
    print(table.text(results))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats, and no row that takes minutes")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="only the groups whose names hold one of these")
    parser.add_argument("--out", metavar="FOLDER", help="where results go; data/ if not everything is measured")
    tasks = os.path.join(HERE, "..", "sbibm", "data", "sbibm", "tasks")
    parser.add_argument("--tasks", default=tasks, help="the SBI benchmark's data, from ../sbibm/download.sh")
    options = parser.parse_args()
    if options.out is None:
        # A run in part does not replace the record of a whole one.
        part = options.quick or options.only
        options.out = os.path.join(HERE, "data") if part else HERE
    if not options.quick and not os.path.isdir(options.tasks):
        parser.error(f"{options.tasks} is not there: run benchmarks/sbibm/download.sh, or use --quick")
    return options


def write(results, folder):
    """results.json, table.md and speed.svg; the figure of a whole run goes to the guide."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    (folder / "table.md").write_text(table.markdown(results))
    figures = pathlib.Path(HERE, "..", "..", "docs", "src", "figures")
    figure = (figures if folder == pathlib.Path(HERE) else folder) / "speed.svg"
    subprocess.run([sys.executable, os.path.join(HERE, "plot.py"), folder / "results.json", figure], check=True)


if __name__ == "__main__":
    main()
