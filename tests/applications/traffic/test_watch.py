from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import polars as pl
import pytest

from consilience import api
from consilience.applications.traffic import watch as module
from consilience.core.errors import InputError

made = runpy.run_path(str(Path(__file__).parents[2] / "made_videos.py"))
HEIGHT, WIDTH, RATE = 120, 200, 10.0
CARS = ((1.0, 1, 70), (3.5, -1, 30), (6.0, 1, 70))
"""(second of entry, way, y) of cars of 30 × 16 px that drive at 80 px/s."""


def road(seconds: float = 10.0, dims: bool = False) -> list[Any]:
    """Two cars to the right, one to the left; with `dims` the camera halves its exposure for two seconds."""
    random = np.random.default_rng(0)
    ground = random.integers(90, 130, (HEIGHT, WIDTH, 1)).repeat(3, 2)
    frames = []
    for t in np.arange(0, seconds, 1 / RATE):
        frame = np.clip(ground + random.normal(0, 3, ground.shape), 0, 255).astype(np.uint8)
        for begin, way, y in CARS:
            x = int((t - begin) * 80 - 30) if way > 0 else int(WIDTH - (t - begin) * 80)
            if t >= begin:
                cv2.rectangle(frame, (x, y), (x + 30, y + 16), (230, 225, 240), -1)
        frames.append((frame * (0.5 if dims and 5.0 < t < 7.0 else 1.0)).astype(np.uint8))
    return frames


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found: Path = made["write_video"](tmp_path_factory.mktemp("road") / "road.mp4", road(), RATE)
    return found


def test_counts_directions_times_and_files(clip: Path, tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    found = api.traffic(clip, tmp_path / "out", listener=events.append)
    assert found["counts"] == {"vehicle": {"left": 1, "right": 2}}
    assert found["seconds"] == pytest.approx(10.0, abs=0.11)
    x0, _, x1, _ = found["line"]
    assert abs(x0 - x1) < 0.3 * WIDTH, "the line stands across the road"
    table = pl.read_csv(tmp_path / "out" / "vehicles.csv")
    assert table["first_second"].to_list() == pytest.approx([1.0, 3.5, 6.0], abs=0.5)
    assert table["speed"].to_list() == pytest.approx([80] * 3, rel=0.15)
    assert set(table["speed_unit"]) == {"px/s"}
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == found["files"]
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["counted"] == 3
    assert {e["name"] for e in events} == {"watch", "annotate"}
    capture = cv2.VideoCapture(str(tmp_path / "out" / "annotated.mp4"))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 100
    capture.release()
    for name in ("counts", "speeds", "ways"):
        assert (tmp_path / "out" / f"{name}.svg").read_text().startswith("<svg")


def test_a_camera_that_changes_its_exposure_counts_the_same(tmp_path: Path) -> None:
    clip = made["write_video"](tmp_path / "dim.mp4", road(dims=True), RATE)
    found = api.traffic(clip, tmp_path / "out", annotate=False)
    assert found["counts"] == {"vehicle": {"left": 1, "right": 2}}


def test_calibration_gives_kilometres_an_hour(clip: Path, tmp_path: Path) -> None:
    corners = [[0, 0], [200, 0], [200, 120], [0, 120]]
    ground = [[x / 10, y / 10] for x, y in corners]  # 10 px are a metre: 80 px/s are 28.8 km/h
    path = tmp_path / "points.json"
    path.write_text(json.dumps({"image": corners, "ground": ground}))
    found = api.traffic(clip, tmp_path / "out", calibration=path, annotate=False)
    assert found["speed_unit"] == "km/h"
    assert found["mean_speed"]["right"] == pytest.approx(28.8, rel=0.15)


def test_a_given_line_and_a_given_detector(clip: Path, tmp_path: Path) -> None:
    def detector(frame: Any) -> tuple[Any, Any, list[str]]:
        bright = (frame.min(2) > 190).astype(np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(bright)
        boxes = [[x, y, x + w, y + h] for x, y, w, h, area in stats[1:count] if area > 60]
        return boxes, [0.9] * len(boxes), ["lorry"] * len(boxes)

    found = api.traffic(clip, tmp_path / "out", line="100,0,100,120", detector=detector, annotate=False)
    assert found["counts"] == {"lorry": {"left": 1, "right": 2}}
    assert not found["line_chosen"]
    aside = api.traffic(clip, tmp_path / "out", line=(100, 0, 100, 50), detector=detector, annotate=False)
    assert aside["counts"] == {"lorry": {"left": 1}}, "the line ends above the lower lane"
    with pytest.raises(InputError, match="2 boxes, 1 scores"):
        api.traffic(clip, tmp_path / "out", detector=lambda frame: (np.zeros((2, 4)), [1.0], ["a"]))


def test_a_still_and_a_broken_video(tmp_path: Path) -> None:
    still = made["write_video"](tmp_path / "still.mp4", road(1.0)[:9], RATE)
    found = api.traffic(still, tmp_path / "out")
    assert found["counted"] == 0
    assert "nothing to time" in found["signal"]["refused"]
    (tmp_path / "bad.mp4").write_bytes(b"nothing of a film")
    with pytest.raises(InputError, match="not a video file"):
        api.traffic(tmp_path / "bad.mp4", tmp_path / "out2")
    with pytest.raises(InputError, match="file not found"):
        api.traffic(tmp_path / "none.mp4", tmp_path / "out2")


def test_what_stops_half_way_leaves_nothing_that_looks_whole(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*given: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "write_annotated", stop)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".traffic-killed").mkdir()  # what a killed process left
    with pytest.raises(KeyboardInterrupt):
        api.traffic(clip, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"line": "1,2,3"}, "x0,y0,x1,y1"),
        ({"line": "5,5,5,5"}, "no length"),
        ({"calibration": {"image": [[0, 0]] * 4, "ground": [[0, 0]] * 4}}, "lie on a line"),
        ({"calibration": {"image": [[0, 0]]}}, "four points"),
        ({"detector": 7}, "callable"),
        ({"detector": "fasterrcnn_nonsense"}, "no detector is named"),
        ({"detector": "fasterrcnn_resnet50_fpn"}, "not on this machine"),
    ],
)
def test_what_cannot_be_used_is_named(clip: Path, tmp_path: Path, options: dict[str, Any], said: str) -> None:
    pytest.importorskip("torchvision")
    with pytest.raises(InputError) as caught:
        api.traffic(clip, tmp_path / "out", **options)
    assert said in str(caught.value)
