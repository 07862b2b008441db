"""Seconds of `consilience --help` and `import consilience`, each a fresh process; median of 9 after a warm-up.

    python benchmarks/startup.py

Must reach: 0.3 s and 0.2 s, no torch.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from common import explain, report


def median_seconds(command: list[str], times: int = 9) -> float:
    found = []
    for _ in range(times + 1):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found.append(time.perf_counter() - began)
    return statistics.median(found[1:])


if __name__ == "__main__":
    explain(__doc__)
    light = "import consilience, sys; assert 'torch' not in sys.modules"
    helped = median_seconds([sys.executable, "-m", "consilience", "--help"])
    imported = median_seconds([sys.executable, "-c", light])
    floor = median_seconds([sys.executable, "-c", "pass"])
    reached = {"help": helped <= 0.3, "import": imported <= 0.2}
    report("startup", help=helped, import_=imported, python_alone=floor, reached=reached)
