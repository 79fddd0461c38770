"""What one says about each parameter in a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .arrays import Floats
from .html import number, table


class ParameterSummary(NamedTuple):
    """Mean, standard deviation, median and central intervals of one parameter."""

    name: str
    mean: float
    sd: float
    median: float
    interval_68: tuple[float, float]
    interval_95: tuple[float, float]


class Summary:
    """One :class:`ParameterSummary` a parameter; ``summary["mu"]`` is that of ``mu``."""

    def __init__(self, rows: list[ParameterSummary]) -> None:
        self.rows = rows

    def __getitem__(self, name: str | int) -> ParameterSummary:
        if isinstance(name, int):
            return self.rows[name]
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    def __iter__(self) -> Iterator[ParameterSummary]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Summary):
            return NotImplemented
        return self.rows == other.rows

    def _cells(self) -> list[list[str]]:
        return [
            [
                row.name,
                number(row.mean),
                number(row.sd),
                number(row.median),
                _interval(row.interval_68),
                _interval(row.interval_95),
            ]
            for row in self.rows
        ]

    def __repr__(self) -> str:
        cells = [HEADER, *self._cells()]
        widths = [max(len(row[j]) for row in cells) for j in range(len(HEADER))]
        lines = []
        for row in cells:
            first = row[0].ljust(widths[0])
            rest = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))
            lines.append("  ".join([first, *rest]).rstrip())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return table(HEADER, self._cells())


HEADER = ["parameter", "mean", "sd", "median", "68 % interval", "95 % interval"]


def _interval(ends: tuple[float, float]) -> str:
    return f"{number(ends[0])} … {number(ends[1])}"


def summarize(name: str, values: Floats, weights: Floats) -> ParameterSummary:
    """As the command line does: weighted moments, and quantiles by Hazen's rule."""
    mean = float(weights @ values)
    spread = float(weights @ (values - mean) ** 2)
    rest = 1.0 - float(weights @ weights)
    sd = float(np.sqrt(spread / rest)) if rest > 0 else float("nan")
    order = np.argsort(values, kind="stable")
    middles = np.cumsum(weights[order]) - weights[order] / 2
    levels = np.array([0.025, 0.16, 0.5, 0.84, 0.975]) * weights.sum()
    low_95, low_68, median, high_68, high_95 = np.interp(levels, middles, values[order]).tolist()
    return ParameterSummary(name, mean, sd, median, (low_68, high_68), (low_95, high_95))
