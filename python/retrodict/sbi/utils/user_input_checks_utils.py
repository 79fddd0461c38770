"""``MultipleIndependent`` where ``sbi`` has it."""

from ..distributions import MultipleIndependent

__all__ = ["MultipleIndependent"]
