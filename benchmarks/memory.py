"""Peak memory of training as rows grow: the same MNIST images repeated to 10,000, 40,000 and 160,000 rows.

    CONSILIENCE_DATA=… python benchmarks/memory.py

Must reach: growth of the peak resident set under 50 MB from 10,000 to 160,000 rows. The table holds paths of PNG
files; the feature cache is made first, as a second run finds it, and once more cold.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from common import data_folder, explain, peak_memory, report, workspace

SIZES = (10_000, 40_000, 160_000)


def lay(folder: Path) -> dict[int, Path]:
    frame = pl.read_parquet(data_folder("mnist") / "train.parquet").head(SIZES[0])
    images = folder / "images"
    images.mkdir()
    for i, data in enumerate(frame["image"]):
        (images / f"{i}.png").write_bytes(data)
    small = pl.DataFrame({"image": [f"images/{i}.png" for i in range(SIZES[0])], "label": frame["label"]})
    found = {}
    for rows in SIZES:
        found[rows] = folder / f"{rows}.csv"
        pl.concat([small] * (rows // SIZES[0])).write_csv(found[rows])
    return found


def main() -> None:
    with workspace() as folder:
        tables = lay(folder)
        options = ["--effort", "1", "--set", "train.epochs=1", "-q"]
        peaks: dict[str, dict[int, float]] = {"cold": {}, "warm": {}}
        for state in peaks:
            for rows, table in tables.items():
                run = folder / f"run-{state}-{rows}"
                command = [sys.executable, "-m", "consilience", "train", str(table), "--target", "label"]
                peaks[state][rows] = peak_memory([*command, *options, "--run", str(run)]) / 1e6
    growth = {state: found[SIZES[-1]] - found[SIZES[0]] for state, found in peaks.items()}
    report("memory", peak_mb=peaks, growth_mb=growth, reached={s: g < 50 for s, g in growth.items()})


if __name__ == "__main__":
    explain(__doc__)
    main()
