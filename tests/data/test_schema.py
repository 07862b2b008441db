"""Modalities of columns: what is detected, what is left out and why, and what a user may set."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from consilience.core.errors import InputError
from consilience.core.recipe import make_recipe
from consilience.data.schema import Schema, detect, media_paths, schema_yaml
from consilience.data.table import Table, read_table

N = 200
RANDOM = np.random.default_rng(0)
WORDS = ["the", "room", "was", "very", "clean", "and", "staff", "friendly", "but", "breakfast", "cold"]
HANZI = "房间很大服务非常满意交通方便早餐一般下次还会再来性价比高"


def sentence(words: list[str] | str, length: int, joiner: str) -> str:
    return joiner.join(RANDOM.choice(list(words), length))


COLUMNS: dict[str, tuple[list[Any], str]] = {
    "binary": (RANDOM.integers(0, 2, N).tolist(), "category"),
    "flag": ([bool(x) for x in RANDOM.integers(0, 2, N)], "category"),
    "measure": (RANDOM.normal(size=N).tolist(), "number"),
    "income": (RANDOM.integers(20_000, 900_000, N).tolist(), "number"),
    "age": (RANDOM.integers(0, 90, N).tolist(), "number"),
    "year": (RANDOM.integers(1950, 2024, N).tolist(), "number"),
    "years in order": (list(range(1825, 1825 + N)), "number"),
    "zip": ([f"0{x}" for x in RANDOM.integers(1000, 1040, N)], "category"),
    "zip code": (RANDOM.integers(10_000, 10_030, N).tolist(), "category"),
    "colour": (RANDOM.choice(["red", "green", "blue"], N).tolist(), "category"),
    "城市": (RANDOM.choice(["北京", "上海", "广州"], N).tolist(), "category"),
    "tags": (["|".join(RANDOM.permutation(list("abcdef"))[:3]) for _ in range(N)], "category"),
    "review": ([sentence(WORDS, 12, " ") for _ in range(N)], "text"),
    "评论": ([sentence(HANZI, 20, "") for _ in range(N)], "text"),
    "sequence": ([sentence("ACGT", 60, "") for _ in range(N)], "sequence"),
    "iso": ([f"20{x:02d}-03-{x % 27 + 1:02d}" for x in RANDOM.integers(0, 24, N)], "date"),
    "german": ([f"{x % 27 + 1}.{x % 12 + 1}.2020" for x in range(N)], "date"),
    "stamp": (RANDOM.integers(1_500_000_000, 1_700_000_000, N).tolist(), "date"),
    "presence": (["yes" if x else None for x in RANDOM.integers(0, 2, N)], "category"),
    "row": (list(range(N)), "ignore"),
    "shuffled": (RANDOM.permutation(np.arange(500, 500 + N)).tolist(), "ignore"),
    "patientid": (RANDOM.integers(0, 150, N).tolist(), "ignore"),
    "uuid": ([hashlib.sha256(bytes([x])).hexdigest()[:32] for x in range(N)], "ignore"),
    "case": ([f"case-{x:04d}" for x in RANDOM.permutation(N)], "ignore"),
    "phone": ([13_000_000_000 + int(x) for x in RANDOM.choice(10**9, N, replace=False)], "ignore"),
    "mail": ([f"user.{x}@example.org" for x in range(N)], "ignore"),
    "姓名": ([HANZI[x % 9] + chr(0x4E00 + x) for x in range(N)], "ignore"),
    "constant": (["same"] * N, "ignore"),
    "empty": ([None] * N, "ignore"),
    "blank": ([" "] * N, "ignore"),
    "split": (RANDOM.choice(["train", "valid", "test"], N).tolist(), "ignore"),
    "boxes": (['[{"x": 1, "y": [2, 3]}]'] * (N - 1) + ["[]"], "ignore"),
    "vector": ([[0.5, float(x)] for x in range(N)], "ignore"),
}


@pytest.fixture(scope="module")
def schema() -> Schema:
    return detect(read_table({name: cells for name, (cells, _) in COLUMNS.items()}))


@pytest.mark.parametrize("name", list(COLUMNS))
def test_columns_are_read_as_a_person_would(schema: Schema, name: str) -> None:
    column = next(c for c in schema.columns if c.name == name)
    assert column.modality == COLUMNS[name][1], column.reason
    assert 0 <= column.confidence <= 1
    assert column.reason


def test_counts_and_examples() -> None:
    table = read_table({"t": ["a b c d", " ", None, "x" * 99, "a b c d"], "n": ["1", "NA", "2", "3", "x1"]})
    text, number = detect(table, overrides={"t": "text", "n": "number"}).columns
    assert (text.rows, text.missing, text.distinct) == (5, 2, 2)
    assert text.examples == ("a b c d", "x" * 59 + "…")
    assert number.missing == 1


def test_the_target_is_kept_and_is_no_input() -> None:
    table = read_table({"x": RANDOM.normal(size=30).tolist(), "y": list(range(30))})
    schema = detect(table, "y")
    assert schema.modalities == {"x": "number"}
    assert schema.columns[1].modality != "ignore"
    assert schema.columns[1].reason.startswith("target; ")


def test_ignore_and_overrides() -> None:
    table = read_table({"a": [1, 2, 3] * 5, "b": [1.5, 2.0, 3.0] * 5, "c": list(range(15))})
    schema = detect(table, ignore=["a"], overrides={"b": "category", "c": "number"})
    assert schema.modalities == {"b": "category", "c": "number"}
    with pytest.raises(InputError, match=r"unknown modality 'txet'.*did you mean 'text'"):
        detect(table, overrides={"a": "txet"})
    with pytest.raises(InputError, match=r"no column 'aa'.*did you mean 'a'"):
        detect(table, overrides={"aa": "text"})
    with pytest.raises(InputError, match="no column 'cc'"):
        detect(table, ignore=["cc"])
    with pytest.raises(InputError, match="no target 'd'"):
        detect(table, "d")


def test_small_tables_have_no_identifiers_by_chance() -> None:
    table = read_table(
        {"weight": [70, 82, 64, 91, 55, 77, 68], "word": ["one", "two", "six", "ten", "ace", "fog", "hat"]}
    )
    assert "ignore" not in {c.modality for c in detect(table).columns}


def test_image_paths_need_files(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    frame = pl.DataFrame({"here": ["0.png", "1.png", "2.png"], "gone": ["7.png", "8.png", "9.png"]})
    schema = detect(Table(frame, tmp_path, "t"))
    assert schema.modalities == {"here": "image"}
    assert "none of 3 looked for" in schema.columns[1].reason


def test_image_bytes() -> None:
    table = read_table({"im": [b"\x89PNG\r\n\x1a\n" + bytes([x]) for x in range(9)]})
    assert detect(table).modalities == {"im": "image"}


def test_media_paths(tmp_path: Path) -> None:
    cells = ["a/b.png", " c.png ", None, "/abs/d.png", "C:\\x.png", "e\\f.png", "", "file:///g.png"]
    frame = pl.DataFrame({"im": cells, "bytes": [b"x"] * 8, "t": ["u"] * 8})
    table = media_paths(Table(frame, tmp_path, "t"), {"im": "image", "bytes": "image", "t": "text", "gone": "audio"})
    root = tmp_path.resolve().as_posix()
    expected = [
        f"{root}/a/b.png",
        f"{root}/c.png",
        None,
        "/abs/d.png",
        "C:\\x.png",
        f"{root}/e/f.png",
        None,
        "/g.png",
    ]
    assert table.frame["im"].to_list() == expected
    assert table.frame.select("bytes", "t").equals(frame.select("bytes", "t"))


def test_the_schema_file_is_a_recipe() -> None:
    names = ["plain", "with: colon", "yes", "1", "#x", "评论", "a\nb", ' "q"', "null", "a - b"]
    table = read_table({name: [float(i) + 0.5 for i in range(9)] for name in names} | {"y": [0, 1, 1] * 3})
    schema = detect(table, "y", overrides={"plain": "ignore"})
    text = schema_yaml(schema)
    values = yaml.safe_load(text)
    assert values["target"] == "y"
    assert values["columns"] == {c.name: c.modality for c in schema.columns if c.name != "y"}
    assert make_recipe(values).columns["评论"] == "number"
    assert all("#" in line for line in text.splitlines()[3:])


def test_wide_and_long_tables_are_sampled() -> None:
    frame = pl.DataFrame({f"c{i}": RANDOM.normal(size=50) for i in range(300)})
    assert set(detect(read_table(frame)).modalities.values()) == {"number"}
    rows = 300_000
    long = pl.DataFrame({"x": RANDOM.normal(size=rows), "t": ["some words of text here"] * rows, "id": np.arange(rows)})
    found = {c.name: c for c in detect(read_table(long)).columns}
    assert found["x"].modality == "number"
    assert found["x"].rows == rows
    assert found["id"].modality == "ignore"
