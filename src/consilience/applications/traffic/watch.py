"""The whole job: a video in, a folder of tables, pictures and the annotated video out.

Everything is written into a hidden folder beside its place and moved there at the end, `summary.json` last: where that
file stands, all others are whole.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from consilience.applications.traffic import plots
from consilience.applications.traffic.annotate import Annotator, write_annotated
from consilience.applications.traffic.crossing import Line, choose_line
from consilience.applications.traffic.detections import Detector
from consilience.applications.traffic.footage import every_nth, look_at, shots
from consilience.applications.traffic.ground import Ground
from consilience.applications.traffic.joining import Path as Way
from consilience.applications.traffic.motion_detector import MotionDetector
from consilience.applications.traffic.outlook import foresee
from consilience.applications.traffic.paths import Gatherer
from consilience.applications.traffic.signals import Junction, suggest_signal
from consilience.applications.traffic.tracker import SortTracker, Tracker
from consilience.applications.traffic.vehicles import hourly_flows, minute_table, vehicle_table
from consilience.core.errors import InputError
from consilience.core.events import Listener, nobody
from consilience.core.files import write_json, write_text
from consilience.modalities.video_decode import VideoHeader

SUMMARY = "summary.json"
PARTIAL = ".traffic-"
REPORTED = 25
"""Frames between two events of progress."""


class Options(NamedTuple):
    """line: chosen from the main flow when None. ground: see `ground.Ground`. detector: frame → Detections; motion
    alone when None. tracker: another tracker. junction: of the signal suggestion. video: write the annotated one."""

    line: Line | None = None
    ground: Ground = Ground()
    detector: Detector | None = None
    tracker: Tracker | None = None
    junction: Junction = Junction()
    video: bool = True


def watch(video: Path, out: Path, options: Options | None = None, listener: Listener = nobody) -> dict[str, Any]:
    """Detect, track, count, measure, forecast; leaves a folder and returns its summary.

    Files in `out`: vehicles.csv, minutes.csv, forecast.csv, annotated.mp4, counts.svg, speeds.svg, ways.svg and
    summary.json.

    Returns:
        {"video", "seconds", "frames", "looked_at", "size": [height, width], "line": [x0, y0, x1, y1], "line_chosen",
        "tracks", "counted", "counts": {type: {direction: n}}, "speed_unit", "mean_speed": {direction: value},
        "flows": {direction: vehicles an hour}, "signal": see `signals.suggest_signal` or {"refused": why}, "files"}.
    Raises:
        InputError: when the video cannot be read or the folder not be written.
    """
    options = options or Options()
    header = look_at(video)
    size = (header.height, header.width)
    with _whole(out) as folder:
        paths, seconds, frames = _follow(video, header, options, listener)
        if not frames:
            raise InputError("the video has no frame that can be read", where=str(video))
        line = options.line or choose_line(paths, size)
        vehicles = vehicle_table(paths, line, options.ground, size)
        minutes = minute_table(vehicles, seconds)
        for name, table in (("vehicles", vehicles), ("minutes", minutes), ("forecast", foresee(minutes))):
            table.write_csv(folder / f"{name}.csv", float_precision=3)
        write_text(folder / "counts.svg", plots.counts_plot(minutes))
        write_text(folder / "speeds.svg", plots.speeds_plot(vehicles))
        write_text(folder / "ways.svg", plots.ways_plot(paths, line, size))
        if options.video:
            annotator = Annotator(paths, vehicles, line, header.height)
            with _progress("annotate", max(header.frames, frames), listener) as tell:
                write_annotated(video, folder / "annotated.mp4", header, annotator, tell)
        known = {"video": video.name, "seconds": seconds, "frames": frames, "size": list(size), "line": list(line)}
        found = {**known, **_summary(vehicles, seconds, options), "line_chosen": options.line is None}
        found["files"] = sorted([*(p.name for p in folder.iterdir()), SUMMARY])
        write_json(folder / SUMMARY, found)
    return found


def _follow(video: Path, header: VideoHeader, options: Options, listener: Listener) -> tuple[list[Way], float, int]:
    """Paths, the length of the video in seconds, and its number of frames."""
    step = every_nth(header)
    detector = options.detector or MotionDetector(header.rate / step)
    tracker = options.tracker or SortTracker()
    gatherer, seconds, frames = Gatherer(), 0.0, 0
    with _progress("watch", header.frames, listener) as tell:
        for shot in shots(video, step):
            gatherer.add(shot.seconds, tracker(shot.seconds, detector(shot.frame)))
            seconds, frames = shot.seconds + step / header.rate, shot.number + step
            tell(shot.number)
    return gatherer.paths((header.height, header.width)), seconds, min(frames, header.frames or frames)


def _summary(vehicles: pl.DataFrame, seconds: float, options: Options) -> dict[str, Any]:
    counted = vehicles.filter(pl.col("direction").is_not_null())
    counts: dict[str, dict[str, int]] = {}
    for kind, way, number in counted.group_by("type", "direction").agg(pl.len()).sort("type", "direction").iter_rows():
        counts.setdefault(str(kind), {})[str(way)] = int(number)
    speeds = counted.group_by("direction").agg(pl.col("speed").mean()).sort("direction")
    flows = hourly_flows(vehicles, seconds)
    try:
        signal: dict[str, Any] = suggest_signal(flows, options.junction)
    except InputError as error:  # the counts stand all the same: the reason takes the suggestion's place
        signal = {"refused": error.what}
    return {
        "tracks": vehicles.height,
        "counted": counted.height,
        "counts": counts,
        "speed_unit": options.ground.speed_unit,
        "mean_speed": {str(way): value for way, value in speeds.iter_rows()},
        "flows": flows,
        "signal": signal,
    }


@contextmanager
def _progress(name: str, total: int, listener: Listener) -> Iterator[Callable[[int], None]]:
    """A function that takes frame numbers; one event in REPORTED frames, and the last when the block ends well."""
    last = 0

    def tell(number: int) -> None:
        nonlocal last
        if number >= last + REPORTED:
            last = number
            listener({"event": "progress", "name": name, "done": number, "total": max(total, number + 1)})

    yield tell
    total = max(total, last, 1)
    listener({"event": "progress", "name": name, "done": total, "total": total})


@contextmanager
def _whole(out: Path) -> Iterator[Path]:
    """A hidden folder whose files move to `out` when the block ends well; what a killed run left is removed."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for left in out.glob(f"{PARTIAL}*"):
            shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=out))
    except OSError as error:
        raise InputError("the folder cannot be written", where=str(out), fix=error.strerror or str(error)) from None
    try:
        yield folder
        (out / SUMMARY).unlink(missing_ok=True)  # from here to the last move the folder is not whole
        _move(sorted(folder.iterdir(), key=lambda path: path.name == SUMMARY), out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _move(files: Sequence[Path], out: Path) -> None:
    for path in files:
        os.replace(path, out / path.name)
