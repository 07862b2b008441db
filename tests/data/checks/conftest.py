"""`look(code, table, target)`: one check on a table in memory, as `inspect` would run it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from consilience.core.registry import get
from consilience.data.checks.base import View
from consilience.data.findings import Finding
from consilience.data.inspection import guess_task
from consilience.data.media_paths import media_paths
from consilience.data.schema import detect
from consilience.data.table import read_table

Look = Callable[..., list[Finding]]


@pytest.fixture
def look() -> Look:
    def run(code: str, table: Any, target: str | None = None, **more: Any) -> list[Finding]:
        read = read_table(table)
        schema = detect(read, target, more.pop("ignore", ()), more.pop("overrides", None))
        kind = guess_task(read.frame[target]).kind if target else None
        others = {"test": media_paths(read_table(more.pop("test")), schema.modalities)} if "test" in more else {}
        view = View(media_paths(read, schema.modalities), schema, target, kind, others=others, **more)
        found: list[Finding] = get("check", code)().look(view)
        for finding in found:
            assert finding.code == code
            assert "\n" not in finding.message
            assert len(finding.rows) <= 20
        return found

    return run
