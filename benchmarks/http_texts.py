"""`consilience serve` with a large text network, beside the bare ONNX Runtime loop on the same rows.

    python benchmarks/http_texts.py BUNDLE TABLE        # a bundle of texts (MiniLM, say) and a table with its columns

Prints one JSON line: rows a second over HTTP at 16 clients (one row a request, texts of mixed length, the load
generator on the same cores), rows a second of the bare session at several batch sizes on the same prepared rows in the
same order, and the ratio to the best of them.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from common import explain
from http_serving import measure

from consilience.artifacts.store import load_bundle
from consilience.data.features import in_memory
from consilience.data.table import read_table

ROWS, SECONDS = 400, 8.0
SIZES = (1, 8, 16, 32)


def bare(bundle: Any, features: Any, size: int) -> float:
    """Rows a second of the session alone, rows as they come."""
    networks, done = bundle.exported, 0
    keep = np.ones((size, len(networks.groups)), bool)
    batches = [features.gather(np.arange(i, min(i + size, features.rows))) for i in range(0, features.rows, size)]
    feeds = [networks.feed(arrays, keep[: len(next(iter(arrays.values()))["mask"])]) for arrays in batches]
    networks.session.run(None, feeds[0])
    began = time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        feed = feeds[(done // size) % len(feeds)]
        networks.session.run(None, feed)
        done += len(next(iter(feed.values())))
    return done / (time.perf_counter() - began)


def main() -> None:
    folder, table = Path(sys.argv[1]), read_table(sys.argv[2])
    bundle = load_bundle(folder)
    chosen = table.take(np.random.default_rng(0).permutation(table.rows)[:ROWS])
    adapted, _ = bundle.adapt(chosen)
    features = in_memory(adapted, bundle.facts["groups"], bundle.recipe.prepare)
    alone = {str(size): round(bare(bundle, features, size), 1) for size in SIZES}
    bodies = [json.dumps({"rows": [row]}, default=str).encode() for row in adapted.frame.to_dicts()]
    serve = [sys.executable, "-m", "consilience", "serve", f"m={folder}", "--quiet", "--port", "8811"]
    served = measure(serve, 8811, "/v1/models/m/predict", bodies)
    ratio = round(served["per_second_16_clients"] / max(alone.values()), 2)
    line = {"benchmark": "http_texts", "bundle": folder.name, "rows": len(bodies), "bare": alone, "served": served}
    print(json.dumps({**line, "ratio": ratio}))


if __name__ == "__main__":
    explain(__doc__)
    main()
