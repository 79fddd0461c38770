"""Approximate Bayesian computation."""

from .mcabc import MCABC
from .smcabc import SMCABC

__all__ = ["MCABC", "SMCABC"]
