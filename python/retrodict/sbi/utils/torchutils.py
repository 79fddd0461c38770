"""``BoxUniform`` where ``sbi`` has it."""

from ..distributions import BoxUniform

__all__ = ["BoxUniform"]
