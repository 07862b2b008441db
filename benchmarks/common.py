"""What every benchmark shares: the data folder, a command typed as a user types it, and one JSON line at the end."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = ("consilience", "torch", "numpy", "polars", "scikit-learn", "lightgbm", "opencv-python-headless")


def explain(document: str | None) -> None:
    """Print what a benchmark says of itself, and end, where it is asked for help: for those without options."""
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(document)
        sys.exit()


def data_folder(name: str) -> Path:
    """The folder of a data set under CONSILIENCE_DATA."""
    root = os.environ.get("CONSILIENCE_DATA")
    if not root:
        sys.exit("set CONSILIENCE_DATA to the folder of the data sets")
    folder = Path(root) / name
    if not folder.is_dir():
        sys.exit(f"no data set {name!r} in {root}")
    return folder


@contextmanager
def workspace() -> Iterator[Path]:
    """A temporary folder that also holds the feature cache, so that every benchmark starts cold."""
    folder = Path(tempfile.mkdtemp(prefix="consilience-benchmark-"))
    before = os.environ.get("CONSILIENCE_CACHE")
    os.environ["CONSILIENCE_CACHE"] = str(folder / "cache")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if before is None:
            del os.environ["CONSILIENCE_CACHE"]
        else:
            os.environ["CONSILIENCE_CACHE"] = before


def train(run: Path, table: Path, target: str, *options: str) -> tuple[dict[str, Any], float]:
    """`consilience train` in a process of its own: (metrics.json, seconds of the whole command)."""
    command = [sys.executable, "-m", "consilience", "train", str(table), "--target", target, "--run", str(run)]
    began = time.perf_counter()
    subprocess.run([*command, *options], check=True, stdout=sys.stderr)
    seconds = time.perf_counter() - began
    return json.loads((run / "metrics.json").read_text(encoding="utf-8")), seconds


def peak_memory(command: list[str]) -> int:
    """Largest resident set of a command and its threads, in bytes (Linux: /proc/<pid>/status VmHWM)."""
    process = subprocess.Popen(command, stdout=sys.stderr)
    peak = 0
    while process.poll() is None:
        try:
            for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM"):
                    peak = max(peak, int(line.split()[1]) * 1024)
        except OSError:
            break  # it ended between the two looks
        time.sleep(0.05)
    if process.wait() != 0:
        sys.exit(f"the command failed: {' '.join(command)}")
    return peak


def installed() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def report(name: str, **figures: Any) -> None:
    """Print the one JSON line of a benchmark."""
    line = {
        "benchmark": name,
        **figures,
        "processor": _processor(),
        "cores": os.cpu_count(),
        "versions": installed(),
    }
    print(json.dumps(line, ensure_ascii=False))


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        return platform.processor()
    return platform.processor()


def short(metrics: dict[str, Any], *names: str) -> dict[str, Any]:
    """The named metrics of a metrics.json, with intervals: default, network, references, single groups."""

    def pick(found: dict[str, Any]) -> dict[str, Any]:
        chosen = {n: found[n] for n in names if n in found}
        return {n: [round(v[k], 4) for k in ("value", "low", "high")] for n, v in chosen.items()}

    return {
        "default": pick(metrics["test"]),
        "network": pick(metrics["network"]),
        **{name: pick(found) for name, found in metrics["references"].items()},
        "alone": {group: pick(found) for group, found in metrics["alone"].items()},
        "weights": {k: round(v, 3) for k, v in metrics["stack"]["weights"].items()},
    }
