"""A figure: SVG for notebooks and papers, PNG for everything else."""

from __future__ import annotations

import hashlib
from os import PathLike
from pathlib import Path

from . import _native


class Figure:
    """A finished figure.

    In a notebook it shows itself. ``caption`` is what stands below it in a paper.

    Attributes
    ----------
    svg : str
        The figure as an SVG document.
    caption : str
        What is shown, and which levels lines and areas mean.
    alt : str
        What it shows, for readers who cannot see it.
    """

    def __init__(self, svg: str, caption: str = "", alt: str = "") -> None:
        self.svg = svg
        self.caption = caption
        self.alt = alt

    def png(self) -> bytes:
        """The figure as a PNG image of 300 dots an inch."""
        return _native.png(self.svg)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the figure; the name's ending says how, ``.svg`` or ``.png``.

        Returns
        -------
        Path
            Where it is.

        Raises
        ------
        ValueError
            If the name ends otherwise.
        OSError
            If the file cannot be written.
        """
        path = Path(path)
        match path.suffix.lower():
            case ".svg":
                path.write_text(self.svg, encoding="utf-8")
            case ".png":
                path.write_bytes(self.png())
            case other:
                raise ValueError(
                    f"path: given the ending {other!r}, expected .svg or .png. "
                    "Choose one of the two formats."
                )
        return path

    def _repr_svg_(self) -> str:
        # On one page the names of clipping paths of all figures must differ.
        mark = hashlib.sha256(self.svg.encode()).hexdigest()[:8]
        return self.svg.replace("-clip-", f"-{mark}-clip-")

    def _repr_png_(self) -> bytes:
        return self.png()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Figure):
            return NotImplemented
        return (self.svg, self.caption, self.alt) == (other.svg, other.caption, other.alt)

    def __hash__(self) -> int:
        return hash(self.svg)

    def __repr__(self) -> str:
        return f"<Figure: {self.alt or self.caption or 'SVG'}>"
