"""How a peer talks to the driver: a hello, then one line of JSON for each line it reads."""

import json
import sys
import time

# Only answers belong on the standard output: what libraries print (sbi does, when training ends)
# goes to the standard error.
ANSWERS, sys.stdout = sys.stdout, sys.stderr


def converse(hello, repeat):
    """Say `hello`, then answer each line of standard input with what `repeat()` returns."""
    say(hello)
    for _ in sys.stdin:
        say(repeat())


def timed(work, units):
    """Do `work()` and return the time that these units of it took."""
    start = time.perf_counter()
    work()
    return {"seconds": time.perf_counter() - start, "units": units}


def say(answer):
    print(json.dumps(answer), file=ANSWERS, flush=True)
