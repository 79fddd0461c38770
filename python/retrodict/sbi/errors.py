"""What is not here, and what to use instead."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any


class NotSupported(NotImplementedError, ValueError):
    """Something of ``sbi`` that Retrodict does not have; the message says what to use instead."""


def not_supported(what: str, instead: str) -> NotSupported:
    """The error for something that is missing."""
    return NotSupported(f"{what} is not supported by retrodict.sbi. {instead}")


#: What may have any value: there is nothing that it would change.
QUIET = ("show_progress_bars", "show_progress_bar", "verbosity")


def warn_unused(
    where: str, given: Mapping[str, Any], usual: Mapping[str, Any] | None = None
) -> None:
    """One warning that names the arguments that have no meaning here, if any was given.

    Values that are ``None`` or those of ``usual``, the defaults of ``sbi``, were not chosen by anybody.
    """
    usual = usual or {}
    names = [
        name
        for name, value in given.items()
        if value is not None and name not in QUIET and not _same(value, usual.get(name))
    ]
    if names:
        warnings.warn(
            f"{where}: {', '.join(names)} {'has' if len(names) == 1 else 'have'} no meaning here "
            "and no effect.",
            UserWarning,
            stacklevel=3,
        )


def _same(value: Any, usual: Any) -> bool:
    try:
        return bool(value == usual)
    except (ValueError, RuntimeError):
        return False
