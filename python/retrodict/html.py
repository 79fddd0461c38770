"""Small pieces of HTML for notebooks, legible on light and dark pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

# Okabe and Ito's colours, dark enough on white and light enough on black.
COLOURS = {"trusted": "#009e73", "caution": "#c98a00", "failed": "#d55e00"}
COLOURS["passed"] = COLOURS["trusted"]

_CELL = "padding:2px 10px;text-align:{};border:0"


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table; the first column is left-aligned, as are texts."""
    head = "".join(_cell("th", name, "left") for name in header)
    body = "".join(
        "<tr>" + "".join(_cell("td", value, _side(value)) for value in row) + "</tr>" for row in rows
    )
    return (
        '<table style="border-collapse:collapse;font-size:90%"><thead>'
        f"<tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _side(value: Any) -> str:
    return "left" if isinstance(value, (str, Raw)) else "right"


def _cell(tag: str, value: Any, side: str) -> str:
    text = value.text if isinstance(value, Raw) else escape(number(value))
    return f'<{tag} style="{_CELL.format(side)}">{text}</{tag}>'


class Raw:
    """A text that is HTML already."""

    def __init__(self, text: str) -> None:
        self.text = text


def number(value: Any) -> str:
    """A number with three digits that count, or text as it is."""
    if isinstance(value, float):
        return f"{value:.3g}" if 1e-3 <= abs(value) < 1e5 or value == 0 else f"{value:.2e}"
    return str(value)


def badge(word: str) -> Raw:
    """A verdict's word in its colour."""
    colour = COLOURS.get(word, "#777777")
    return Raw(f'<b style="color:{colour}">{escape(word)}</b>')
