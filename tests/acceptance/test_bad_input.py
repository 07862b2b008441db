"""Every kind of bad input that the product promises to name: one clear line, exit code 2, nothing half-written."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import polars as pl
import pytest

from consilience.data import cache_writer

from .conftest import Outcome

Command = Callable[..., Outcome]
QUICK = ("--effort", "1", "--set", "train.epochs=1", "--set", "references=[]", "--set", "report.analyses=[]")


def refused(outcome: Outcome, *words: str, run: Path | None = None) -> None:
    """The outcome is one clear error line that holds `words`, and left nothing behind."""
    assert outcome.code == 2, outcome
    errors = [line for line in outcome.err.splitlines() if line.startswith("error:")]
    assert len(errors) == 1, outcome.err
    assert "Traceback" not in outcome.err + outcome.out
    for word in words:
        assert word in errors[0], errors[0]
    assert run is None or not run.exists()


def frame(rows: int = 60) -> pl.DataFrame:
    random = np.random.default_rng(0)
    return pl.DataFrame(
        {"age": random.normal(50, 10, rows).round(2), "dose": random.random(rows), "sick": ["yes", "no"] * (rows // 2)}
    )


def saved(table: pl.DataFrame, path: Path) -> Path:
    table.write_csv(path)
    return path


def test_file_not_found(consilience: Command, tmp_path: Path) -> None:
    saved(frame(), tmp_path / "train.csv")
    refused(consilience("train", tmp_path / "trian.csv", "--target", "sick"), "trian.csv", "train.csv")


def test_not_a_table(consilience: Command, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    refused(consilience("train", tmp_path / "picture.png", "--target", "sick"), "picture.png")
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)) * 20)
    refused(consilience("train", tmp_path / "binary.csv", "--target", "sick"), "binary.csv")


@pytest.mark.parametrize("content", ["", "age,sick\n", "\n\n"])
def test_empty(consilience: Command, tmp_path: Path, content: str) -> None:
    path = tmp_path / "empty.csv"
    path.write_text(content)
    refused(consilience("train", path, "--target", "sick", "--run", tmp_path / "run"), "empty", run=tmp_path / "run")


def test_target_missing_offers_the_nearest_name(consilience: Command, tmp_path: Path) -> None:
    path = saved(frame(), tmp_path / "t.csv")
    refused(consilience("train", path, "--target", "sik"), "'sik'", "did you mean 'sick'")
    refused(consilience("train", path), "no target column")


def test_target_constant(consilience: Command, tmp_path: Path) -> None:
    path = saved(frame().with_columns(pl.lit("yes").alias("sick")), tmp_path / "t.csv")
    refused(consilience("train", path, "--target", "sick"), "sick")


def test_one_class_with_one_row(consilience: Command, tmp_path: Path) -> None:
    table = frame().with_columns(pl.Series("sick", ["yes", "no"] * 29 + ["no", "perhaps"]))
    refused(consilience("train", saved(table, tmp_path / "t.csv"), "--target", "sick"), "perhaps")


def test_all_cells_missing_in_a_column(consilience: Command, tmp_path: Path) -> None:
    table = frame().with_columns(pl.lit(None, dtype=pl.String).alias("note"))
    path = saved(table, tmp_path / "t.csv")
    words = ("train", path, "--target", "sick", "--run", tmp_path / "r")
    refused(consilience(*words), "'note'", "--ignore note", run=tmp_path / "r")
    assert consilience("train", path, "--target", "sick", "--ignore", "note", "--run", tmp_path / "r", *QUICK).code == 0


def media_table(folder: Path, column: str, bad: str) -> Path:
    """40 rows with good images or recordings, one replaced by the file `bad`."""
    import soundfile

    names = []
    for i in range(40):
        name = f"{i}.{'png' if column == 'scan' else 'wav'}"
        if column == "scan":
            cv2.imwrite(str(folder / name), np.full((10, 10), 100 * (i % 2) + i, np.uint8))
        else:
            soundfile.write(folder / name, np.sin(np.arange(800) * (0.1 + i % 2)), 8000)
        names.append(name)
    names[7] = bad
    table = pl.DataFrame({column: names, "sick": ["yes", "no"] * 20})
    return saved(table, folder / "t.csv")


def test_image_file_that_is_text(consilience: Command, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_text("this is no picture")
    path = media_table(tmp_path, "scan", "bad.png")
    words = ("train", path, "--target", "sick", "--run", tmp_path / "r")
    refused(consilience(*words, *QUICK), "'scan'", "row 7", "bad.png", run=tmp_path / "r")
    outcome = consilience(*words, *QUICK, "--set", "prepare.unreadable=missing")
    assert outcome.code == 0


def test_hundred_megapixel_image(consilience: Command, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "huge.png"), np.zeros((10_000, 10_000), np.uint8))
    path = media_table(tmp_path, "scan", "huge.png")
    words = ("train", path, "--target", "sick", "--run", tmp_path / "r")
    refused(consilience(*words, *QUICK), "huge.png", "max_pixels", run=tmp_path / "r")
    assert consilience(*words, *QUICK, "--set", "prepare.max_pixels=200000000").code == 0


def test_zero_length_audio(consilience: Command, tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "silent.wav", np.zeros(0), 8000)
    path = media_table(tmp_path, "voice", "silent.wav")
    words = ("train", path, "--target", "sick", *QUICK, "--run", tmp_path / "r")
    refused(consilience(*words), "silent.wav", run=tmp_path / "r")


def test_duplicate_column_names(consilience: Command, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("age,age,sick\n1,2,yes\n3,4,no\n")
    refused(consilience("train", path, "--target", "sick"), "'age'")


def test_recipe_typo(consilience: Command, tmp_path: Path) -> None:
    path = saved(frame(), tmp_path / "t.csv")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("target: sick\ntrain:\n  learning_rte: 0.1\n")
    refused(consilience("train", path, "--recipe", recipe), "learning_rte", "'learning_rate'")
    refused(consilience("train", path, "--target", "sick", "--set", "fusion.type=gatd"), "gatd", "'gated'")


def test_resume_of_another_tables_run(consilience: Command, tmp_path: Path) -> None:
    path = saved(frame(), tmp_path / "t.csv")
    assert consilience("train", path, "--target", "sick", "--run", tmp_path / "r", *QUICK).code == 0
    other = saved(frame(80), tmp_path / "other.csv")
    refused(consilience("train", other, "--resume", tmp_path / "r"), "other.csv")


def test_disk_full_while_caching(consilience: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = media_table(tmp_path, "scan", "3.png")
    monkeypatch.setenv("CONSILIENCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache_writer.os, "posix_fallocate", full, raising=False)
    words = ("train", path, "--target", "sick", *QUICK, "--run", tmp_path / "r")
    refused(consilience(*words), "space", run=tmp_path / "r")
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]


def test_none_of_the_known_columns(consilience: Command, tmp_path: Path) -> None:
    path = saved(frame(), tmp_path / "t.csv")
    assert consilience("train", path, "--target", "sick", "--run", tmp_path / "r", *QUICK).code == 0
    other = saved(pl.DataFrame({"foo": [1, 2]}), tmp_path / "other.csv")
    words = ("predict", tmp_path / "r", other, "--out", tmp_path / "p.csv")
    refused(consilience(*words), "none of the model's columns", run=tmp_path / "p.csv")
