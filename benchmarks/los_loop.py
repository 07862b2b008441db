"""Traffic speeds of 207 sensors in Los Angeles (Zhao et al. 2019, T-GCN) through `consilience train`.

    CONSILIENCE_DATA=… python benchmarks/los_loop.py --horizon 3
    CONSILIENCE_DATA=… python benchmarks/los_loop.py --horizon 12

The first 80 % of the week train and validate, the last 20 % test; 12 steps of five minutes in. Published: T-GCN, 15
minutes ahead, RMSE 5.126 mph (best of 5,000 epochs, picked on the test).
"""

from __future__ import annotations

import argparse

from common import data_folder, report, short, train, workspace

PAST, TEST = 12, 0.2
METRICS = ("rmse", "mae", "mse_z", "mase", "wape", "coverage")
BARS = {3: 5.1}


def measure(horizon: int, seed: int, effort: int, encoder: str, more: list[str]) -> None:
    data = data_folder("los_loop")
    settings = [f"series.past={PAST}", f"series.horizon={horizon}", f"split.test={TEST}", "train.metric=rmse"]
    settings += [f"encoders.series.type={encoder}", *more]
    settings += [f"encoders.series.graph={data / 'los_adj.csv'}"] if encoder == "graph_series" else []
    options = [part for setting in settings for part in ("--set", setting)]
    with workspace() as folder:
        options += ["--seed", str(seed), "--effort", str(effort)]
        metrics, seconds = train(folder / "run", data / "los_speed.csv", "*", *options)
    bar = BARS.get(horizon)
    report(
        f"los_loop/{horizon}",
        **short(metrics, *METRICS),
        comparison={k: v["sentence"] for k, v in metrics["comparison"].items()},
        by_step=[step["default"]["value"] for step in metrics["forecasting"]["steps"]],
        must_reach=bar,
        reached=None if bar is None else metrics["test"]["rmse"]["value"] <= bar,
        split=metrics["split"]["sentence"],
        seconds={**metrics["seconds"], "command": seconds},
        parameters=metrics["parameters"],
        seed=seed,
        effort=effort,
        encoder=encoder,
        settings=more,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--horizon", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--effort", type=int, default=2)
    parser.add_argument("--encoder", default="graph_series")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    given = parser.parse_args()
    measure(given.horizon, given.seed, given.effort, given.encoder, given.settings)
