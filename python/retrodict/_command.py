"""The command ``retrodict``, which the wheel carries too."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line with this program's arguments."""
    from . import _native

    return _native.main(["retrodict", *sys.argv[1:]])


if __name__ == "__main__":
    raise SystemExit(main())
