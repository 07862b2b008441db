"""The sample that `consilience demo` trains on: 1,200 and 300 written digits with spoken ones, both degraded.

Columns: image (PNG bytes, 28 x 28 grey), audio (WAV bytes, GSM 6.10, 8 kHz mono), digit (0 to 9). How it was
made: `tools/make_demo.py`; where it comes from and under which licences: `ATTRIBUTION.md` beside this file.
"""

from __future__ import annotations

from pathlib import Path

TARGET = "digit"


def tables() -> tuple[Path, Path]:
    """The training and the test table's paths."""
    here = Path(__file__).parent
    return here / "train.parquet", here / "test.parquet"
