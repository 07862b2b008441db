"""Spoken digits, every speaker left out once: what is left when the voice is new.

CONSILIENCE_DATA=… python benchmarks/leave_one_speaker_out.py
"""

from __future__ import annotations

import numpy as np
import polars as pl
from common import data_folder, explain, report, train, workspace
from scipy import stats


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
    accuracy = over_speakers([speaker["value"] for speaker in found.values()])
    report("leave_one_speaker_out", accuracy=accuracy, speakers=found, seed=0)


def over_speakers(values: list[float]) -> dict[str, float]:
    """Mean over the speakers and its 95 % interval (Student's t): how far it would move with six other voices."""
    mean, error = float(np.mean(values)), float(stats.sem(values))
    half = float(stats.t.ppf(0.975, len(values) - 1)) * error
    return {"value": mean, "low": mean - half, "high": min(1.0, mean + half)}


if __name__ == "__main__":
    explain(__doc__)
    main()
