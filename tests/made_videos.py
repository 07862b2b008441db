"""Small videos made for tests: a square that moves, with noise; run by path (`runpy`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

WAYS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


def write_video(path: Path, frames: list[Any], rate: float = 10.0, codec: str = "mp4v") -> Path:
    """BGR frames as a video; the kind by the path's suffix."""
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), rate, (width, height))
    assert writer.isOpened()
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def square_frames(way: str, seed: int, frames: int = 12, side: int = 32) -> list[Any]:
    """A light square on a dark ground that goes one way, at a random place, size and speed."""
    random = np.random.default_rng(seed)
    (dx, dy), size, speed = WAYS[way], int(random.integers(5, 9)), random.uniform(0.9, 1.5)
    x, y = random.uniform(10, side - 10, 2)
    ground, light = random.integers(0, 90, 3), random.integers(150, 256, 3)
    found = []
    for t in range(frames):
        frame = np.full((side, side, 3), ground, np.uint8)
        at = [int(v + d * speed * (t - frames / 2)) % side for v, d in ((x, dx), (y, dy))]
        first, last = [v - size // 2 for v in at], [v + size // 2 for v in at]
        cv2.rectangle(frame, first, last, light.tolist(), -1)
        noisy = frame + random.normal(0, 5, frame.shape)
        found.append(np.clip(noisy, 0, 255).astype(np.uint8))
    return found
