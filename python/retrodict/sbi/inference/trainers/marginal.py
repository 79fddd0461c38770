"""The density of data alone."""

from __future__ import annotations

from typing import Any

from ...errors import not_supported


class MarginalTrainer:
    """Not supported: there is no density of data without parameters."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise not_supported(
            "MarginalTrainer",
            "Use calc_misspecification_mmd, or the verdict of retrodict.check, which tests whether the "
            "observation is like the simulations.",
        )
