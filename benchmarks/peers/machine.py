"""Where and with what something was measured."""

import datetime
import os
import platform
import subprocess


def describe():
    return {
        "date": datetime.date.today().isoformat(),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "rustc": output("rustc", "--version"),
        "commit": output("git", "rev-parse", "--short=12", "HEAD"),
        "changed_files": bool(output("git", "status", "--porcelain", "--untracked-files=no")),
        "load_average_before": os.getloadavg()[0],
    }


def processor():
    """The processor's name and its widest vectors."""
    try:
        with open("/proc/cpuinfo") as file:
            lines = dict(line.split(":", 1) for line in file.read().split("\n\n")[0].splitlines())
    except OSError:
        return platform.processor()
    fields = {key.strip(): value.strip() for key, value in lines.items()}
    vectors = [flag for flag in ("avx512f", "avx2") if flag in fields.get("flags", "").split()]
    return " ".join([fields.get("model name", platform.processor()), *vectors[:1]])


def output(*command):
    result = subprocess.run(command, capture_output=True, text=True, cwd=os.path.dirname(os.path.abspath(__file__)))
    return result.stdout.strip()
