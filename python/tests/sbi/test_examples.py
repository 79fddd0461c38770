"""Every example in a docstring of ``retrodict.sbi`` runs, and so does the page of the guide."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import retrodict.sbi

MODULES = sorted(module.name for module in pkgutil.walk_packages(retrodict.sbi.__path__, "retrodict.sbi."))
PAGE = Path(__file__).parents[3] / "docs" / "src" / "sbi.md"


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_what_is_public_says_what_it_is(name):
    module = importlib.import_module(name)
    assert module.__doc__
    for member, value in vars(module).items():
        ours = getattr(value, "__module__", None) == name
        if ours and callable(value) and not member.startswith("_"):
            assert value.__doc__, f"{name}.{member}"


def test_the_page_runs():
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert blocks
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), {})
