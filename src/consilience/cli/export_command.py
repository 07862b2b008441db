"""`consilience export`: a run as a bundle that is proved equal and served without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def command(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    bundle: Annotated[Path, typer.Argument(help="Folder to write.")],
    rows: Annotated[
        str | None, typer.Option(help="Table for the proof and the samples; the run's test table if not given.")
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="8-bit integers; a loss of accuracy is refused.")] = False,
    fp16: Annotated[bool, typer.Option("--fp16", help="16-bit floats; a loss of accuracy is refused.")] = False,
    max_drop: Annotated[float, typer.Option(help="Loss of the primary metric that is accepted.", min=0)] = 0.01,
    weights: Annotated[bool, typer.Option("--weights", help="Also the PyTorch weights.")] = False,
    no_samples: Annotated[bool, typer.Option("--no-samples", help="Without sample rows.")] = False,
    sign: Annotated[Path | None, typer.Option(help="Sign the bundle with this private key.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print what was proved as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Write RUN as BUNDLE, after proving that both say the same of the same rows."""
    from consilience.cli.live import live
    from consilience.cli.options import echo_json
    from consilience.core.errors import InputError
    from consilience.deployment.export import Options, export

    if int8 and fp16:
        raise InputError("--int8 and --fp16 exclude each other", fix="Give one of them")
    precision: Any = "int8" if int8 else "fp16" if fp16 else None
    with live(quiet=quiet or json_output) as listener:
        told = export(run, bundle, rows, Options(precision, max_drop, weights, not no_samples, sign), listener)
    if json_output:
        echo_json(told)
        return
    proof = told["proof"]
    print(f"Bundle: {told['bundle']} ({told['bytes'] / 2**20:.1f} MiB)")
    print(
        f"Proved equal on {proof['rows']} rows of {told['rows_from']}: largest difference {proof['largest']:.1e} over "
        f"{len(proof['cases'])} cases (limit {proof['tolerance']:g})"
    )
    if "precision" in told:
        _print_precision(told["precision"])


def _print_precision(found: dict[str, Any]) -> None:
    before, after, change = found["before"], found["after"], found["difference"]
    sizes, times = [b / 2**20 for b in found["bytes"]], found["milliseconds"]
    print(
        f"{found['kind']}: {found['metric']} {before['value']:.4f} → {after['value']:.4f} (change "
        f"{change['value']:+.4f}, 95 % interval {change['low']:+.4f} to {change['high']:+.4f}, {found['rows']} rows)"
    )
    print(f"Graph: {sizes[0]:.1f} → {sizes[1]:.1f} MiB; 64 rows: {times[0]:.1f} → {times[1]:.1f} ms")
