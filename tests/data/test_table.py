"""Every kind of source reads to the same table; what is no table is refused in one line."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from consilience.core.errors import InputError
from consilience.data.table import Table, read_table

FRAME = pl.DataFrame({"age": [31, None, 7], "note": ["calm", 'a, "b"\nc', None], "x": [0.5, 1.25, -3.0]})
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def write(folder: Path, name: str) -> Path:
    path = folder / name
    if name.endswith(".parquet"):
        FRAME.write_parquet(path)
    elif name.endswith((".arrow", ".feather")):
        (FRAME.write_ipc if name.endswith(".feather") else FRAME.write_ipc_stream)(path)
    elif name.endswith(".jsonl"):
        FRAME.write_ndjson(path)
    elif name.endswith(".json"):
        FRAME.write_json(path)
    elif name.endswith(".xlsx"):
        FRAME.write_excel(path)
    else:
        buffer = io.BytesIO()
        FRAME.write_csv(buffer, separator="\t" if ".tsv" in name else ",")
        path.write_bytes(gzip.compress(buffer.getvalue()) if name.endswith(".gz") else buffer.getvalue())
    return path


@pytest.mark.parametrize(
    "name",
    [
        "t.csv",
        "t.tsv",
        "t.csv.gz",
        "t.txt",
        "t.parquet",
        "t.arrow",
        "t.feather",
        "t.jsonl",
        "t.json",
        "t.xlsx",
    ],
)
def test_every_file_format_reads_to_the_same_cells(tmp_path: Path, name: str) -> None:
    table = read_table(write(tmp_path, name))
    assert table.frame.rows() == FRAME.rows()
    assert table.frame.schema == FRAME.schema
    assert table.folder == tmp_path
    assert table.name == name


@pytest.mark.parametrize(
    "source",
    [FRAME, FRAME.lazy(), FRAME.to_pandas(), FRAME.to_arrow(), FRAME.to_dict(as_series=False)],
    ids=["polars", "lazy", "pandas", "arrow", "dictionary"],
)
def test_every_table_in_memory_reads_to_the_same_cells(source: object) -> None:
    table = read_table(source)
    assert table.frame.get_column("age").cast(pl.Int64).to_list() == [31, None, 7]
    assert table.frame.get_column("note").to_list() == FRAME["note"].to_list()
    assert table.folder is None


def test_a_table_is_returned_as_it_is() -> None:
    table = read_table({"a": [1]})
    assert read_table(table) is table


def test_pandas_cells_of_several_types_become_text_and_are_named() -> None:
    frame = pd.DataFrame({"mixed": ["x", 2.0, None], 3: [b"1", None, b"2"], "kind": pd.Categorical(["u", "v", "u"])})
    table = read_table(frame)
    assert table.frame["mixed"].to_list() == ["x", "2", None]
    assert table.frame["3"].dtype == pl.Binary
    assert table.frame["kind"].dtype == pl.String
    assert table.notes == ("cells of several types read as text: mixed",)


def test_nan_is_missing() -> None:
    table = read_table({"x": [1.0, float("nan")], "y": np.array([np.nan, 2.0])})
    assert table.frame.rows() == [(1.0, None), (None, 2.0)]


def test_hugging_face_structs_become_bytes_or_paths(tmp_path: Path) -> None:
    (tmp_path / "there.png").write_bytes(b"there")
    frame = pl.DataFrame(
        {
            "bytes": [{"bytes": b"a", "path": "x"}, {"bytes": b"b", "path": None}],
            "paths": [{"bytes": None, "path": "a.png"}, {"bytes": None, "path": "b.png"}],
            "both": [{"bytes": b"a", "path": None}, {"bytes": None, "path": "there.png"}],
        }
    )
    frame.write_parquet(tmp_path / "t.parquet")
    read = read_table(tmp_path / "t.parquet").frame
    assert read["bytes"].to_list() == [b"a", b"b"]
    assert read["paths"].to_list() == ["a.png", "b.png"]
    assert read["both"].to_list() == [b"a", b"there"]


def test_a_struct_whose_file_is_gone_becomes_an_unreadable_cell() -> None:
    read = read_table(pl.DataFrame({"im": [{"bytes": b"a", "path": None}, {"bytes": None, "path": "gone.png"}]}))
    assert read.frame["im"].to_list() == [b"a", b""]


def test_lists_of_text_are_joined() -> None:
    assert read_table({"tags": [["a", "b"], []]}).frame["tags"].to_list() == ["a|b", None]


def test_json_lines_of_mixed_types_and_absent_keys(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1, "b": "x"}\n{"a": "q"}\n\n{"c": 2}\n', encoding="utf-8")
    assert read_table(path).frame.rows() == [("1", "x", None), ("q", None, None), (None, None, 2)]


def test_take_and_select() -> None:
    table = read_table(FRAME)
    assert table.take(np.array([2, 0, 2])).frame["age"].to_list() == [7, 31, 7]
    assert table.select(["x", "age"]).frame.columns == ["x", "age"]
    with pytest.raises(InputError, match=r"no column 'nots'.*did you mean 'note'"):
        table.select(["nots"])


REFUSED = {
    "png.csv": (PNG, "holds a PNG picture"),
    "picture.png": (PNG, "holds a PNG picture"),
    "noise.csv": (bytes(range(256)) * 8, "holds binary data"),
    "empty.csv": (b"", "the file is empty"),
    "blank.csv": (b"\n\n  \n", "the file is empty"),
    "header.csv": (b"a,b\n", "no rows"),
    "duplicate.csv": (b"a,b, a\n1,2,3\n", "duplicate column names: 'a'"),
    "long.csv": (b'a,b\n"x\ny",2\n1,2,3\n', "line 4 has 3 fields, the header has 2"),
    "short.csv": (b"a,b\n1,2\n3\n", "line 3 has 1 field, the header has 2"),
    "open.csv": (b'a,b\n1,2\n3,"x\n5,6\n', "a quote opened in line 3 is never closed"),
    "text.parquet": (b"a,b\n1,2\n", "not readable as Parquet: it holds text"),
    "text.feather": (b"a,b\n1,2\n", "not readable as Arrow: it holds text"),
    "text.xlsx": (b"a,b\n1,2\n", "not readable as an Excel workbook"),
    "cut.csv.gz": (gzip.compress(b"a,b\n1,2\n" * 99)[:20], "a broken archive"),
    "wrong.jsonl": (b'{"a": 1}\n{"a":\n', "line 2 is not JSON"),
    "list.jsonl": (b"[1]\n", "line 1 is not an object"),
    "numbers.json": (b"[1, 2]", "entry 1 is not an object"),
    "t.docx2": (b"hello", "unknown file extension '.docx2'. Known: .csv"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_no_table_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    content, message = REFUSED[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_table(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_names_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"file not found.*did you mean 'train.csv'"):
        read_table(tmp_path / "tran.csv")
    with pytest.raises(InputError, match=r"file not found.*does not exist"):
        read_table(tmp_path / "nowhere" / "tran.csv")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([1, 2], "not a table: received list"),
        (3, "not a table: received int"),
        ({"a": [1, 2], "b": [1]}, "columns of unequal length"),
        ({"a": 5}, "'a' is not a list"),
        ({}, "no columns"),
        (pl.DataFrame({"a": []}), "no rows"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "duplicate column names: 'a'"),
        (pa.table([[1], [2]], names=["a", "a"]), "duplicate column names: 'a'"),
        (pl.DataFrame({"a": [1], " a": [2]}), "duplicate column names: 'a'"),
    ],
)
def test_what_is_no_table_in_memory_is_refused(source: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_table(source)


def test_duplicate_names_in_a_workbook_are_refused(tmp_path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["a", "b", "a"])
        sheet.write_row(1, 0, [1, 2, 3])
    with pytest.raises(InputError, match="duplicate column names: 'a'"):
        read_table(tmp_path / "t.xlsx")


def test_table_is_frozen() -> None:
    table = read_table({"a": [1]})
    with pytest.raises(AttributeError):
        table.name = "b"  # type: ignore[misc]
    assert isinstance(table, Table)


def test_a_file_that_makes_polars_panic_is_not_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def panic(*_: object, **__: object) -> pl.DataFrame:
        raise pl.exceptions.PanicException("assertion failed: offset + length <= self.length")

    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "t.parquet")
    monkeypatch.setattr(pl, "read_parquet", panic)
    with pytest.raises(InputError, match="not readable as Parquet"):
        read_table(tmp_path / "t.parquet")
