"""Does `consilience monitor` alarm when it should, and keep silent when it should?

    CONSILIENCE_DATA=… python benchmarks/drift.py BUNDLE      # exported from a run on mnist

Prints one JSON line: alarms on 20 fresh draws of 400 mnist test rows (rows that the bundle's reference was not made
from), and what is alarmed, as column:kind, on usps, on mnist with noise, mirrored, with a fifth of the rows from usps,
and with two thirds of the images missing. `embedding_p` holds the p-values of the look at embeddings over the fresh
draws, `embedding_effects` its effects: 0 = rows of today are told from those before no better than by chance.
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
from common import explain

from consilience.data.table import read_table
from consilience.watching.monitor import monitor

ROWS, DRAWS = 400, 20
REFERENCE = 2_000
"""Rows that an export takes for its reference, evenly spaced."""


def looked(bundle: Path, frame: pl.DataFrame) -> tuple[list[str], dict[str, Any]]:
    """What is alarmed, and the look at embeddings."""
    found = monitor(bundle, None, read_table(frame))
    embedding = next(look for look in found["looks"] if look["kind"] == "embedding")
    return sorted({f"{a['column']}:{a['kind']}" for a in found["alarms"]}), embedding


def noisy(cell: bytes, random: np.random.Generator) -> bytes:
    pixels = cv2.imdecode(np.frombuffer(cell, np.uint8), cv2.IMREAD_GRAYSCALE).astype(np.float32)
    changed = np.clip(pixels + random.normal(0, 60, pixels.shape), 0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".png", changed)[1].tobytes())


def mirrored(cell: bytes) -> bytes:
    pixels = cv2.imdecode(np.frombuffer(cell, np.uint8), cv2.IMREAD_GRAYSCALE)
    return bytes(cv2.imencode(".png", pixels[:, ::-1])[1].tobytes())


def main() -> None:
    bundle, data = Path(sys.argv[1]), Path(os.environ["CONSILIENCE_DATA"])
    random = np.random.default_rng(0)
    mnist = pl.read_parquet(data / "mnist" / "test.parquet").select("image")
    used = np.linspace(0, mnist.height - 1, REFERENCE).astype(np.int64)
    fresh = np.setdiff1d(np.arange(mnist.height), used)
    draws = [mnist[random.choice(fresh, ROWS, replace=False)] for _ in range(DRAWS)]
    usps = pl.read_parquet(data / "usps" / "usps.parquet").select("image").sample(ROWS, seed=1)
    first = draws[0]
    noise = first.with_columns(pl.Series("image", [noisy(c, random) for c in first["image"]], pl.Binary))
    holes = first.with_columns(pl.when(pl.int_range(pl.len()) % 3 > 0).then("image").alias("image"))
    mirror = first.with_columns(pl.Series("image", [mirrored(c) for c in first["image"]], pl.Binary))
    fifth = pl.concat([first.head(ROWS * 4 // 5), usps.head(ROWS // 5)])
    shifted = {"usps": usps, "noise": noise, "mirrored": mirror, "a_fifth_usps": fifth, "missing": holes}
    calm = [looked(bundle, draw) for draw in draws]
    seen = {name: looked(bundle, frame) for name, frame in shifted.items()}
    result: dict[str, Any] = {
        "benchmark": "drift",
        "rows": ROWS,
        "false_alarms_of_20": sum(bool(alarms) for alarms, _ in calm),
        **{name: alarms for name, (alarms, _) in seen.items()},
        "embedding_p": sorted(round(look["p"], 4) for _, look in calm),
        "embedding_effects": {name: round(look["effect"], 3) for name, (_, look) in seen.items()},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    explain(__doc__)
    main()
