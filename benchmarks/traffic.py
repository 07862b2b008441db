"""Vehicles counted in fixed-camera clips against a count by eye (the videos of the data set `videos`).

By eye, frame by frame (2026-11-27), in car-detection.mp4:

| vehicle | enters | leaves | direction |
|---|---|---|---|
| white Prius | 4.4 s, below | 8.5 s | up |
| light blue car | 14.6 s, above | 18.4 s | down |
| red car | 15.1 s, below | 19.1 s | up |
| white Panamera | 25.2 s, above | 27.8 s | down |

In one-by-one-person-detection.mp4 six people, one after the other, come from below (6, 23, 51, 75, 93 and 123 s), stand
at a table for 10 to 25 s and leave to the right (20, 45, 70, 87, 120, 136 s). People are no vehicles: the clip shows
what the motion detector makes of things that stop.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from typing import Any

import polars as pl
from common import data_folder, explain, workspace

BY_EYE: dict[str, dict[str, Any]] = {
    "car-detection": {
        "directions": {"up": 2, "down": 2},
        "entered": [4.4, 14.6, 15.1, 25.2],
    },
    "one-by-one-person-detection": {
        "directions": {"right": 6},
        "entered": [6.0, 23.0, 51.0, 75.0, 93.0, 123.0],
    },
}


def main() -> None:
    clips = data_folder("videos") / "clips"
    found = {}
    with workspace() as folder:
        for name, eye in BY_EYE.items():
            out = folder / name
            command = [sys.executable, "-m", "consilience", "traffic", str(clips / f"{name}.mp4"), "--out", str(out)]
            subprocess.run([*command, "--no-video", "-q"], check=True, stdout=sys.stderr)
            summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
            table = pl.read_csv(out / "vehicles.csv").filter(pl.col("direction").is_not_null())
            counts: dict[str, int] = {}
            for ways in summary["counts"].values():
                for way, number in ways.items():
                    counts[way] = counts.get(way, 0) + number
            error = summary["counted"] - sum(eye["directions"].values())
            found[name] = {
                "by_eye": eye["directions"],
                "counted": counts,
                "error": error,
                "entered_by_eye": eye["entered"],
                "entered": table["first_second"].to_list(),
                "within_one": abs(error) <= 1,
            }
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"benchmark": "traffic", "clips": found, "processor_seconds": round(used.ru_utime, 1)}))


if __name__ == "__main__":
    explain(__doc__)
    main()
