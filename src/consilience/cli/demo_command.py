"""`consilience demo`: real data inside the package, all steps, and what joining the sources brought."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SETTINGS = ("train.epochs=8",)
"""Shorter than the policy's training: the demo is to be over in a minute or so."""


def command(
    out: Annotated[Path, typer.Option(help="Folder to leave.")] = Path("consilience-demo"),
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Spoken digits with their written images, both degraded: inspect, design, train, evaluate, export, predict."""
    from consilience import api
    from consilience.cli.live import live
    from consilience.cli.options import echo_json
    from consilience.cli.summary import print_demo
    from consilience.data.batches import iterate_tables
    from consilience.data.write import write_frames
    from consilience.demo import tables
    from consilience.deployment.export import export

    train, test = tables()
    run = out / "run"
    with live(quiet=json_output) as listener:
        inspection = api.inspect(train, "digit", fast=True)
        model = api.fit(train, "digit", test=test, run=run, seed=seed, settings=SETTINGS, listener=listener)
        told = export(run, out / "bundle", test, listener=listener)
        predictions = out / "predictions.parquet"
        served = api.load(out / "bundle")
        write_frames(served.predict_chunks(iterate_tables(test)), predictions)
    if json_output:
        echo_json(model.metrics)
        return
    print_demo(inspection, model.metrics, run, predictions)
    largest = told["proof"]["largest"]
    print(f"bundle       {out / 'bundle'} (predicts without torch; differs from the run by {largest:.0e} at most)")
    print(f"             consilience serve {out / 'bundle'}")
