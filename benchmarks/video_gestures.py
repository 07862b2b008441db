"""A smoke test of video classification on twenty sign-language clips, one a class: the clips are cut into windows.

Windows of a clip share its signer, light and background, so this says that the machinery works, not how well gestures
of strangers are recognised. Every third window is a test row; those beside it in time are training rows.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import cv2
import polars as pl
from common import data_folder, explain, train, workspace

WINDOW, STEP = 16, 6
"""Frames of a window, and between the starts of two."""


def windows(clips: Path, folder: Path) -> pl.DataFrame:
    """Windows of every gesture clip as small AVI files in `folder`."""
    listed = pl.read_csv(clips.parent / "videos.csv").filter(pl.col("group") == "asl_gesture")
    rows = []
    for name, label in listed.select("video", "label").iter_rows():
        capture = cv2.VideoCapture(str(clips.parent / name))
        frames = []
        while True:
            there, frame = capture.read()
            if not there:
                break
            frames.append(cv2.resize(frame, (160, 120), interpolation=cv2.INTER_AREA))
        for number, start in enumerate(range(0, len(frames) - WINDOW + 1, STEP)):
            path = folder / f"{label}-{number}.avi"
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 30, (160, 120))
            for frame in frames[start : start + WINDOW]:
                writer.write(frame)
            writer.release()
            rows.append({"clip": path.name, "label": label, "part": "test" if number % 3 == 2 else "train"})
    return pl.DataFrame(rows)


def main() -> None:
    effort = sys.argv[1] if len(sys.argv) > 1 else "1"
    encoder = sys.argv[2] if len(sys.argv) > 2 else "frames_video"
    with workspace() as folder:
        table = windows(data_folder("videos") / "clips", folder)
        paths = {}
        for part in ("train", "test"):
            paths[part] = folder / f"{part}.csv"
            table.filter(pl.col("part") == part).drop("part").write_csv(paths[part])
        options = ["--test", str(paths["test"]), "--effort", effort, "--set", f"encoders.video.type={encoder}", "-q"]
        metrics, _ = train(folder / "run", paths["train"], "label", *options)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    accuracy = {"default": metrics["test"]["accuracy"], "network": metrics["network"]["accuracy"]}
    accuracy |= {name: scores["accuracy"] for name, scores in metrics["references"].items()}
    line = {"benchmark": "video_gestures", "effort": int(effort), "encoder": encoder, "rows": table.height}
    print(json.dumps({**line, "accuracy": accuracy, "processor_seconds": round(used.ru_utime, 1)}))


if __name__ == "__main__":
    explain(__doc__)
    main()
