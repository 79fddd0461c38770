"""The verdict about a posterior, with the checks and figures it rests on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape, unescape
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from .arrays import Floats
from .figure import Figure
from .folder import Folder
from .html import badge, table
from .prior import Prior
from .samples import Samples


@dataclass(frozen=True)
class Check:
    """One check: a number, what it is compared with, and what that means."""

    name: str
    status: str
    statistic: float | None
    threshold: float | None
    p_value: float | None
    interval: tuple[float, float] | None
    explanation: str


class Report:
    """What :func:`retrodict.check` returns: one word, the reasons, and everything they rest on.

    Attributes
    ----------
    verdict : str
        ``"trusted"``, ``"caution"`` or ``"failed"``.
    reasons : list of str
        Why, each with what to do next.
    checks : list of Check
        Every check.
    figures : dict of str to Figure
        Every figure by name.
    samples : Samples or list of Samples
        The draws that were checked.
    """

    def __init__(self, folder: Folder, prior: Prior, x_o: Floats) -> None:
        self._folder = folder
        verdict = json.loads((folder.path / "verdict.json").read_text(encoding="utf-8"))
        self.verdict: str = verdict["verdict"]
        self.reasons: list[str] = list(verdict["reasons"])
        self.checks = [_check(fields) for fields in verdict["checks"]]
        drawn = (folder.path / "figures").glob("*.svg")
        figures = {path.stem: _figure(path) for path in sorted(drawn)}
        first = [name for name in figures if name.startswith("posterior")]
        self.figures: dict[str, Figure] = {
            name: figures[name] for name in [*first, *(f for f in figures if f not in first)]
        }
        self.samples = samples_of(folder.path, prior, x_o)

    @property
    def path(self) -> Path:
        """The report on one page, which works offline."""
        return self._folder.path / "report.html"

    @property
    def html(self) -> str:
        """The report on one page."""
        return self.path.read_text(encoding="utf-8")

    def save(self, folder: str | PathLike[str]) -> Path:
        """Copy everything, the whole folder of the run, to a new folder.

        Raises
        ------
        FileExistsError
            If there is something already.
        """
        import shutil

        shutil.copytree(self._folder.path, folder)
        return Path(folder)

    def __iter__(self) -> Iterator[Check]:
        return iter(self.checks)

    def __getstate__(self) -> dict[str, Any]:
        kept = {key: value for key, value in self.__dict__.items() if key != "_folder"}
        return {**kept, "_html": self.html}

    def __setstate__(self, state: dict[str, Any]) -> None:
        html = state.pop("_html")
        self.__dict__.update(state)
        self._folder = Folder()
        self.path.write_text(html, encoding="utf-8")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Report):
            return NotImplemented
        return (self.verdict, self.reasons, self.checks) == (
            other.verdict,
            other.reasons,
            other.checks,
        )

    def __repr__(self) -> str:
        return f"<Report: {self.verdict}, {len(self.checks)} checks>"

    def __str__(self) -> str:
        lines = [f"Verdict: {self.verdict}", *(f"  - {reason}" for reason in self.reasons)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        reasons = "".join(f"<li>{escape(reason)}</li>" for reason in self.reasons)
        rows = [
            [badge(check.status), check.name, "" if check.statistic is None else check.statistic]
            for check in self.checks
        ]
        figures = "".join(
            f'<figure style="display:inline-block;margin:4px;background:#fff">{figure._repr_svg_()}</figure>'
            for figure in list(self.figures.values())[:4]
        )
        return (
            f"<div>Verdict: {badge(self.verdict).text}</div><ul>{reasons}</ul>"
            f"<details><summary>{len(self.checks)} checks</summary>"
            f"{table(['', 'check', 'statistic'], rows)}</details>{figures}"
        )


def _check(fields: dict[str, Any]) -> Check:
    interval = fields.get("interval")
    return Check(
        name=fields["name"],
        status=fields["status"],
        statistic=fields.get("statistic"),
        threshold=fields.get("threshold"),
        p_value=fields.get("p_value"),
        interval=None if interval is None else (interval[0], interval[1]),
        explanation=fields["explanation"],
    )


def _figure(path: Path) -> Figure:
    svg = path.read_text(encoding="utf-8")
    return Figure(svg, alt=unescape(_between(svg, 'aria-label="', '"')) or path.stem)


def _between(text: str, start: str, end: str) -> str:
    _, found, rest = text.partition(start)
    return rest.partition(end)[0].strip() if found else ""


def samples_of(folder: Path, prior: Prior, x_o: Floats) -> Any:
    """The draws in the folder of a run: of one observation, or of trials; or a list."""
    files = sorted((folder / "posterior").glob("samples*.npy"))
    given = x_o if len(files) > 1 or len(x_o) == 1 else [x_o]
    every = [
        Samples(
            np.load(file), prior.names, limits=prior.limits, parameters=prior.parameters, x_o=x
        )
        for file, x in zip(files, given)
    ]
    return every[0] if len(every) == 1 else every


