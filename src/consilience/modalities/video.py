"""Videos: a few frames of each, evenly spaced over its time, in one size; borders in the mean colour.

The sound of a video is no part of this: name the file in a second column and give it the modality `audio`
(`modalities.soundtrack`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, final

import numpy as np
import polars as pl

from consilience.modalities.base import Arrays, Columns, Facts, Guess, Prepared, Problem
from consilience.modalities.form import Extent, Form, file_form
from consilience.modalities.image_decode import channels_of, shrink
from consilience.modalities.media import (
    Cell,
    UnreadableError,
    guess_media,
    located,
    none_readable,
    sampled,
    unreadable,
)
from consilience.modalities.video_decode import (
    Bounds,
    Sampled,
    VideoHeader,
    check_header,
    measure_video,
    sample_frames,
    video_kind,
)

if TYPE_CHECKING:
    from consilience.core.recipe import Prepare

Pixels = np.ndarray[Any, Any]

EXTENSIONS = frozenset(
    (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".ogv", ".3gp", ".ts", ".gif")
)
DEFAULT_SIZE, DEFAULT_FRAMES = 64, 8
SMALLEST = 8
"""Least height and width of the canonical frame, pixels."""
MEASURED = 200
"""Training videos whose headers are read for statistics, at most."""
DECODED = 48
"""Training videos that are decoded for statistics, at most."""


def _extent(data: bytes) -> Extent:
    header = measure_video(data)
    return Extent(header.width, header.height, header.seconds)


@final
class Video:
    """frame uint8 [N, C, F, H, W, 3] (RGB), second float32 [N, C, F] from the start, mask bool [N, C, F]: a video
    of fewer than F frames fills the first."""

    media: ClassVar[bool] = True
    form: ClassVar[Form] = file_form("a video file", "video/*", _extent)

    @staticmethod
    def score(column: pl.Series) -> Guess:
        guess = guess_media(column, "video", EXTENSIONS, video_kind)
        if guess.score and _only_gif(column):
            return Guess(0.4 * guess.score, f"{guess.reason}; GIF alone counts as images")
        return guess

    @staticmethod
    def learn(columns: Columns, settings: Prepare) -> Facts:
        """facts: columns; frames F; height, width, channels (3); mean, std [3] (0..1 scale, borders left out); fill
        [3], the border's colour; max_pixels, max_seconds: limits; seconds, the median duration.

        Raises:
            InputError: when a column has cells and not one of them can be read.
        """
        longest, frames = settings.image_size or DEFAULT_SIZE, settings.frames or DEFAULT_FRAMES
        bounds = Bounds(settings.max_pixels, settings.max_video_seconds)
        measured = [pair for name, series in columns.items() for pair in _measure(name, series, bounds)]
        facts: Facts = {
            "columns": list(columns),
            "channels": 3,
            "max_pixels": bounds.pixels,
            "max_seconds": bounds.seconds,
        }
        if not measured:  # every cell is missing
            blank = {"mean": [0.0] * 3, "std": [1.0] * 3, "fill": [0] * 3, "seconds": 1.0}
            return {**facts, "frames": frames, "height": longest, "width": longest, **blank}
        longest = min(longest, round(float(np.median([max(m.header.width, m.header.height) for m in measured]))))
        chosen = [measured[i] for i in np.unique(np.linspace(0, len(measured) - 1, DECODED).astype(int))]
        videos = _decode_sample(chosen, longest, min(frames, 4), bounds)
        if not videos:
            shown = [f"{_name(m.cell)}: damaged file" for m in chosen]
            raise none_readable(", ".join(columns), "video", shown)
        # How wide against high comes from decoded frames: they are turned as the file says.
        aspect = float(np.median([v[0].shape[0] / v[0].shape[1] for v in videos]))
        height, width = (longest, longest / aspect) if aspect > 1 else (longest * aspect, longest)
        most = max(m.header.frames for m in measured)
        return {
            **facts,
            "frames": min(frames, most) if most else frames,
            "height": max(SMALLEST, round(height)),
            "width": max(SMALLEST, round(width)),
            "seconds": float(np.median([m.header.seconds for m in measured])),
            **_statistics(videos),
        }

    @staticmethod
    def arrays(columns: Columns, facts: Facts) -> Prepared:
        rows, frames = len(next(iter(columns.values()))), int(facts["frames"])
        shape = (rows, len(facts["columns"]), frames)
        frame = np.zeros((*shape, facts["height"], facts["width"], 3), np.uint8)
        second, mask = np.zeros(shape, np.float32), np.zeros(shape, bool)
        bounds = Bounds(int(facts["max_pixels"]), float(facts["max_seconds"]))
        problems: list[Problem] = []
        for place, name in enumerate(facts["columns"]):
            failures: list[tuple[int, Cell, str]] = []
            for row, cell in located(columns[name]):
                try:
                    found = sample_frames(cell, frames, bounds)
                except UnreadableError as error:
                    failures.append((row, cell, str(error)))
                    continue
                _fill(found, frame[row, place], facts["fill"])
                second[row, place, : len(found.times)] = found.times
                mask[row, place, : len(found.times)] = True
            problems += unreadable(name, failures)
        return Prepared({"frame": frame, "second": second, "mask": mask}, problems)

    @staticmethod
    def trim(arrays: Arrays) -> Arrays:
        return arrays


class Measured(NamedTuple):
    cell: Cell
    header: VideoHeader


def _only_gif(column: pl.Series) -> bool:
    if column.dtype == pl.Binary:
        return all(cell[:4] == b"GIF8" for cell in column.to_list() if cell)
    return all(Path(cell.strip()).suffix.lower() in (".gif", "") for cell in column.cast(pl.String).to_list() if cell)


def _measure(name: str, series: pl.Series, bounds: Bounds) -> list[Measured]:
    """Headers of a sample of a column's cells."""
    found, failures = [], []
    for cell in sampled(series, MEASURED):
        try:
            header = measure_video(cell)
            check_header(header, bounds)
            found.append(Measured(cell, header))
        except UnreadableError as error:
            failures.append(f"{_name(cell)}: {error}")
    if failures and not found:
        raise none_readable(name, "video", failures)
    return found


def _decode_sample(chosen: list[Measured], longest: int, count: int, bounds: Bounds) -> list[list[Pixels]]:
    """Small frames of each video; damaged files are left out."""
    videos = []
    for cell, _ in chosen:
        try:
            found = sample_frames(cell, count, bounds).frames
            videos.append([channels_of(shrink(frame, longest, longest), 3) for frame in found])
        except UnreadableError:
            continue  # `arrays` counts it
    return [video for video in videos if video]


def _statistics(videos: list[list[Pixels]]) -> Facts:
    values = np.concatenate([frame.reshape(-1, 3) for video in videos for frame in video]).astype(np.float64)
    mean, std = values.mean(0) / 255, values.std(0) / 255
    return {
        "mean": [float(m) for m in mean],
        "std": [float(s) if s > 0 else 1.0 for s in std],
        "fill": [round(float(m) * 255) for m in mean],
    }


def _fill(found: Sampled, out: Pixels, fill: list[int]) -> None:
    """Frames fitted into out uint8 [F, H, W, 3]."""
    height, width = out.shape[1:3]
    for canvas, frame in zip(out, found.frames, strict=False):
        pixels = channels_of(shrink(frame, height, width), 3)
        tall, wide = pixels.shape[:2]
        if (tall, wide) != (height, width):
            canvas[:] = fill
        top, left = (height - tall) // 2, (width - wide) // 2
        canvas[top : top + tall, left : left + wide] = pixels


def _name(cell: Any) -> str:
    return cell if isinstance(cell, str) else "bytes"
