"""The exported bundle says what the run says, needs no torch, and is refused when it does not."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import consilience as cs
from consilience.artifacts.onnx_network import OnnxNetworks
from consilience.artifacts.rules import Rule, Rules
from consilience.artifacts.store import SAMPLES, load_bundle
from consilience.core.errors import InputError
from consilience.data.table import read_table
from consilience.deployment import export as exporting
from consilience.deployment.precision import LossError, check_drop, compare, write_lower
from consilience.deployment.proof import NotEqualError, prove

Exported = tuple[Path, dict[str, Any]]


def test_bundle_predicts_like_the_run(mixed_run: Path, exported: Exported) -> None:
    table = pl.read_parquet(mixed_run.parent / "test.parquet")
    live, served = cs.load(mixed_run), cs.load(exported[0])
    wanted, found = live.predict_table(table, level=0.9), served.predict_table(table, level=0.9)
    assert found.columns == wanted.columns
    np.testing.assert_allclose(found["probability:yes"], wanted["probability:yes"], atol=1e-5)
    for hidden in (["image"], ["audio", "text"]):
        a, b = live.predict_proba(table, hidden=hidden), served.predict_proba(table, hidden=hidden)
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_proof_covers_patterns_batches_and_long_inputs(exported: Exported) -> None:
    proof = exported[1]["proof"]
    names = [case["name"] for case in proof["cases"]]
    assert {"complete", "batch of 1", "batch of 7", "batch of 64", "long texts", "nothing given"} <= set(names)
    assert len({tuple(case["hidden"]) for case in proof["cases"]}) > 6
    assert 0 < proof["largest"] <= proof["tolerance"] == 1e-4
    assert exported[1]["rows_from"] == "test.parquet"


def test_bundle_loads_without_torch(exported: Exported) -> None:
    code = (
        "import sys, consilience as cs, polars as pl\n"
        f"rows = pl.read_parquet({str(exported[0] / SAMPLES)!r})\n"
        f"print(len(cs.load({str(exported[0])!r}).predict(rows)), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["16", "False"]


def test_a_broken_export_is_refused_and_leaves_nothing(
    mixed_run: Path, exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written(bundle: Any, features: Any, path: Path) -> Any:
        """The graph that was written before: tracing it again takes long."""
        path.write_bytes((exported[0] / "network.onnx").read_bytes())
        return exported[1]["onnx"]

    monkeypatch.setattr("consilience.artifacts.onnx_export.write_onnx", written)
    exact = exporting._exported

    def broken(*given: Any) -> Any:
        """A bundle whose calibrated prediction leans a little."""
        bundle = exact(*given)
        rules = {p: Rule(r.weights, {**r.calibration, "method": "none"}) for p, r in bundle.rules.rules.items()}
        network = dict.fromkeys(bundle.rules.complete.weights, 0.0) | {"network": 1.0}
        swapped = {p: replace(r, weights=network) for p, r in rules.items()}
        return replace(bundle, rules=Rules(bundle.groups, swapped))

    monkeypatch.setattr(exporting, "_exported", broken)
    with pytest.raises(NotEqualError, match="differs from the trained one by"):
        exporting.export(mixed_run, tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []


def test_prove_sees_other_presence(mixed_run: Path) -> None:
    bundle = load_bundle(mixed_run / "bundle")
    table = read_table(mixed_run.parent / "test.parquet")
    found = prove(bundle, bundle, table)
    assert found["largest"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["int8", "fp16"])
def test_smaller_precision_is_compared_and_a_loss_refused(
    mixed_run: Path, exported: Exported, tmp_path: Path, precision: Any
) -> None:
    wide, small = exported[0] / "network.onnx", tmp_path / "small.onnx"
    write_lower(wide, small, precision)
    before = load_bundle(exported[0])
    graph = OnnxNetworks(small.read_bytes(), exported[1]["onnx"], before.task.outputs)
    sizes = (wide.stat().st_size, small.stat().st_size)
    found = compare(before, replace(before, exported=graph), read_table(mixed_run.parent / "test.parquet"), sizes)
    assert found["bytes"][1] < found["bytes"][0]
    assert found["difference"]["low"] <= found["difference"]["value"] <= found["difference"]["high"]
    assert found["largest_difference"] < 0.1
    with pytest.raises(LossError, match="--int8 costs"):
        check_drop({"difference": {"value": -0.02}, "metric": "accuracy"}, 0.01, "int8")


def test_what_cannot_be_exported_says_so(exported: Exported, mixed_run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="exported already"):
        exporting.export(exported[0], tmp_path / "again")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("mine")
    with pytest.raises(InputError, match="holds no bundle"):
        exporting.export(mixed_run, tmp_path / "other")
    with pytest.raises(InputError, match="run folder"):
        cs.load(exported[0]).explain(pl.read_parquet(exported[0] / SAMPLES))
