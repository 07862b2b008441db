"""Networks of the literature from training to service: a step or more, saved, loaded, exported, served without torch.

    python benchmarks/networks_deployed.py [NAME …]        # the list of docs/networks.md's first table when left out

One JSON line a name: the largest difference of a probability between run and bundle over the export's cases, the same
between the run and a server's answers over HTTP, and seconds. Tables are made here: pictures of two kinds, short texts.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import explain, report
from fastapi.testclient import TestClient
from PIL import Image

import consilience as cs
from consilience.core.registry import get, preset_options
from consilience.deployment.export import export
from consilience.serving.app import make_app
from consilience.serving.hosted import _shown
from consilience.serving.house import House
from consilience.serving.settings import Settings

NAMES = ("alexnet", "vgg11", "vgg16", "inception_v3", "googlenet", "resnet18", "resnet50", "bert", "gpt2", "plain_cnn")
ROWS, SIDE = 64, 40


def picture(random: np.random.Generator, bright: bool) -> bytes:
    pixels = random.integers(0, 120, (SIDE, SIDE, 3)) + (90 if bright else 0)
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "png")
    return file.getvalue()


def table(modality: str) -> pl.DataFrame:
    random = np.random.default_rng(0)
    kinds = random.random(ROWS) < 0.5
    words = [" ".join(random.choice(["one", "two", "three", "four", "five", "six"], 8)) for _ in kinds]
    notes = [f"{'good' if kind else 'bad'} {text}" for kind, text in zip(kinds, words, strict=True)]
    cells = [picture(random, kind) for kind in kinds] if modality == "image" else notes
    return pl.DataFrame({"cell": cells, "kind": np.where(kinds, "a", "b")})


def options(name: str, modality: str) -> list[str]:
    chosen = {f"encoders.{modality}.type": name, "train.epochs": 1, "references": "[]", "stack": "false"}
    chosen |= {"split.folds": 1, "train.networks": 1, "report.analyses": "[]", "columns.cell": modality}
    return [f"{field}={value}" for field, value in chosen.items()]


def measure(name: str) -> dict[str, Any]:
    modality = get("encoder", name).modality
    rows, began = table(modality), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        run, bundle = Path(folder) / "run", Path(folder) / "bundle"
        cs.fit(rows, "kind", run=run, effort=1, settings=options(name, modality))
        told = export(run, bundle, rows=rows.drop("kind"))
        alone = cs.load(run).predict_proba(rows)[:8]
        with TestClient(make_app(House({"m": bundle}, Settings()))) as client:
            asked = [{"cell": _shown(cell)} for cell in rows["cell"][:8]]
            answers = client.post("/v1/models/m/predict", json={"rows": asked}).json()["predictions"]
        served = np.array([[a["probabilities"][c] for c in ("a", "b")] for a in answers])
        return {
            "exported": told["proof"]["largest"] if "proof" in told else told,
            "served": float(np.abs(served - alone).max()),
            "options": preset_options("encoder", name),
            "seconds": round(time.monotonic() - began, 1),
        }


if __name__ == "__main__":
    explain(__doc__)
    for wanted in sys.argv[1:] or NAMES:
        report("networks_deployed", network=wanted, **measure(wanted))
