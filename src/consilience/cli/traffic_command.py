"""`consilience traffic`: vehicles in the video of a fixed camera, counted and measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    video: Annotated[Path, typer.Argument(help="Video of a fixed camera (mp4, avi, mov, mkv, webm).")],
    out: Annotated[Path, typer.Option(help="Folder for tables, pictures and the annotated video.")],
    calibration: Annotated[
        Path | None, typer.Option(help='JSON with four points in pixels ("image") and metres ("ground").')
    ] = None,
    line: Annotated[
        str | None, typer.Option(help="Count at x0,y0,x1,y1 (pixels); across the main flow when left out.")
    ] = None,
    detector: Annotated[
        str, typer.Option(help="motion, a run or bundle that finds boxes, or a torchvision network with weights here.")
    ] = "motion",
    saturation: Annotated[float, typer.Option(help="Saturation flow of the signal, vehicles an hour of green.")] = 1800,
    lost: Annotated[float, typer.Option(help="Lost time of the signal, seconds a phase.")] = 4.0,
    video_too: Annotated[bool, typer.Option("--video/--no-video", help="Write the annotated video.")] = True,
    json_output: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Detect, track and count vehicles by type and direction, measure their speed, and suggest green times."""
    from consilience import api
    from consilience.cli.live import live
    from consilience.cli.options import echo_json
    from consilience.cli.show_traffic import print_traffic

    with live(quiet=quiet or json_output) as listener:
        found = api.traffic(
            video,
            out,
            calibration=calibration,
            line=line,
            detector=detector,
            signal=(saturation, lost),
            annotate=video_too,
            listener=listener,
        )
    if json_output:
        echo_json(found)
    else:
        print_traffic(found, out)
