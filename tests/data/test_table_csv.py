"""Delimited text: encodings, delimiters, quotes, and which columns are numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from consilience.core.errors import InputError
from consilience.data.table import Table, read_table

CHINESE = "城市,评论,标签\n北京,房间很大，非常满意，下次还会来,1\n上海,服务太差了，不会再来,0\n广州,交通方便,1\n"
CELLS = {
    "gb18030": (CHINESE, "encoding GB18030"),
    "utf-16": (CHINESE, "encoding UTF-16"),
    "utf-16-be": ("a,b\nhello,world\n", "encoding UTF-16-BE"),
    "utf-8-sig": (CHINESE, "encoding UTF-8 with BOM"),
    "big5": ("城市,評論\n" + "臺北,房間很大非常滿意服務親切\n" * 5, "encoding Big5"),
    "euc_kr": ("도시,리뷰\n" + "서울,방이 아주 넓고 깨끗해서 만족합니다\n" * 5, "encoding CP949"),
    "shift_jis": ("都市,感想\n" + "東京,部屋がとても広くて良かったです\n" * 5, "encoding Shift-JIS"),
    "euc_jp": ("都市,感想\n" + "東京,部屋がとても広くて良かったです\n" * 5, "encoding EUC-JP"),
    "cp1251": ("город,отзыв\n" + "Москва,Очень хороший номер спасибо\n" * 5, "encoding Windows-1251"),
    "cp1252": ("x,p\nMüller,5 €\nMuñoz,“très” là\n", "encoding Windows-1252"),
    "latin-1": ("ville,avis\nOrléans,déjà vu; été à Nîmes\n", "encoding Windows-1252"),
    "cp1250": (
        "miasto,opis\nŁódź,bardzo miła obsługa i piękny pokój\nKraków,wspaniały pobyt\n",
        "encoding Windows-1250",
    ),
}


def table_of(folder: Path, text: str | bytes, name: str = "t.csv") -> Table:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(path)


@pytest.mark.parametrize("codec", sorted(CELLS))
def test_encodings_are_detected_and_named(tmp_path: Path, codec: str) -> None:
    text, note = CELLS[codec]
    table = table_of(tmp_path, text.encode(codec))
    rows = [line.split(",") for line in text.splitlines()]
    assert table.frame.columns == rows[0]
    assert [[str(cell) for cell in row] for row in table.frame.rows()] == rows[1:]
    assert any(n.startswith(note) for n in table.notes)


def test_utf8_is_not_said(tmp_path: Path) -> None:
    assert table_of(tmp_path, CHINESE).notes == ()


def test_a_few_broken_bytes_do_not_change_the_encoding(tmp_path: Path) -> None:
    table = table_of(tmp_path, CHINESE.encode() + "深圳,很好".encode() + b"\xff,1\n")
    assert table.frame["城市"].to_list() == ["北京", "上海", "广州", "深圳"]
    assert table.notes == ("encoding UTF-8, 1 broken characters read as '�'",)


@pytest.mark.parametrize(
    ("text", "columns", "note"),
    [
        ("a;b\n1;x, y\n2;z\n", ["a", "b"], "delimiter ';'"),
        ("a|b\n1|x\n", ["a", "b"], "delimiter '|'"),
        ("a\tb\n1,5\tx\n", ["a", "b"], "delimiter tab"),
        ("sep=;\na;b\n1;2\n", ["a", "b"], "delimiter ';'"),
        ("a,b;c\n1,x;y\n2,z\n", ["a", "b;c"], None),
        ("text\nhello, world\nbye\n", ["text"], None),
        ("\n\na,b\n1,2\n", ["a", "b"], None),
        ("a,b,\n1,2,\n", ["a", "b"], None),
        (",b\n0,2\n", ["column_1", "b"], "column without a name called 'column_1'"),
        ("1,2.5\n2,3.5\n", ["1", "2.5"], "the first line holds only numbers"),
        ("a,b\r1,2\r", ["a", "b"], None),
    ],
)
def test_delimiters_and_headers(tmp_path: Path, text: str, columns: list[str], note: str | None) -> None:
    table = table_of(tmp_path, text)
    assert table.frame.columns == columns
    assert [n for n in table.notes if note is None or n.startswith(note)] == list(table.notes)
    assert bool(table.notes) is (note is not None)


def test_a_tab_in_the_name_is_believed(tmp_path: Path) -> None:
    table = table_of(tmp_path, "a\tb;c\n1,5\tx;y\n", "t.tsv")
    assert table.frame.rows() == [("1,5", "x;y")]
    assert table.notes == ()


def test_quotes_line_breaks_and_long_cells(tmp_path: Path) -> None:
    long = "x" * 300_000
    table = table_of(tmp_path, f'a,b\n"1, ""q""\n2",{long}\n5" tv,"{long}"\n')
    assert table.frame.rows() == [('1, "q"\n2', long), ('5" tv', long)]


def test_an_empty_line_is_a_missing_cell_of_the_only_column(tmp_path: Path) -> None:
    assert table_of(tmp_path, "a\nx\n\ny\n").frame["a"].to_list() == ["x", None, "y"]


def test_numbers_codes_and_missing_tokens(tmp_path: Path) -> None:
    text = "zip,n,m,s,long,e,blank\n007, 5 ,NA,x,12345678901234567890,1e-3,\n"
    text += "012,+6,3,,1,.5, \n100,-1,?,?,2,2.,4\n"
    frame = table_of(tmp_path, text).frame
    assert frame["zip"].to_list() == ["007", "012", "100"]
    assert frame["n"].to_list() == [5, 6, -1]
    assert frame["n"].dtype == pl.Int64
    assert frame["m"].to_list() == [None, 3, None]
    assert frame["s"].to_list() == ["x", None, "?"]
    assert frame["long"].dtype == pl.String
    assert frame["e"].to_list() == [0.001, 0.5, 2.0]
    assert frame["blank"].to_list() == [None, None, 4]


@pytest.mark.parametrize("name", ["t.tsv", "t.csv"])
def test_a_decimal_comma_that_can_be_nothing_else(tmp_path: Path, name: str) -> None:
    """Once "0,75" is seen, "1,234" beside it is no thousand."""
    frame = pl.DataFrame({"a": ["0,75", "12,5"], "b": ["1,234", "2,345"], "c": ["x", "y, z"]})
    frame.write_csv(tmp_path / name, separator="\t" if name.endswith("tsv") else ",")
    table = read_table(tmp_path / name)
    assert table.frame.rows() == [(0.75, 1.234, "x"), (12.5, 2.345, "y, z")]
    assert "decimal comma in a, b" in table.notes


def test_many_cells_with_two_decimals_are_sure_too(tmp_path: Path) -> None:
    frame = pl.DataFrame({"price": [f"{i},{i + 10}" for i in range(1, 41)]})
    frame.write_csv(tmp_path / "t.csv")
    assert read_table(tmp_path / "t.csv").frame["price"].to_list() == [i + (i + 10) / 100 for i in range(1, 41)]


@pytest.mark.parametrize(
    "cells", [["1,234", "12,345"], ["1,5", "2,7"], ["0,5", "3,1"], ["1,5,7", "0,75"], ["1.5", "0,75"]]
)
def test_thousands_pairs_and_sets_stay_as_they_are(tmp_path: Path, cells: list[str]) -> None:
    pl.DataFrame({"a": cells, "b": ["x", "y"]}).write_csv(tmp_path / "t.csv")
    assert read_table(tmp_path / "t.csv").frame["a"].to_list() == cells


def test_a_decimal_point_elsewhere_speaks_against_a_comma(tmp_path: Path) -> None:
    pl.DataFrame({"a": ["0,75", "1,25"], "b": ["1.5", "2.5"]}).write_csv(tmp_path / "t.csv")
    assert read_table(tmp_path / "t.csv").frame["a"].to_list() == ["0,75", "1,25"]


def test_decimal_comma_only_with_a_semicolon(tmp_path: Path) -> None:
    table = table_of(tmp_path, "a;b;c\n1,5;1.234,25;x\n-2;3;1,5\n")
    assert table.frame.rows() == [(1.5, 1234.25, "x"), (-2.0, 3.0, "1,5")]
    assert table.notes == ("delimiter ';'", "decimal comma in a, b")
    assert table_of(tmp_path, 'a,b\n"1,5",2\n').frame["a"].to_list() == ["1,5"]


def test_many_rows_read_whole(tmp_path: Path) -> None:
    rows = 200_000
    values = np.random.default_rng(0).normal(size=rows)
    frame = pl.DataFrame({"i": np.arange(rows), "x": values, "t": ["中文, text"] * rows})
    frame.write_csv(tmp_path / "t.csv")
    assert read_table(tmp_path / "t.csv").frame.equals(frame)


def test_ragged_rows_name_the_line_after_lines_before_the_header(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 5 has 1 field"):
        table_of(tmp_path, "\nsep=;\na;b\n1;2\n3\n")
