"""Blood cells (BCCD) through `consilience train`, from scratch: average precision of boxes beside the figure to reach.

    CONSILIENCE_DATA=… python benchmarks/bccd.py            # the default: minutes on two cores
    CONSILIENCE_DATA=… python benchmarks/bccd.py --effort 2

One JSON line: figures with intervals, the average precision of each class, processor seconds. Published detectors that
begin with pretrained weights reach a mAP of 0.90 to 0.945 at IoU 0.5; 0.80 from scratch is the bar here.
"""

from __future__ import annotations

import argparse
import resource

from common import data_folder, report, short, train, workspace

COUNTS = "width,height,n_boxes,n_rbc,n_wbc,n_platelets"
"""Columns that tell the answer, or only the size of the file."""
LEAST = 0.80


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--effort", type=int, default=3)
    effort = parser.parse_args().effort
    table = data_folder("bccd") / "bccd.csv"
    options = ("--ignore", COUNTS, "--set", "split.column=split", "--effort", str(effort))
    with workspace() as folder:
        metrics, seconds = train(folder / "run", table, "boxes", *options)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    report(
        "bccd",
        effort=effort,
        test=short(metrics, "map_50", "map", "map_75", "recall_50"),
        classes={one["label"]: one["ap_50"] for one in metrics["boxes"]["classes"]},
        least=LEAST,
        reached=metrics["test"]["map_50"]["value"] >= LEAST,
        seconds=seconds,
        processor_seconds=used.ru_utime + used.ru_stime,
    )


if __name__ == "__main__":
    main()
