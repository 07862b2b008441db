"""Series in a cell: the four encoders of series on the same rows, through `consilience train`.

    CONSILIENCE_DATA=… python benchmarks/series_classification.py digits
    CONSILIENCE_DATA=… python benchmarks/series_classification.py all --effort 3

digits: spoken digits (fsdd) as series of 12 channels, the logarithm of the power in 12 mel-like bands every 20 ms,
about 15 to 60 steps; ten classes, the official split (index 0 to 4 is test; the same speakers on both sides).
hours: a day of the seven channels of ETTh1, hour by hour; six classes, the part of the day of the last hour; the first
year trains, the second tests, every fifth window.

One JSON line a data set: test accuracy of the network alone with its 95 % interval for each encoder, and of the linear
and tree references on the figures that they read from series; seconds of processor time.
"""

from __future__ import annotations

import argparse
import resource
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import soundfile
from common import data_folder, report, train, workspace

ENCODERS = ("conv_series", "patch_series", "linear_series", "rocket_series")
BANDS, HOP, WINDOW = 12, 160, 256


def digits(folder: Path) -> dict[str, Path]:
    data = data_folder("fsdd")
    table = pl.read_csv(data / "fsdd.csv")
    cells = [bands(soundfile.read(data / name, dtype="float32")[0]) for name in table["audio"]]
    frame = pl.DataFrame({"sound": cells, "label": table["digit"].cast(pl.String), "split": table["split"]})
    return write(frame, folder)


def bands(wave: Any) -> list[list[float]]:
    """Log power of BANDS bands, evenly spaced on the mel scale from 100 to 4,000 Hz, every HOP samples of 8 kHz."""
    starts = range(0, max(1, len(wave) - WINDOW + 1), HOP)
    frames = np.stack([np.pad(wave[s : s + WINDOW], (0, max(0, WINDOW - len(wave) + s))) for s in starts])
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(WINDOW), axis=1)))
    mel = np.linspace(2595 * np.log10(1 + 100 / 700), 2595 * np.log10(1 + 4000 / 700), BANDS + 1)
    edges = np.searchsorted(np.fft.rfftfreq(WINDOW, 1 / 8000), 700 * (10 ** (mel / 2595) - 1))
    sums = [power[:, a : max(b, a + 1)].mean(1) for a, b in pairwise(edges)]
    return np.log(np.stack(sums, 1) + 1e-8).round(3).tolist()


def hours(folder: Path) -> dict[str, Path]:
    frame = pl.read_csv(data_folder("ett") / "ETTh1.csv", try_parse_dates=True)
    values = frame.drop("date").to_numpy()
    hour = frame["date"].dt.hour().to_numpy()
    last = np.arange(23, len(frame), 5)
    split = np.where(last < 365 * 24, "train", "test")
    kept = (last < 365 * 24) | (last >= 365 * 24 + 24)  # no window on both sides
    last, split = last[kept], split[kept]
    cells = [values[at - 23 : at + 1].round(4).tolist() for at in last]
    label = [f"{4 * (h // 4):02d} to {4 * (h // 4) + 4:02d}" for h in hour[last]]
    return write(pl.DataFrame({"day": cells, "label": label, "split": split}), folder)


def write(frame: pl.DataFrame, folder: Path) -> dict[str, Path]:
    found = {}
    for name in ("train", "test"):
        found[name] = folder / f"{name}.parquet"
        frame.filter(pl.col("split") == name).drop("split").write_parquet(found[name])
    return found


def measure(name: str, effort: int, encoders: list[str]) -> None:
    with workspace() as folder:
        tables = {"digits": digits, "hours": hours}[name](folder)
        found: dict[str, Any] = {}
        for encoder in encoders:
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            options = ["--test", str(tables["test"]), "--effort", str(effort), "--set", "report.analyses=[]"]
            options += ["--set", f"encoders.series.type={encoder}"]
            if encoder != encoders[0]:
                options += ["--set", "references=[]"]
            metrics, _ = train(folder / encoder, tables["train"], "label", *options)
            spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
            found[encoder] = {"accuracy": interval(metrics["network"]), "processor_seconds": round(spent)}
            for reference, figures in metrics["references"].items():
                found[reference] = {"accuracy": interval(figures)}
        rows = {part: pl.read_parquet(path).height for part, path in tables.items()}
        report("series_classification", data=name, effort=effort, rows=rows, results=found)


def interval(figures: dict[str, Any]) -> list[float]:
    """Accuracy, and its 95 % interval."""
    return [round(figures["accuracy"][key], 4) for key in ("value", "low", "high")]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", choices=("digits", "hours", "all"))
    parser.add_argument("--effort", type=int, default=2)
    parser.add_argument("--encoders", nargs="+", choices=ENCODERS, default=list(ENCODERS))
    given = parser.parse_args()
    for chosen in ("digits", "hours") if given.data == "all" else (given.data,):
        measure(chosen, given.effort, given.encoders)
