"""Series in a cell: the four encoders of series on the same rows, through `consilience train`.

    CONSILIENCE_DATA=… python benchmarks/series_classification.py digits
    CONSILIENCE_DATA=… python benchmarks/series_classification.py all --effort 3

digits: spoken digits (fsdd) as series of 12 channels, the logarithm of the power in 12 mel-like bands every 20 ms,
about 15 to 60 steps; ten classes, the official split (index 0 to 4 is test; the same speakers on both sides).
hours: a day of the seven channels of ETTh1, hour by hour; six classes, the part of the day of the last hour; the first
year trains, the second tests, every fifth window.

motif: made; one of four waves of 16 steps hidden anywhere in 40 to 120 steps of noise; which one. 2,000 rows train.
place: made; 30 to 70 steps at irregular times of a day, a bump in one of six parts of the day; which one.

One JSON line a data set: test accuracy of the network alone with its 95 % interval for each encoder, and of the linear
and tree references on the figures that they read from series; seconds of processor time.
"""

from __future__ import annotations

import argparse
import json
import resource
from collections.abc import Callable
from datetime import datetime, timedelta
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


def motif(folder: Path) -> dict[str, Path]:
    wave = np.sin(np.linspace(0, 2 * np.pi, 16))
    saw = np.r_[np.linspace(-1, 1, 12), np.linspace(1, -1, 4)]
    shapes = {"a": wave, "b": -wave, "c": np.sin(np.linspace(0, 4 * np.pi, 16)), "d": saw}

    def one(random: Any) -> tuple[Any, str]:
        length, label = int(random.integers(40, 121)), str(random.choice(list(shapes)))
        x = random.normal(0, 0.5, length) + random.normal(0, 2)
        at = int(random.integers(0, length - 16))
        x[at : at + 16] += 1.2 * shapes[label]
        return x.round(3).tolist(), label

    return made(one, folder)


def place(folder: Path) -> dict[str, Path]:
    def one(random: Any) -> tuple[Any, str]:
        hour = np.sort(random.uniform(0, 24, int(random.integers(30, 70))))
        hour[0], hour[-1] = 0, 23.99
        part = int(random.integers(6))
        x = random.normal(0, 0.6, len(hour)) + random.normal(0, 2)
        x += 1.8 * np.exp(-(((hour - 4 * part - random.uniform(0.5, 3.5)) / 1.2) ** 2))
        x -= 1.5 * np.exp(-(((hour - random.uniform(0, 24)) / 1.2) ** 2))
        day = datetime(2024, 1, 1) + timedelta(days=int(random.integers(300)))
        times = [(day + timedelta(hours=float(h))).isoformat(timespec="seconds") for h in hour]
        return json.dumps([[t, round(float(v), 3)] for t, v in zip(times, x, strict=True)]), f"part {part}"

    return made(one, folder)


def made(one: Callable[[Any], tuple[Any, str]], folder: Path) -> dict[str, Path]:
    rows = []
    for part, count in (("train", 2_000), ("test", 1_000)):
        random = np.random.default_rng([count, 7])
        rows += [(*one(random), part) for _ in range(count)]
    return write(pl.DataFrame(rows, schema=["series", "label", "split"], orient="row"), folder)


def write(frame: pl.DataFrame, folder: Path) -> dict[str, Path]:
    found = {}
    for name in ("train", "test"):
        found[name] = folder / f"{name}.parquet"
        frame.filter(pl.col("split") == name).drop("split").write_parquet(found[name])
    return found


def measure(name: str, effort: int, encoders: list[str]) -> None:
    with workspace() as folder:
        tables = DATA[name](folder)
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


DATA = {"digits": digits, "hours": hours, "motif": motif, "place": place}


def interval(figures: dict[str, Any]) -> list[float]:
    """Accuracy, and its 95 % interval."""
    return [round(figures["accuracy"][key], 4) for key in ("value", "low", "high")]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", choices=(*DATA, "all"))
    parser.add_argument("--effort", type=int, default=2)
    parser.add_argument("--encoders", nargs="+", choices=ENCODERS, default=list(ENCODERS))
    given = parser.parse_args()
    for chosen in DATA if given.data == "all" else (given.data,):
        measure(chosen, given.effort, given.encoders)
