"""Spoken digits, every speaker left out once: what is left when the voice is new.

CONSILIENCE_DATA=… python benchmarks/leave_one_speaker_out.py
"""

from __future__ import annotations

import polars as pl
from common import data_folder, report, train, workspace


def main() -> None:
    data = data_folder("fsdd")
    frame = pl.read_csv(data / "fsdd.csv").with_columns(pl.lit(f"{data}/").add(pl.col("audio")).alias("audio"))
    found = {}
    for speaker in frame["speaker"].unique().sort():
        with workspace() as folder:
            columns = ["audio", "speaker", "digit"]
            frame.filter(pl.col("speaker") != speaker).select(columns).write_csv(folder / "train.csv")
            frame.filter(pl.col("speaker") == speaker).select(columns).write_csv(folder / "test.csv")
            options = ("--test", str(folder / "test.csv"), "--set", "split.group=speaker")
            metrics, seconds = train(folder / "run", folder / "train.csv", "digit", *options)
        accuracy = metrics["test"]["accuracy"]
        found[speaker] = {**{k: round(v, 4) for k, v in accuracy.items()}, "seconds": round(seconds, 1)}
    mean = sum(f["value"] for f in found.values()) / len(found)
    report("leave_one_speaker_out", mean_accuracy=mean, speakers=found, seed=0)


if __name__ == "__main__":
    main()
