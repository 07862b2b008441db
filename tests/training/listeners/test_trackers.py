"""Weights & Biases and MLflow are told what TensorBoard is told: read back from the files that they write."""

from __future__ import annotations

import sqlite3
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from consilience import api
from consilience.core.errors import InputError, MissingExtraError
from consilience.core.registry import get
from consilience.training.listeners.mlflow import flat
from consilience.training.listeners.scalars import scalars_of

RECIPE = {"target": "y", "train": {"epochs": 2, "clip": None, "track": ["wandb"]}}


def tell(listen: Any) -> None:
    listen({"event": "stage", "name": "train"})
    listen({"event": "step", "network": "fold0", "step": 5, "epoch": 0, "loss": 1.5, "rate": 10.0})
    for epoch, loss in enumerate((1.0, 0.5)):
        valid = {"accuracy": 0.5 + epoch / 4, "roc_auc": float("nan")}
        listen({"event": "evaluation", "network": "fold0", "epoch": epoch, "loss": loss, "valid": valid})


def records(content: bytes) -> Iterator[bytes]:
    """The records of a W&B file: a header of 7 bytes, then LevelDB's log format in blocks of 32 KiB."""
    place, whole = 7, b""
    while place + 7 <= len(content):
        if (1 << 15) - place % (1 << 15) < 7:
            place += (1 << 15) - place % (1 << 15)
            continue
        _, length, kind = struct.unpack_from("<IHB", content, place)
        whole += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # a whole record, or the last part of one
            yield whole
            whole = b""


def history(file: Path) -> list[dict[str, str]]:
    """The values of each step, as JSON."""
    from wandb.proto.wandb_internal_pb2 import Record

    found = []
    for data in records(file.read_bytes()):
        record = Record()
        record.ParseFromString(data)
        if record.HasField("history"):
            found.append({"".join(i.nested_key) or i.key: i.value_json for i in record.history.item})
    return found


def test_scalars_of_an_event() -> None:
    event = {"event": "evaluation", "network": "n", "epoch": 0, "loss": float("inf"), "valid": {"accuracy": 1}}
    assert scalars_of(event) == ("n", 1, {"valid/accuracy": 1.0})
    assert scalars_of({"event": "stage", "name": "train"})[2] == {}


def test_a_recipe_as_flat_parameters() -> None:
    assert flat(RECIPE) == {"target": "y", "train.epochs": "2", "train.track": '["wandb"]'}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_mlflow_reads_its_run_back(tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="consilience[track] is not installed")
    with get("tracker", "mlflow")(tmp_path / "run", RECIPE) as listen:
        tell(listen)
    with sqlite3.connect(tmp_path / "run" / "mlflow.db") as database:
        metrics = database.execute("select key, step, value from metrics where key like '%/%/%' order by key, step")
        found = metrics.fetchall()
        parameters = dict(database.execute("select key, value from params").fetchall())
        ended = database.execute("select name, status from runs").fetchall()
    database.close()
    assert ("fold0/loss/train", 1, 1.0) in found
    assert ("fold0/valid/accuracy", 2, 0.75) in found
    assert ("fold0/loss/step", 5, 1.5) in found
    assert not any("roc_auc" in key for key, *_ in found)
    assert parameters == flat(RECIPE)
    assert ended == [("run", "FINISHED")]


@pytest.mark.slow
def test_wandb_reads_its_run_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb", reason="consilience[track] is not installed")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    with get("tracker", "wandb")(tmp_path / "run", RECIPE) as listen:
        tell(listen)
    [file] = (tmp_path / "run" / "wandb").glob("offline-run-*/*.wandb")
    found = history(file)
    deadline = time.monotonic() + 20
    while len(found) < 3 and time.monotonic() < deadline:  # its own process writes, a little later
        time.sleep(0.1)
        found = history(file)
    assert [float(row["fold0/loss/train"]) for row in found if "fold0/loss/train" in row] == [1.0, 0.5]
    assert [float(row["fold0/valid/accuracy"]) for row in found if "fold0/valid/accuracy" in row] == [0.5, 0.75]


@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_without_the_library_the_extra_is_named(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("wandb", "mlflow.entities", "mlflow.tracking"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"consilience\[track\]"):
        get("tracker", name)(tmp_path, RECIPE)


def test_an_unknown_tracker_is_named_and_leaves_no_run(tmp_path: Path, table_file: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'mlflow'"):
        api.fit(table_file, "sick", effort=1, settings=("train.track=[mlfow]",), run=tmp_path / "run")
    assert not (tmp_path / "run").exists()
