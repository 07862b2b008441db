"""Rise or fall of a stock the next day (StockNet) by subset of sources, time-forward, with intervals by day.

    CONSILIENCE_DATA=… python benchmarks/stocknet.py [--effort 1] [--cuts 2015-02-01 2015-04-01 2015-06-01]

Official dates (3,720 test rows) and the published subset (1,008 rows with a tweet on every day), then walk-forward over
cut dates before the test months. One JSON line. Published on the subset, from memory: accuracy 0.582, Matthews 0.081
(Xu and Cohen 2018).
"""

from __future__ import annotations

import argparse
import resource
import runpy
from pathlib import Path
from typing import Any

from common import data_folder, report, workspace

EXAMPLE = Path(__file__).parents[1] / "examples" / "finance" / "run.py"

if __name__ == "__main__":
    example: dict[str, Any] = runpy.run_path(str(EXAMPLE))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--effort", type=int, default=1)
    parser.add_argument("--cuts", nargs="*", default=example["CUTS"])
    given = parser.parse_args()
    with workspace() as folder:
        found = example["measure"](data_folder("stocknet"), folder, given.effort, tuple(given.cuts))
    used = resource.getrusage(resource.RUSAGE_SELF)
    report("stocknet", effort=given.effort, **found, processor_seconds=round(used.ru_utime + used.ru_stime))
