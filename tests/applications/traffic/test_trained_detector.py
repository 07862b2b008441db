"""A detector trained here, on a few made frames, plugged into the counting of traffic."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import polars as pl
import pytest

import consilience
from consilience import api
from consilience.applications.traffic.trained_detector import TrainedDetector, stretched
from consilience.core.errors import InputError

made = runpy.run_path(str(Path(__file__).parents[2] / "made_videos.py"))
HEIGHT, WIDTH, RATE = 64, 96, 10.0
LOOKS = {"car": ((24, 14), (60, 60, 235)), "lorry": ((34, 24), (235, 110, 60))}
FAST = {
    "effort": 1,
    "prepare": {"image_size": 96, "workers": 0},
    "train": {"epochs": 30, "batch_size": 8, "threads": 1},
    "encoders": {"image": {"type": "pyramid_image", "channels": 8, "width": 16, "blocks": [0, 0, 0, 0]}},
    "report": {"analyses": []},
}


def frame(things: list[tuple[str, int, int]], random: np.random.Generator) -> Any:
    """things: (kind, x, y) of left top corners, pixels."""
    shown = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    for kind, x, y in things:
        (wide, high), colour = LOOKS[kind]
        cv2.rectangle(shown, (x, y), (x + wide - 1, y + high - 1), colour, -1)
    return np.clip(shown + random.normal(0, 3, shown.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, random, rows = tmp_path_factory.mktemp("street"), np.random.default_rng(0), []
    for number in range(48):
        kind = ("car", "lorry")[number % 2]
        wide, high = LOOKS[kind][0]
        x, y = int(random.integers(-8, WIDTH - wide + 8)), int(random.integers(4, HEIGHT - high - 4))
        boxes = [{"label": kind, "box": [max(0, x), y, min(WIDTH, x + wide), y + high]}] if number % 8 else []
        cv2.imwrite(str(folder / f"{number}.png"), frame([(kind, x, y)] if boxes else [], random))
        rows.append({"frame": f"{number}.png", "boxes": json.dumps(boxes), "lane": number % 3})
    pl.DataFrame(rows).write_csv(folder / "frames.csv")
    consilience.fit(folder / "frames.csv", target="boxes", run=folder / "run", recipe=FAST)
    return folder / "run"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A car to the right, then a lorry to the left."""
    random, frames = np.random.default_rng(1), []
    for number in range(60):
        car, lorry = 5 * (number - 2) - 24, WIDTH - 5 * (number - 28)
        things = [("car", car, 12)] if -24 < car < WIDTH else []
        things += [("lorry", lorry, 34)] if -34 < lorry < WIDTH else []
        frames.append(frame(things, random))
    found: Path = made["write_video"](tmp_path_factory.mktemp("clip") / "street.avi", frames, RATE, codec="MJPG")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("what", ["run", "run/bundle"])
def test_types_are_the_classes(run: Path, clip: Path, tmp_path: Path, what: str) -> None:
    given: Any = str(run) if what == "run" else run / "bundle"
    found = api.traffic(clip, tmp_path / "out", detector=given, line="48,0,48,64", annotate=False)
    assert found["counts"] == {"car": {"right": 1}, "lorry": {"left": 1}}


@pytest.mark.slow
def test_boxes_are_in_pixels_of_the_frame(run: Path) -> None:
    shown = frame([("car", 40, 20)], np.random.default_rng(2))
    said = TrainedDetector(run)(cv2.resize(shown, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST))
    best = int(said.scores.argmax())
    assert said.classes[best] == "car"
    assert said.boxes[best] == pytest.approx([80, 40, 128, 68], abs=12)


@pytest.mark.slow
def test_the_threshold_of_a_class_becomes_the_trackers() -> None:
    scores = np.array([0.0, 0.1, 0.3, 0.65, 1.0])
    assert stretched(scores, np.full(5, 0.3)) == pytest.approx([0, 1 / 6, 0.5, 0.75, 1])
    assert np.isfinite(stretched(scores, np.array([0.0, 1.0, 0.0, 1.0, 1.0]))).all()


@pytest.mark.slow
def test_a_model_that_finds_no_boxes_is_refused(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such run folder"):
        api.traffic(clip, tmp_path / "out", detector=tmp_path / "nothing")
    table = pl.DataFrame({"x": [float(i % 7) for i in range(40)], "y": ["a", "b"] * 20})
    recipe = {"effort": 1, "train": {"epochs": 1, "threads": 1}, "references": [], "report": {"analyses": []}}
    consilience.fit(table, target="y", run=tmp_path / "plain", recipe=recipe)
    with pytest.raises(InputError, match="finds no boxes, its task is binary"):
        api.traffic(clip, tmp_path / "out", detector=str(tmp_path / "plain"))
