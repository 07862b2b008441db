"""`consilience bench`: how fast a model answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    bundle: Annotated[Path, typer.Argument(help="Exported bundle or run folder.")],
    rows: Annotated[str | None, typer.Option(help="Table of rows; the bundle's samples if not given.")] = None,
    batch: Annotated[str, typer.Option(help="Rows of one call, by commas.")] = "1,8,32",
    clients: Annotated[str, typer.Option(help="Threads that call at once, by commas.")] = "1,4",
    out: Annotated[Path | None, typer.Option(help="Write a page with a plot.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Latency and throughput of BUNDLE beside the bare ONNX Runtime call on the same rows."""
    from rich.console import Console
    from rich.table import Table

    from consilience.cli.live import live
    from consilience.cli.options import echo_json
    from consilience.core.errors import InputError
    from consilience.core.files import write_text
    from consilience.serving.bench import bench, bench_page

    try:
        sizes, threads = ([int(part) for part in text.split(",")] for text in (batch, clients))
    except ValueError:
        raise InputError("sizes are whole numbers by commas, as 1,8,32", where="--batch, --clients") from None
    if min(*sizes, *threads) < 1:
        raise InputError("sizes are at least 1", where="--batch, --clients")
    with live(quiet=json_output) as listener:
        lines = bench(bundle, rows, sizes, threads, listener)
    if out is not None:
        write_text(out, bench_page(lines, f"Speed of {bundle.name}"))
    if json_output:
        echo_json(lines)
        return
    table = Table("way", "batch", "clients", "p50 ms", "p95 ms", "p99 ms", "rows/s")
    for line in lines:
        figures = [f"{line[k]:.3f}" for k in ("p50", "p95", "p99")]
        table.add_row(
            line["way"], str(line["batch"]), str(line["clients"]), *figures, f"{line['rows_per_second']:,.0f}"
        )
    Console().print(table)
