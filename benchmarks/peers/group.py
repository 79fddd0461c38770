"""Sides that take turns, and the lines of the table that come of it."""

import os
import sys
import time
from dataclasses import dataclass, field

PAUSE = 0.02


@dataclass
class Line:
    """One line of the table: how many times faster `ours` is than `peer`, which is at least `target`.

    Without a peer the line is absolute: `unit` is "rows/s", of which `target` is the least, or "ns",
    of which it is the most.
    """

    what: str
    ours: str
    peer: str | None
    target: float | None = None
    unit: str = "ratio"
    # The largest peak of our memory in bytes that the line allows.
    memory: int | None = None


@dataclass
class Group:
    """Sides whose repeats are interleaved: A B C A B C …"""

    name: str
    threads: int
    sides: list
    lines: list
    repeats: int
    # Called with the group when all is measured.
    finish: object = None
    notes: dict = field(default_factory=dict)

    def run(self, folder):
        """Measure. All sides live from the beginning to the end, and wait while it is not their turn."""
        print(f"{self.name}, {self.threads} thread(s): ", end="", file=sys.stderr, flush=True)
        for side in self.sides:
            side.start(folder)
        for _ in range(self.repeats):
            for side in self.sides:
                # Threads of the side before may still spin in wait of more work.
                time.sleep(PAUSE)
                side.repeat()
            print(".", end="", file=sys.stderr, flush=True)
        for side in self.sides:
            side.stop()
        self.notes["load_average"] = os.getloadavg()[0]
        if self.finish:
            self.finish(self)
        print(file=sys.stderr)

    def side(self, name):
        return next(side for side in self.sides if side.name == name)
