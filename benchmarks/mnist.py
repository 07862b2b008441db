"""MNIST through `consilience train` beside the textbook Keras program, both in this run.

    CONSILIENCE_DATA=… KERAS_PYTHON=… python benchmarks/mnist.py

KERAS_PYTHON is a Python with keras and tensorflow (this one when left out). Must reach: accuracy ≥ 0.995 with the
whole command within 0.25 × the training time of the Keras program.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from common import data_folder, report, short, train, workspace


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-reference", action="store_true", help="leave the Keras program out")
    given = parser.parse_args()
    data = data_folder("mnist")
    with workspace() as folder:
        options = ("--test", str(data / "test.parquet"), "--seed", str(given.seed))
        metrics, seconds = train(folder / "run", data / "train.parquet", "label", *options)
    keras = None
    if not given.no_reference:
        program = str(Path(__file__).with_name("mnist_keras.py"))
        python = os.environ.get("KERAS_PYTHON", sys.executable)
        done = subprocess.run([python, program, str(data)], check=True, capture_output=True, text=True)
        keras = json.loads(done.stdout.strip().splitlines()[-1])
    ratio = seconds / keras["seconds"] if keras else None
    report(
        "mnist",
        **short(metrics, "accuracy", "log_loss"),
        seconds={**metrics["seconds"], "command": seconds},
        keras=keras,
        ratio=ratio,
        reached={"accuracy": metrics["test"]["accuracy"]["value"] >= 0.995, "ratio": ratio and ratio <= 0.25},
        parameters=metrics["parameters"],
        seed=given.seed,
        threads=metrics["threads"],
    )


if __name__ == "__main__":
    main()
