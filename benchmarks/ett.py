"""Electricity transformers (ETTh1, ETTh2; Zhou et al. 2021) through `consilience train`, all seven channels.

    CONSILIENCE_DATA=… python benchmarks/ett.py ETTh1 --horizon 96
    CONSILIENCE_DATA=… python benchmarks/ett.py all

The split of the literature: hours 0 to 8,639 train, 8,640 to 11,519 validate, 11,520 to 14,399 test; errors in
standard deviations of the training hours. Published at 96 (Zeng et al. 2023, table 2): ETTh1 DLinear 0.375, NLinear
0.374, repeat 1.295; ETTh2 NLinear 0.277, DLinear 0.289.
"""

from __future__ import annotations

import argparse

import polars as pl
from common import data_folder, report, short, train, workspace

HOURS, VALID, PAST = 14_400, 0.25, 336
METRICS = ("mse_z", "mae_z", "mase", "pinball_z", "coverage")
BARS = {("ETTh1", 96): 0.385}
CASES = [("ETTh1", 96), ("ETTh1", 336), ("ETTh2", 96), ("ETTh2", 336)]


def measure(name: str, horizon: int, seed: int, effort: int, more: list[str]) -> None:
    with workspace() as folder:
        table = folder / f"{name}.csv"
        pl.read_csv(data_folder("ett") / f"{name}.csv", infer_schema=False).head(HOURS).write_csv(table)
        settings = ["series.time=date", f"series.past={PAST}", f"series.horizon={horizon}", f"split.valid={VALID}"]
        settings += more
        options = [part for setting in settings for part in ("--set", setting)]
        metrics, seconds = train(folder / "run", table, "*", *options, "--seed", str(seed), "--effort", str(effort))
    bar = BARS.get((name, horizon))
    report(
        f"ett/{name}/{horizon}",
        **short(metrics, *METRICS),
        comparison={k: v["sentence"] for k, v in metrics["comparison"].items()},
        must_reach=bar,
        reached=None if bar is None else metrics["test"]["mse_z"]["value"] <= bar,
        split=metrics["split"]["sentence"],
        seconds={**metrics["seconds"], "command": seconds},
        parameters=metrics["parameters"],
        seed=seed,
        effort=effort,
        settings=more,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=["ETTh1", "ETTh2", "all"])
    parser.add_argument("--horizon", type=int, default=96)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--effort", type=int, default=1, help="Linear maps do most of the work: more brings little.")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    given = parser.parse_args()
    for each, ahead in CASES if given.name == "all" else [(given.name, given.horizon)]:
        measure(each, ahead, given.seed, given.effort, given.settings)
