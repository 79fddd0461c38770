"""How far the work is: a line on a terminal, a bar in a notebook, nothing elsewhere.

Whoever shows progress is called with an event's kind (``started``, ``progress``, ``finished``, ``kept`` or
``note``), the stage, how much is done, how much there is (zero if that is not known), and a message.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from html import escape
from typing import Any, TypeAlias

Progress: TypeAlias = Callable[[str, str, int, int, str], None]

EVERY = 0.1
WIDTH = 24


def shown(progress: bool | Progress | None) -> Progress | None:
    """What shows the progress that was asked for; ``None`` asks for what suits the place."""
    if callable(progress):
        return progress
    if progress is False:
        return None
    if (display := _notebook()) is not None:
        return Bar(display)
    if progress or sys.stderr.isatty():
        return Line()
    return None


class Line:
    """One line on a terminal, written over and over."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, kind: str, stage: str, done: int, total: int, message: str) -> None:
        if kind == "progress" and time.monotonic() - self._last < EVERY:
            return
        self._last = time.monotonic()
        name = stage.replace("_", " ")
        if kind == "finished":
            self._write(f"{name:<16} {message}", "\n")
        elif kind == "note":
            self._write(f"note: {message}", "\n")
        elif kind in ("started", "progress"):
            self._write(f"{name:<16} {bar(done, total)} {message}".rstrip(), "")

    def _write(self, text: str, end: str) -> None:
        # To the line's beginning, and whatever stood there goes.
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[2K{text}{end}")
        elif end:
            sys.stderr.write(text + end)
        sys.stderr.flush()


def bar(done: int, total: int) -> str:
    """``━━━━━━      120/300``."""
    if total <= 0:
        return ""
    share = min(done / total, 1.0)
    return f"{'━' * round(WIDTH * share):<{WIDTH}} {min(done, total)}/{total}"


class Bar:
    """A bar in a notebook, which is gone when the work is done."""

    def __init__(self, display: Any) -> None:
        self._display = display
        self._handle: Any = None

    def __call__(self, kind: str, stage: str, done: int, total: int, message: str) -> None:
        if kind == "note":
            self._display(_Html(f"<div>note: {escape(message)}</div>"))
        elif kind in ("started", "progress"):
            share = f' value="{done}" max="{total}"' if total > 0 else ""
            text = escape(f"{stage.replace('_', ' ')} {message}".rstrip())
            self._show(_Html(f"<progress{share}></progress> {text}"))
        elif kind == "finished":
            self._show(_Html(""))

    def _show(self, html: _Html) -> None:
        if self._handle is None:
            self._handle = self._display(html, display_id=True)
        elif self._handle:
            self._handle.update(html)


class _Html:
    def __init__(self, text: str) -> None:
        self.text = text

    def _repr_html_(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return ""


def _notebook() -> Any:
    """IPython's ``display``, if this is a notebook; nothing is imported that is not there already."""
    ipython = sys.modules.get("IPython")
    if ipython is None:
        return None
    shell = ipython.get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    return display
