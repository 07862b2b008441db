"""Things counted in made clips of a fixed camera, whose number is known: how often the count is wrong.

Every kind of clip makes one thing hard: things that meet and hide one another, overtake, stop, have a middle in the
colour of the ground, pass behind a pole, come in pairs, throw shadows, under noise, a shaking camera or slow light.

    python benchmarks/traffic_made.py [CLIPS OF EACH KIND] [FIRST SEED]
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from common import explain, workspace

from consilience.api import traffic

Array = np.ndarray[Any, Any]
HEIGHT, WIDTH, RATE = 240, 320, 15.0
KINDS = ("free", "meeting", "overtaking", "stopping", "striped", "pole", "pairs", "shadows", "shaking", "light")


class Thing(NamedTuple):
    """way: 1 right, -1 left. begins: seconds. stop: seconds that it stands in the middle (0 = none)."""

    way: int
    begins: float
    y: float
    width: int
    height: int
    speed: float
    stop: float
    texture: Array


def things(kind: str, random: np.random.Generator) -> list[Thing]:
    lanes = {1: (70, 110), -1: (150, 190)}
    if kind in ("meeting", "overtaking"):
        lanes = {1: (100, 125), -1: (115, 140)}
    found, begins = [], {1: 1.5, -1: 2.5}
    count = int(random.integers(4, 9))
    while len(found) < count:
        way = 1 if kind == "overtaking" else int(random.choice([1, -1]))
        width = int(random.integers(18, 60))
        height = int(width * random.uniform(0.5, 1.6)) if width < 40 else int(width * random.uniform(0.4, 0.7))
        speed = float(random.uniform(35, 110))
        stop = float(random.uniform(4, 10)) if kind == "stopping" and random.random() < 0.5 else 0.0
        if kind == "overtaking":
            speed = 40.0 if len(found) % 2 == 0 else 85.0
        pace = float(random.uniform(0, 1.0)) if kind == "overtaking" else float(random.uniform(1.0, 3.0))
        y = float(random.uniform(*lanes[way]))
        one = Thing(way, begins[way], y, width, height, speed, stop, _texture(kind, random, height, width))
        found.append(one)
        if kind == "pairs" and len(found) < count:
            found.append(
                one._replace(y=y - height * 1.25, texture=_texture(kind, random, height, width))
                if way == 1
                else one._replace(y=y + height * 1.25, texture=_texture(kind, random, height, width))
            )
        lasts = (WIDTH + 2 * width) / speed + stop
        begins[way] += pace + (
            0 if kind in ("overtaking", "meeting") else 0.0 if stop == 0 and speed > 70 else lasts * 0.6
        )
        if kind in ("free", "striped", "pole", "pairs", "shadows", "shaking", "light", "stopping"):
            begins[way] = max(begins[way], one.begins + lasts)  # one after the other in each lane
    return found


def _texture(kind: str, random: np.random.Generator, height: int, width: int) -> Array:
    """BGR and an alpha: float32 [height, width, 4]."""
    body = np.zeros((height, width, 4), np.float32)
    while True:
        colour = random.integers(0, 256, 3)
        if abs(float(colour.mean()) - 110) > 45:
            break
    body[..., :3] = colour + random.normal(0, 6, (height, width, 3))
    body[height // 5 : height // 3, width // 6 : -width // 6 or None, :3] *= 0.6  # windows
    if kind == "striped":
        body[int(height * 0.4) : int(height * 0.62), :, :3] = 110 + random.normal(0, 4, 3)
    mask = np.zeros((height, width), np.float32)
    cv2.ellipse(mask, (width // 2, height // 2), (width // 2, height // 2), 0, 0, 360, 1, -1)
    body[..., 3] = mask if height > width else 1.0
    return body


def frames(kind: str, every: list[Thing], random: np.random.Generator) -> Any:
    ground = np.full((HEIGHT, WIDTH, 3), 110, np.float32) + random.normal(0, 1, (HEIGHT, WIDTH, 3)) * 3
    ground = cv2.GaussianBlur(ground, (0, 0), 1.5)
    ground += cv2.resize(random.normal(0, 14, (6, 8, 3)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    lasts = max(one.begins + (WIDTH + 2 * one.width) / one.speed + one.stop for one in every) + 1
    noise = 7.0 if kind == "shaking" else 3.0
    for number in range(int(lasts * RATE)):
        seconds = number / RATE
        frame = ground.copy()
        for one in sorted(every, key=lambda one: one.y + one.height):
            _draw(frame, one, seconds, kind)
        if kind == "pole":
            frame[:, 150:162] = (60, 70, 60)
        if kind == "light":
            frame *= 1 + 0.25 * np.sin(seconds / 6)
        if kind == "shaking":
            move = np.array([[1, 0, random.uniform(-1.2, 1.2)], [0, 1, random.uniform(-1.2, 1.2)]])
            frame = cv2.warpAffine(frame, move, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
        yield np.clip(frame + random.normal(0, noise, frame.shape), 0, 255).astype(np.uint8)


def _draw(frame: Array, one: Thing, seconds: float, kind: str) -> None:
    along = (seconds - one.begins) * one.speed
    middle = (WIDTH + one.width) / 2
    if along > middle:
        along = max(middle, along - one.stop * one.speed)
    if along < 0 or along > WIDTH + one.width:
        return
    x = round(along - one.width if one.way > 0 else WIDTH - along)
    y = round(one.y - one.height / 2)
    if kind == "shadows":
        shade = np.float32(0.72)
        low, high = max(0, x + one.width // 5), min(WIDTH, x + one.width + one.width // 3)
        frame[y + one.height - 4 : y + one.height + one.height // 3, low:high] *= shade
    left, right = max(0, x), min(WIDTH, x + one.width)
    top, bottom = max(0, y), min(HEIGHT, y + one.height)
    part = one.texture[top - y : bottom - y, left - x : right - x]
    alpha = part[..., 3:]
    place = frame[top:bottom, left:right]
    place += alpha * (part[..., :3] - place)


def write(path: Path, kind: str, seed: int) -> int:
    """A clip at `path`; the number of things that pass."""
    random = np.random.default_rng([seed, KINDS.index(kind)])
    every = things(kind, random)
    out = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), RATE, (WIDTH, HEIGHT))
    for frame in frames(kind, every, random):
        out.write(frame)
    out.release()
    return len(every)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    found: dict[str, Any] = {}
    with workspace() as folder:
        for kind in KINDS:
            pairs = []
            for seed in range(first, first + count):
                truth = write(folder / "clip.mp4", kind, seed)
                pairs.append((truth, int(traffic(folder / "clip.mp4", folder / "out", annotate=False)["counted"])))
            found[kind] = {"truth": [a for a, _ in pairs], "counted": [b for _, b in pairs]}
    every = [(a, b) for one in found.values() for a, b in zip(one["truth"], one["counted"], strict=True)]
    errors = np.abs([a - b for a, b in every])
    figures = {"clips": len(every), "exact": float((errors == 0).mean()), "mean_error": float(errors.mean())}
    figures["share_missed_or_made_up"] = float(errors.sum() / sum(a for a, _ in every))
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps({"benchmark": "traffic_made", **figures, "kinds": found, "processor_seconds": round(used.ru_utime)})
    )


if __name__ == "__main__":
    explain(__doc__)
    main()
