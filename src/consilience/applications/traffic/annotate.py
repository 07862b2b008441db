"""The video once more, with boxes, numbers, the line and the counts so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, final

import numpy as np
import polars as pl

from consilience.applications.traffic.crossing import Line
from consilience.applications.traffic.detections import Array, Frame
from consilience.applications.traffic.footage import every_nth, shots, writer
from consilience.applications.traffic.joining import Path
from consilience.modalities.image_decode import opencv
from consilience.modalities.video_decode import VideoHeader

COLOURS = ((178, 114, 0), (0, 159, 230), (115, 158, 0), (167, 121, 204), (66, 228, 240), (0, 94, 213), (233, 180, 86))
"""Okabe and Ito's, in the order blue, green, red."""
LINE = (255, 255, 255)
TRAIL = 20
"""Sightings of the way behind a vehicle."""


@final
class Annotator:
    """Draws what is known at a time onto a frame.

    Args:
        vehicles: see `vehicles.vehicle_table`, its rows in the order of `paths`.
    """

    def __init__(self, paths: Sequence[Path], vehicles: pl.DataFrame, line: Line, height: int) -> None:
        self._paths, self._line = paths, line
        self._rows: Sequence[Mapping[str, Any]] = vehicles.to_dicts()
        self._thick = max(1, round(height / 300))
        self._font = height / 700

    def draw(self, frame: Frame, seconds: float) -> Frame:
        """The frame [H, W, 3] is drawn upon and given back."""
        cv2, line = opencv(), self._line
        ends = [(round(line.x0), round(line.y0)), (round(line.x1), round(line.y1))]
        cv2.line(frame, *ends, LINE, self._thick, cv2.LINE_AA)
        for path, row in zip(self._paths, self._rows, strict=True):
            if path.times[0] - 1e-3 <= seconds <= path.times[-1] + 1e-3:
                self._vehicle(frame, path, row, seconds)
        self._counts(frame, seconds)
        return frame

    def _vehicle(self, frame: Frame, path: Path, row: Mapping[str, Any], seconds: float) -> None:
        cv2 = opencv()
        at = min(int(np.searchsorted(path.times, seconds - 1e-3)), len(path.times) - 1)
        colour = COLOURS[int(row["id"]) % len(COLOURS)]
        left, top, right, bottom = (round(float(v)) for v in path.boxes[at])
        cv2.rectangle(frame, (left, top), (right, bottom), colour, self._thick)
        trail: Array = path.centres[max(0, at - TRAIL) : at + 1].round().astype(np.int32)
        cv2.polylines(frame, [trail.reshape(-1, 1, 2)], False, colour, self._thick, cv2.LINE_AA)
        words = f"{row['id']} {row['type']}"
        if row["speed"] is not None:
            words += f" {row['speed']:.0f} {row['speed_unit']}"
        self._say(frame, words, (left, max(12, top - 4)), colour)

    def _counts(self, frame: Frame, seconds: float) -> None:
        crossed = [r for r in self._rows if r["direction"] and r["crossed_second"] <= seconds]
        counts = Counter(f"{r['type']} {r['direction']}" for r in crossed)
        step = round(40 * self._font)
        self._say(frame, f"{seconds:.1f} s", (8, step), LINE)
        for number, (name, count) in enumerate(sorted(counts.items())):
            self._say(frame, f"{name}: {count}", (8, (number + 2) * step), LINE)

    def _say(self, frame: Frame, words: str, at: tuple[int, int], colour: tuple[int, int, int]) -> None:
        cv2 = opencv()
        plain = words.encode("ascii", "replace").decode()  # OpenCV's letters are ASCII
        for shade, thick in (((0, 0, 0), 3 * self._thick), (colour, self._thick)):
            cv2.putText(frame, plain, at, cv2.FONT_HERSHEY_SIMPLEX, self._font, shade, thick, cv2.LINE_AA)


def write_annotated(
    video: FilePath, out: FilePath, header: VideoHeader, annotator: Annotator, tell: Callable[[int], None]
) -> None:
    """The frames that were looked at, drawn upon, at `out`. tell: called with the number of each frame."""
    step = every_nth(header)
    with writer(out, header.rate / step, (header.height, header.width)) as write:
        for shot in shots(video, step):
            write(annotator.draw(shot.frame, shot.seconds))
            tell(shot.number)
