"""Decoding 70,000 PNG and 3,000 WAV into the feature cache, against a bare OpenCV / soundfile loop.

Needs CONSILIENCE_DATA (mnist/*.parquet, fsdd/wav). Prints one JSON line. `ratio` is the bare loop's time
over the cache's time on as many processes, start-up of the processes included on both sides; the goal is
0.9 or more. `ratio_here` is the same without other processes. Each time is the best of `--repeats`
alternating runs.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import polars as pl
import soundfile

from consilience.core.recipe import Group, Prepare
from consilience.data.features import learn_facts, prepare
from consilience.data.table import Table

CHUNK = 1024
Tables = dict[str, Table]


def bare(cells: list[bytes | str]) -> int:
    """What anyone would write: decode every cell, keep nothing."""
    samples = 0
    for cell in cells:
        if isinstance(cell, str):
            samples += len(soundfile.read(cell, dtype="int16")[0])
        else:
            samples += cv2.imdecode(np.frombuffer(cell, np.uint8), cv2.IMREAD_GRAYSCALE).size
    return samples


def bare_loop(tables: Tables, processes: int) -> None:
    cells = [cell for table in tables.values() for cell in table.frame.to_series(0).to_list()]
    chunks = [cells[start : start + CHUNK] for start in range(0, len(cells), CHUNK)]
    if not processes:
        for chunk in chunks:
            bare(chunk)
        return
    with multiprocessing.get_context("spawn").Pool(processes, cv2.setNumThreads, (1,)) as pool:
        for _ in pool.imap_unordered(bare, chunks):
            pass


def into_cache(tables: Tables, facts: dict[str, dict[str, object]], processes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, table in tables.items():
            settings = Prepare(workers=processes)
            prepare(table, {name: facts[name]}, settings, Path(folder)).close()


def best(runs: dict[str, Callable[[], None]], repeats: int) -> dict[str, float]:
    seconds = dict.fromkeys(runs, float("inf"))
    for _ in range(repeats):
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            seconds[name] = min(seconds[name], time.perf_counter() - began)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    data = Path(os.environ["CONSILIENCE_DATA"])
    parts = [pl.read_parquet(data / "mnist" / f"{p}.parquet", columns=["image"]) for p in ("train", "test")]
    waves = sorted(str(path) for path in (data / "fsdd").rglob("*.wav"))
    frames = {"image": pl.concat(parts), "audio": pl.DataFrame({"audio": waves})}
    tables = {name: Table(frame, None, name) for name, frame in frames.items()}
    facts = {
        name: learn_facts(frame, {name: Group(columns=(name,), modality=name)}, Prepare())[name]
        for name, frame in frames.items()
    }
    runs: dict[str, Callable[[], None]] = {}
    for label, processes in (("", options.processes), ("_here", 0)):
        runs["bare" + label] = partial(bare_loop, tables, processes)
        runs["cache" + label] = partial(into_cache, tables, facts, processes)
    seconds = best(runs, options.repeats)
    result = {
        "benchmark": "decoding",
        "images": frames["image"].height,
        "waves": len(waves),
        "ratio": round(seconds["bare"] / seconds["cache"], 3),
        "ratio_here": round(seconds["bare_here"] / seconds["cache_here"], 3),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "processes": options.processes,
        "repeats": options.repeats,
        "load": round(os.getloadavg()[0], 2),
        "versions": {
            "python": platform.python_version(),
            "opencv": cv2.__version__,
            "soundfile": soundfile.__version__,
        },
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
