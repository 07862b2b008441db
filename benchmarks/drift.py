"""Does `consilience monitor` alarm when it should, and keep silent when it should?

    CONSILIENCE_DATA=… python benchmarks/drift.py BUNDLE      # exported from a run on mnist

Prints one JSON line: alarms on 20 fresh draws of 400 mnist test rows, and the
columns alarmed on usps, on mnist with noise, and with a third of the images missing.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import polars as pl

from consilience.data.table import read_table
from consilience.watching.monitor import monitor

ROWS, DRAWS = 400, 20


def alarmed(bundle: Path, frame: pl.DataFrame) -> list[str]:
    found = monitor(bundle, None, read_table(frame))
    return sorted({a["column"] for a in found["alarms"]})


def noisy(cell: bytes, random: np.random.Generator) -> bytes:
    pixels = cv2.imdecode(np.frombuffer(cell, np.uint8), cv2.IMREAD_GRAYSCALE).astype(np.float32)
    changed = np.clip(pixels + random.normal(0, 60, pixels.shape), 0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".png", changed)[1].tobytes())


def main() -> None:
    bundle, data = Path(sys.argv[1]), Path(os.environ["CONSILIENCE_DATA"])
    random = np.random.default_rng(0)
    mnist = pl.read_parquet(data / "mnist" / "test.parquet").select("image")
    draws = [mnist[random.choice(mnist.height, ROWS, replace=False)] for _ in range(DRAWS)]
    usps = pl.read_parquet(data / "usps" / "usps.parquet").select("image").sample(ROWS, seed=1)
    first = draws[0]
    noise = first.with_columns(pl.Series("image", [noisy(c, random) for c in first["image"]], pl.Binary))
    holes = first.with_columns(pl.when(pl.int_range(pl.len()) % 3 > 0).then("image").alias("image"))
    result: dict[str, Any] = {
        "benchmark": "drift",
        "rows": ROWS,
        "false_alarms_of_20": sum(bool(alarmed(bundle, draw)) for draw in draws),
        "usps": alarmed(bundle, usps),
        "noise": alarmed(bundle, noise),
        "missing": alarmed(bundle, holes),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
