from __future__ import annotations

import sys
from pathlib import Path

import pytest

from consilience.core.errors import MissingExtraError
from consilience.training.listeners.tensorboard import TensorBoard


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    reader = EventAccumulator(str(folder))
    reader.Reload()
    return {tag: [(s.step, s.value) for s in reader.Scalars(tag)] for tag in reader.Tags()["scalars"]}


def test_scalars_are_read_back_by_tensorboard(tmp_path: Path) -> None:
    with TensorBoard(tmp_path) as listen:
        listen({"event": "stage", "name": "train"})
        listen({"event": "start", "network": "fold0", "epochs": 2})
        listen({"event": "step", "network": "fold0", "step": 5, "epoch": 0, "loss": 1.5, "rate": 10.0})
        for epoch, loss in enumerate((1.0, 0.5)):
            valid = {"accuracy": 0.5 + epoch / 4, "roc_auc": float("nan")}
            listen({"event": "evaluation", "network": "fold0", "epoch": epoch, "loss": loss, "valid": valid})
        listen({"event": "evaluation", "network": "fold1", "epoch": 0, "loss": 2.0, "learning_rate": 0.25})
    first = scalars(tmp_path / "fold0")
    assert first["loss/train"] == [(1, 1.0), (2, 0.5)]
    assert first["valid/accuracy"] == [(1, 0.5), (2, 0.75)]
    assert first["loss/step"] == [(5, 1.5)]
    assert first["speed/steps_per_second"] == [(5, 10.0)]
    assert "valid/roc_auc" not in first
    assert scalars(tmp_path / "fold1") == {"loss/train": [(1, 2.0)], "learning_rate": [(1, 0.25)]}


def test_nothing_is_written_without_scalars(tmp_path: Path) -> None:
    with TensorBoard(tmp_path / "board") as listen:
        listen({"event": "stage", "name": "train"})
    assert not (tmp_path / "board").exists()


def test_without_tensorboard_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.event_file_writer", None)
    with pytest.raises(MissingExtraError, match=r"consilience\[train\]"):
        TensorBoard(tmp_path)
