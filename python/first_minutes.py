"""What a new user sees: the import is quick, and the README's ten lines give a posterior and a figure in seconds.

Run in an environment that has the wheel and numpy, and nothing else.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import time

README = pathlib.Path(__file__).parent.parent / "README.md"
#: Seconds, on an idle core: numpy's own import is not ours. The machine that tests may be a busy one.
IMPORT, TEN_LINES, BUSY = 0.1, 5.0, 4


def import_time() -> float:
    """The best of five: how long ``import retrodict`` takes once numpy is there, on a core of its own."""
    code = "import numpy, time; t = time.process_time(); import retrodict; print(time.process_time() - t)"
    runs = (subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(5))
    return min(float(run.stdout) for run in runs)


def ten_lines() -> str:
    """The first Python block of the README."""
    block = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert block, "README.md has no Python block"
    return block.group(1)


def main() -> None:
    seconds = import_time()
    print(f"import: {1000 * seconds:.0f} ms beside numpy")
    assert seconds < IMPORT, f"the import takes {seconds:.2f} s, expected {IMPORT}"
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", ten_lines()], cwd=folder, check=True)
        seconds = time.perf_counter() - start
        figures = list(pathlib.Path(folder).glob("*.png"))
        assert figures and figures[0].read_bytes().startswith(b"\x89PNG"), "the README's lines make a figure"
    print(f"the README's lines: {seconds:.1f} s")
    assert seconds < BUSY * TEN_LINES, f"they take {seconds:.1f} s, expected {TEN_LINES}"


if __name__ == "__main__":
    main()
