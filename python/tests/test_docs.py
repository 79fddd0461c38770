"""Every example in a docstring runs."""

import doctest
import importlib
import pkgutil

import pytest

import retrodict

MODULES = [
    f"retrodict.{module.name}"
    for module in pkgutil.iter_modules(retrodict.__path__)
    if module.name not in ("__main__", "_native", "sbi")
]


@pytest.mark.parametrize("name", ["retrodict", *MODULES])
def test_examples_in_docstrings_run(name, tmp_path):
    module = importlib.import_module(name)
    found = doctest.testmod(module, extraglobs={"folder": tmp_path}, optionflags=doctest.ELLIPSIS)
    assert found.failed == 0
