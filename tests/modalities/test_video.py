from __future__ import annotations

import os
import runpy
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from consilience.core.errors import InputError
from consilience.core.recipe import Prepare
from consilience.modalities.video import Video
from consilience.modalities.video_decode import Bounds, measure_video, sample_frames, spaced, video_kind

made = runpy.run_path(str(Path(__file__).parents[1] / "made_videos.py"))
BOUNDS = Bounds(10**7, 1000.0)


def ramp(count: int, height: int = 24, width: int = 32) -> list[Any]:
    """Frame t is grey of 10 + 5 t."""
    return [np.full((height, width, 3), min(250, 10 + 5 * t), np.uint8) for t in range(count)]


def arrays(cells: list[Any], **settings: Any) -> Any:
    column = {"v": pl.Series("v", cells)}
    return Video.arrays(column, Video.learn(column, Prepare(**settings)))


def test_places_are_the_middles_of_equal_parts() -> None:
    assert spaced(40, 4) == [5, 15, 25, 35]
    assert spaced(3, 8) == [0, 1, 2]
    assert spaced(0, 8) == []


@pytest.mark.parametrize(("suffix", "codec"), [("mp4", "mp4v"), ("avi", "MJPG"), ("mkv", "mp4v"), ("mov", "mp4v")])
def test_frames_come_from_the_right_times(tmp_path: Path, suffix: str, codec: str) -> None:
    path = made["write_video"](tmp_path / f"v.{suffix}", ramp(40), 10.0, codec)
    found, problems = arrays([str(path)], frames=4)
    assert not problems
    assert found["frame"].shape == (1, 1, 4, 24, 32, 3)
    assert found["second"][0, 0].tolist() == pytest.approx([0.5, 1.5, 2.5, 3.5])
    assert found["frame"][0, 0].mean((1, 2, 3)) == pytest.approx([35, 85, 135, 185], abs=4)


def test_long_videos_are_sought_in_and_agree_with_reading_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(made["write_video"](tmp_path / "v.mp4", ramp(48)))
    whole = sample_frames(path, 5, BOUNDS)
    monkeypatch.setattr("consilience.modalities.video_decode.READ_THROUGH", 10)
    sought = sample_frames(path, 5, BOUNDS)
    assert sought.times == pytest.approx(whole.times)
    for one, other in zip(whole.frames, sought.frames, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1


def test_a_short_video_fills_the_first_frames_only(tmp_path: Path) -> None:
    cells = [str(made["write_video"](tmp_path / f"{n}.avi", ramp(n), codec="MJPG")) for n in (3, 20)]
    found, _ = arrays(cells, frames=8)
    assert found["mask"][:, 0].sum(1).tolist() == [3, 8]
    assert not found["frame"][0, 0, 3:].any()


def test_bytes_are_read_and_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = made["write_video"](tmp_path / "v.mp4", ramp(10)).read_bytes()
    held = tmp_path / "held"
    held.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(held))
    found, problems = arrays([data, b"\x00\x00\x00\x18ftypmp42 and no more"], frames=4)
    assert found["mask"].any(-1)[:, 0].tolist() == [True, False]
    assert problems[0].count == 1
    assert os.listdir(held) == []


def test_broken_files_are_counted_with_a_reason(tmp_path: Path) -> None:
    good = made["write_video"](tmp_path / "good.avi", ramp(60), codec="MJPG")
    (tmp_path / "cut.avi").write_bytes(good.read_bytes()[: good.stat().st_size // 3])
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("not a film")
    (tmp_path / "list.mp4").write_text("#EXTM3U\nfile:///etc/passwd\n")
    names = ("good.avi", "cut.avi", "empty.mp4", "text.mp4", "list.mp4", "none.mp4", "")
    cells = [str(tmp_path / name) for name in names]
    found, problems = arrays(cells, frames=4)
    assert found["mask"].any(-1)[:, 0].tolist() == [True, *[False] * 6]
    assert problems[0].count == 6
    said = " ".join(problems[0].examples)
    for reason in ("cut short", "file is empty", "not a video file", "file not found"):
        assert reason in said


def test_limits_are_told_before_decoding(tmp_path: Path) -> None:
    path = str(made["write_video"](tmp_path / "v.mp4", ramp(30)))
    assert measure_video(path)[:2] == (32, 24)
    with pytest.raises(InputError, match=r"32 × 24 pixels, the limit is 700 .*prepare.max_pixels=768"):
        arrays([path], max_pixels=700)
    with pytest.raises(InputError, match=r"prepare.max_video_seconds=3"):
        arrays([path], max_video_seconds=2)


def test_containers_are_told_from_play_lists_pictures_and_sounds() -> None:
    assert video_kind(b"\x00\x00\x00\x20ftypisom....") == "mp4"
    assert video_kind(b"\x1aE\xdf\xa3 matroska") == "mkv"
    for other in (b"#EXTM3U", b"\x00\x00\x00\x20ftypM4A ", b"\x00\x00\x00\x20ftypavif", b"RIFF1234WAVEfmt ", b"", b"G"):
        assert video_kind(other) is None


def test_gif_alone_counts_as_images_less_surely() -> None:
    gifs = pl.Series(["a.gif", "b.gif"])
    assert 0 < Video.score(gifs).score < 0.5
    assert Video.score(pl.Series(["a.gif", "b.mp4"])).score > 0.9


def test_a_tall_video_among_wide_ones_gets_borders(tmp_path: Path) -> None:
    wide = [made["write_video"](tmp_path / f"{n}.mp4", ramp(5, 24, 48)) for n in range(3)]
    tall = made["write_video"](tmp_path / "tall.mp4", ramp(5, 48, 24))
    found, _ = arrays([str(p) for p in (*wide, tall)], image_size=48, frames=2)
    assert found["frame"].shape[3:5] == (24, 48)
    edge, middle = found["frame"][3, 0, 0, :, 2], found["frame"][3, 0, 0, :, 24]
    assert edge.std(0).max() == 0
    assert not np.array_equal(edge, middle)
