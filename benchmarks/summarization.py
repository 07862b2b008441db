"""One-sentence summaries of paper abstracts (SciTLDR-A) through `consilience train --task generation`.

    CONSILIENCE_DATA=… python benchmarks/summarization.py [--rows 300] [--pretrained FOLDER]

ROUGE of the network, of the beginning of the abstract and of TextRank, on the official test rows: against the first
summary, with intervals (as metrics.json has them), and as the paper counts (Cachola et al. 2020, arXiv 2004.15011): the
best over all summaries of a paper. BART reaches a ROUGE-1 of about 0.43 there; from scratch, 2,000 abstracts are few.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import data_folder, report, train, workspace

COLUMNS = ("abstract", "tldr")
"""The abstract alone, as in SciTLDR-A: the title is so near to a summary that both extracts would choose it."""
PARTS = {"train": ("train",), "valid": ("valid", "validation", "dev"), "test": ("test",)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--effort", type=int, default=3)
    parser.add_argument("--rows", type=int, help="training rows, and a third as many of the others; all when left out")
    parser.add_argument("--decoder", choices=("cross", "prefix"), default="cross")
    parser.add_argument("--pretrained", help="folder of a pretrained T5, BART (cross) or GPT-2 (prefix)")
    given = parser.parse_args()
    frame = pl.read_csv(data_folder("scitldr_a") / "scitldr_a.csv.gz")
    with workspace() as folder:
        parts = {name: _part(frame, values, given.rows, name) for name, values in PARTS.items()}
        for name, part in parts.items():
            part.select(COLUMNS).write_parquet(folder / f"{name}.parquet")
        options = ["--task", "generation", "--seed", str(given.seed), "--effort", str(given.effort)]
        options += ["--set", f"task.decoder={given.decoder}"]
        options += ["--set", f"task.pretrained={given.pretrained}"] if given.pretrained else []
        for name in ("valid", "test"):
            options += [f"--{name}", str(folder / f"{name}.parquet")]
        metrics, seconds = train(folder / "run", folder / "train.parquet", "tldr", *options)
        best = _best_of_all(folder / "run", folder / "test.parquet", parts["test"])
    report(
        "summarization",
        rows={name: part.height for name, part in parts.items()},
        first_target=_short(metrics),
        best_target=best,
        network_lead=metrics["comparison"]["network_lead"],
        seconds={**metrics["seconds"], "command": seconds},
        parameters=metrics["parameters"],
        decoder=given.pretrained or f"{given.decoder}, from scratch",
        effort=given.effort,
        seed=given.seed,
        threads=metrics["threads"],
    )


def _part(frame: pl.DataFrame, values: tuple[str, ...], rows: int | None, name: str) -> pl.DataFrame:
    found = frame.filter(pl.col("split").is_in(values))
    if found.is_empty():
        sys.exit(f"no row has a split among {', '.join(values)}")
    most = found.height if rows is None else rows if name == "train" else rows // 3
    return found.head(most)


def _short(metrics: dict[str, Any]) -> dict[str, Any]:
    """ROUGE, BLEU and chrF of each predictor against the first summary: [value, low, high]."""
    every = {"network": metrics["network"], **metrics["references"]}
    names = ("rouge_1", "rouge_2", "rouge_l", "bleu", "chrf")
    return {
        who: {n: [round(found[n][k], 4) for k in ("value", "low", "high")] for n in names}
        for who, found in every.items()
    }


def _best_of_all(run: Path, table: Path, part: pl.DataFrame) -> dict[str, dict[str, float]]:
    """ROUGE of each predictor, the best over all summaries of a paper, mean over papers."""
    from consilience.data.table import read_table
    from consilience.modalities.overlap import rouge
    from consilience.modalities.text_codes import from_codes
    from consilience.model import load

    _, opinion = load(run).opinion(read_table(str(table)), ())
    wanted = [json.loads(cell) for cell in part["all_tldrs"]]
    found = {}
    for who, said in opinion.sources.items():
        pairs = zip(wanted, from_codes(said), strict=True)
        best = np.array([np.max([rouge(one, text) for one in every], axis=0) for every, text in pairs]).mean(0)
        found[who] = {name: round(float(v), 4) for name, v in zip(("rouge_1", "rouge_2", "rouge_l"), best, strict=True)}
    return found


if __name__ == "__main__":
    main()
