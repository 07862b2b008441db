"""How fast a model answers: whole rows, prepared rows, and the bare ONNX Runtime call on the same rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from consilience.artifacts.run_folder import find_bundle
from consilience.artifacts.several import judge_views
from consilience.artifacts.store import SAMPLES
from consilience.core.errors import InputError
from consilience.core.events import Listener, nobody
from consilience.data.features import Features, in_memory
from consilience.data.table import read_table
from consilience.model import Model, load

SECONDS = 1.5
"""Time given to each line of the table."""
WARM = 5


def bench(
    path: Path,
    rows: Any = None,
    batches: Sequence[int] = (1, 8, 32),
    clients: Sequence[int] = (1, 4),
    listener: Listener = nobody,
) -> list[dict[str, Any]]:
    """One line a way, batch size and number of threads.

    Ways: "whole" from raw cells to the answer, "prepared" from prepared arrays to calibrated predictions, "onnxruntime"
    the bare call of the networks on the same arrays (exported models only).

    Args:
        rows: table of rows; the bundle's sample rows when None.
    Returns:
        [{"way", "batch", "clients", "p50", "p95", "p99" (milliseconds), "rows_per_second"}].
    Raises:
        InputError: when there are no rows.
    """
    model = load(path)
    frame = _rows(path, rows)
    lines = []
    for batch in batches:
        part = frame[np.resize(np.arange(frame.height), batch)]
        for number in clients:
            for way, call in _ways(model, part).items():
                listener({"event": "step", "name": f"{way}, {batch} rows, {number} clients"})
                lines.append({"way": way, "batch": batch, "clients": number, **_timed(call, number, batch)})
    return lines


def _rows(path: Path, rows: Any) -> pl.DataFrame:
    if rows is not None:
        frame = read_table(rows).frame
    else:
        sample = find_bundle(path) / SAMPLES
        if not sample.is_file():
            raise InputError("the model holds no sample rows", where=str(path), fix="Give a table: --rows TABLE")
        frame = pl.read_parquet(sample)
    if not frame.height:
        raise InputError("the table has no rows")
    return frame.head(1_000)


def _ways(model: Model, frame: pl.DataFrame) -> dict[str, Callable[[], Any]]:
    bundle = model.bundle
    adapted, _ = bundle.adapt(read_table(frame))
    features: Features = in_memory(adapted, bundle.facts["groups"], bundle.recipe.prepare)
    texts, index = bundle.texts(adapted), np.arange(features.rows)
    ways: dict[str, Callable[[], Any]] = {
        "whole": lambda: list(model.predict_chunks([read_table(frame)])),
        "prepared": lambda: (
            judge_views(bundle, features, texts, index, [frozenset()])
            if bundle.views
            else bundle.judge(features, texts, index)
        ),
    }
    if bundle.exported is not None:
        exported: Any = bundle.exported
        feed = exported.feed(features.gather(index), np.ones((len(index), len(bundle.groups)), bool))
        ways["onnxruntime"] = lambda: exported.session.run(None, feed)
    return ways


def _timed(call: Callable[[], Any], clients: int, batch: int) -> dict[str, float]:
    for _ in range(WARM):
        call()

    def client(until: float) -> list[float]:
        times = []
        while (began := time.perf_counter()) < until:
            call()
            times.append(time.perf_counter() - began)
        return times

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        found = [t for times in pool.map(client, [began + SECONDS] * clients) for t in times]
    seconds = time.perf_counter() - began
    p50, p95, p99 = (1e3 * float(np.percentile(found, q)) for q in (50, 95, 99))
    return {"p50": p50, "p95": p95, "p99": p99, "rows_per_second": batch * len(found) / seconds}


def bench_page(lines: Sequence[dict[str, Any]], title: str) -> str:
    """A page with throughput as bars and every figure as a table."""
    from html import escape

    most = max(line["rows_per_second"] for line in lines)
    bars, cells = [], []
    for place, line in enumerate(lines):
        name = f"{line['way']} · batch {line['batch']} · {line['clients']} clients"
        width, y = 380 * line["rows_per_second"] / most, 22 * place
        bars.append(
            f'<text x="0" y="{y + 14}">{name}</text><rect x="250" y="{y + 3}" width="{width:.1f}" height="14"/>'
            f'<text x="{255 + width:.1f}" y="{y + 14}">{line["rows_per_second"]:,.0f}</text>'
        )
        figures = "".join(f"<td>{line[k]:.3f}</td>" for k in ("p50", "p95", "p99"))
        cells.append(f"<tr><td>{name}</td>{figures}<td>{line['rows_per_second']:,.0f}</td></tr>")
    style = (
        "body{font:16px system-ui;max-width:60rem;margin:1rem auto;padding:0 1rem}svg{width:100%;font-size:12px;"
        "fill:currentColor}rect{fill:#0072b2}td,th{padding:.2rem .8rem;text-align:right}:root{color-scheme:light dark}"
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{style}</style>'
        f'<h1>{escape(title)}</h1><h2>Rows a second</h2><svg viewBox="0 0 700 {22 * len(lines)}" role="img" '
        f'aria-label="rows a second">{"".join(bars)}</svg><h2>Latency, milliseconds a call</h2><table><tr><th></th>'
        f"<th>p50</th><th>p95</th><th>p99</th><th>rows a second</th></tr>{''.join(cells)}</table></html>"
    )
