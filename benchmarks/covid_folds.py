"""COVID-19 chest X-rays with record and note, five folds of patients: the figures of `examples/medicine` as one line.

CONSILIENCE_DATA=… python benchmarks/covid_folds.py

Fused against each single source and raw notes against masked ones, ROC AUC on all held-out rows, intervals by patient.
"""

from __future__ import annotations

import resource
import runpy
from pathlib import Path

from common import data_folder, explain, report, workspace

EXAMPLE = Path(__file__).parents[1] / "examples" / "medicine" / "run.py"


def main() -> None:
    measure = runpy.run_path(str(EXAMPLE))["measure"]
    with workspace() as folder:
        found = measure(data_folder("covid_xray"), folder)
    for notes in ("masked", "raw"):
        del found[notes]["verdict"]
    used = sum(resource.getrusage(who).ru_utime for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    report("covid_folds", **found, effort=1, processor_seconds=round(used))


if __name__ == "__main__":
    explain(__doc__)
    main()
