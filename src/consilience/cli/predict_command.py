"""`consilience predict`: predictions for a table, written as a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import polars as pl


def command(
    run: Annotated[Path, typer.Argument(help="Run folder or model folder.")],
    table: Annotated[str, typer.Argument(help="Table to predict; the target column may be missing.")],
    out: Annotated[Path, typer.Option(help="File to write: .parquet, .csv, .tsv, .jsonl or .arrow.")],
    level: Annotated[
        float | None, typer.Option(help="Also sets of classes (or intervals) that hold the truth so often: 0.9.")
    ] = None,
    abstain: Annotated[
        float | None, typer.Option(help="Also which rows to refer to a person, for this error rate among the others.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="How texts are written: method=sample, beams=8; may be repeated.")
    ] = None,
    triples: Annotated[
        Path | None, typer.Option(help="Also a table of predicted relations: head, relation, tail, confidence.")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print a summary as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Predict every row of TABLE; absent columns, unseen values and broken media are predicted and counted."""
    from consilience.artifacts.triples import Triples
    from consilience.cli.live import live
    from consilience.cli.options import echo_json
    from consilience.cli.summary import print_problems
    from consilience.data.batches import count_rows, iterate_tables
    from consilience.data.write import write_frames
    from consilience.model import load

    model = load(run)
    kept = Triples(model.bundle) if triples else None
    tables = kept.watch(iterate_tables(table)) if kept else iterate_tables(table)
    with live(quiet=quiet or json_output) as listener:
        total = count_rows(table)
        done = 0

        def frames() -> Iterator[pl.DataFrame]:
            nonlocal done
            for frame in model.predict_chunks(tables, level=level, abstain=abstain, settings=settings or ()):
                done += frame.height
                if kept:
                    kept.add(frame)
                listener({"event": "progress", "name": "predict", "done": done, "total": total or done})
                yield frame

        rows = write_frames(frames(), out)
        if kept and triples:
            write_frames([kept.frame()], triples)
    print_problems(model.problems)
    if json_output:
        counts = {p.column: {"code": p.code, "count": p.count} for p in model.problems}
        echo_json({"rows": rows, "out": str(out), "problems": counts})
    else:
        print(f"{rows:,} predictions: {out}")
