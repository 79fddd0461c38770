"""Simulators whose posteriors are known."""

from .linear_gaussian import diagonal_linear_gaussian, linear_gaussian

__all__ = ["diagonal_linear_gaussian", "linear_gaussian"]
