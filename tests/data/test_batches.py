"""Long tables in pieces give the cells of the whole table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from consilience.core.errors import InputError
from consilience.data import batches
from consilience.data.batches import count_rows, iterate_tables
from consilience.data.table import read_table


@pytest.fixture
def frame() -> pl.DataFrame:
    random = np.random.default_rng(0)
    rows = 5_000
    return pl.DataFrame(
        {
            "number": random.normal(size=rows).round(3),
            "count": random.integers(0, 9, rows),
            "note": [f'line {i}, "quoted"\nand a second' if i % 7 else None for i in range(rows)],
        }
    )


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_streamed_pieces_equal_the_whole(
    tmp_path: Path, frame: pl.DataFrame, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"long{suffix}"
    if suffix == ".parquet":
        frame.write_parquet(path)
    else:
        frame.write_csv(path, separator="\t" if suffix == ".tsv" else ",")
    monkeypatch.setattr(batches, "WHOLE_BELOW", 0)
    pieces = list(iterate_tables(path, rows=700))
    assert all(piece.rows <= 700 for piece in pieces)
    assert len(pieces) >= 8
    assert pl.concat([p.frame for p in pieces]).equals(read_table(path).frame)


def test_tables_in_memory_are_sliced(frame: pl.DataFrame) -> None:
    pieces = list(iterate_tables(frame, rows=2_000))
    assert [p.rows for p in pieces] == [2_000, 2_000, 1_000]
    assert count_rows(frame) == 5_000


def test_a_block_that_does_not_parse_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ragged.csv"
    path.write_text("a,b\n" + "1,2\n" * 500 + "1,2,3\n")
    monkeypatch.setattr(batches, "WHOLE_BELOW", 0)
    with pytest.raises(InputError, match="Expected 2 columns, got 3"):
        list(iterate_tables(path))
