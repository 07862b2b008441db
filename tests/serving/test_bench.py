"""Every way is timed and drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from consilience.core.errors import InputError
from consilience.serving import bench as benching


def test_ways_are_timed(bundle_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benching, "SECONDS", 0.05)
    lines = benching.bench(bundle_folder, None, (1, 4), (1, 2))
    assert {(x["way"], x["batch"], x["clients"]) for x in lines} == {
        (way, batch, clients) for way in ("whole", "prepared", "onnxruntime") for batch in (1, 4) for clients in (1, 2)
    }
    assert all(0 < x["p50"] <= x["p95"] <= x["p99"] for x in lines)
    assert benching.bench_page(lines, "<speed>").count("<rect") == 12
    with pytest.raises(InputError, match="no rows"):
        benching.bench(bundle_folder, {"age": []}, (1,), (1,))
