"""A folder with one sub-folder a class."""

from __future__ import annotations

from pathlib import Path

import pytest

from consilience.core.errors import InputError
from consilience.data.table import read_table


def fill(folder: Path, *names: str, content: str = "x") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def test_files_and_labels(tmp_path: Path) -> None:
    fill(tmp_path, "dog/2.png", "dog/deep/1.png", "cat/1.png", "cat/notes.csv", ".git/x.png", "dog/.hidden.png")
    table = read_table(tmp_path)
    assert table.frame.rows() == [("cat/1.png", "cat"), ("dog/2.png", "dog"), ("dog/deep/1.png", "dog")]
    assert table.frame.columns == ["file", "label"]
    assert table.folder == tmp_path
    assert table.notes == ("folder of 2 classes, one sub-folder each", "1 files of other kinds left out")


def test_split_folders_add_a_column(tmp_path: Path) -> None:
    fill(tmp_path, "train/a/1.wav", "train/b/2.wav", "Val/a/3.wav", "test/b/4.wav")
    frame = read_table(tmp_path).frame
    assert dict(frame.select("file", "split").rows()) == {
        "train/a/1.wav": "train",
        "train/b/2.wav": "train",
        "Val/a/3.wav": "val",
        "test/b/4.wav": "test",
    }
    assert frame["label"].to_list() == ["a", "b", "b", "a"] or sorted(frame["label"]) == ["a", "a", "b", "b"]


def test_text_files_are_read(tmp_path: Path) -> None:
    fill(tmp_path, "pos/1.txt", content="très bien")
    fill(tmp_path, "neg/1.txt", content="")
    (tmp_path / "neg" / "2.txt").write_bytes("很差，不推荐".encode("gb18030"))
    assert read_table(tmp_path).frame.rows() == [(None, "neg"), ("很差，不推荐", "neg"), ("très bien", "pos")]


def test_a_folder_without_classes_is_refused(tmp_path: Path) -> None:
    fill(tmp_path, "1.png")
    with pytest.raises(InputError, match="not a folder of classes: it has no sub-folders"):
        read_table(tmp_path)
    fill(tmp_path, "train.csv")
    with pytest.raises(InputError, match=r"Give the table in it: .*train\.csv"):
        read_table(tmp_path)
    fill(tmp_path, "sub/readme.md")
    with pytest.raises(InputError, match="hold no pictures, sounds, videos or texts"):
        read_table(tmp_path)
