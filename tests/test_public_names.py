"""A public function keeps its name where a package bears the same one: `consilience.search` is both."""

from __future__ import annotations

import importlib
import subprocess
import sys
from types import FunctionType, ModuleType

import pytest

import consilience as cs
from consilience.core.errors import InputError


def test_search_is_the_function_however_often_it_is_asked_for() -> None:
    first = cs.search
    package = importlib.import_module("consilience.search")
    assert isinstance(package, ModuleType)
    importlib.import_module("consilience.search.search")
    assert isinstance(cs.search, FunctionType)
    assert cs.search is first is cs.api.search
    for _ in range(2):  # the first call imports what it needs from the package
        with pytest.raises(InputError, match="1 is the least"):
            cs.search({"x": [1.0], "y": ["a"]}, "y", trials=0)


def test_search_is_the_function_where_the_package_was_imported_first() -> None:
    code = (
        "import sys, consilience.search, consilience.search.folder, consilience as cs; "
        "assert callable(cs.search) and cs.search is cs.search, cs.search; "
        "from consilience import search; assert callable(search), search; "
        "assert sys.modules['consilience.search'].__path__"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
