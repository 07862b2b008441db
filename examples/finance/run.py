"""Will the stock rise or fall the next day, from prices, tweets and sector? Time-forward, intervals by day.

    python examples/finance/run.py OUT [--effort 1] [--cuts 2015-02-01 2015-04-01 2015-06-01]

Prints one JSON object: accuracy and Matthews correlation with intervals on all test rows and on the rows with a tweet
on every day (the published subset), for every subset of sources, and for each cut date of the walk forward.
"""

from __future__ import annotations

import argparse
import json
import os
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl

import consilience as cs
from consilience.evaluation.wording import verdict

LAGS = [f"{what}_lag{day}" for day in range(1, 6) for what in ("ret", "open", "high", "low", "volume")]
SOURCES = {
    "prices": [*LAGS, "n_trading_days", "week", "month", "spread"],
    "tweets": ["tweets", "n_tweets", "n_tweets_unique"],
    "company": ["stock", "sector"],
}
SHOWN = ("accuracy", "matthews", "roc_auc")
CUTS = ("2015-02-01", "2015-04-01", "2015-06-01")
"""Walk forward: train on all earlier days, test on the two months from each date on."""


def table(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns that are known before the day: `movement_pct` is the answer in other words, `date` is kept for the
    intervals. Of the 30 returns in `ret_hist30` the mean of a week, of a month and their spread."""
    past = pl.col("ret_hist30").str.json_decode(pl.List(pl.Float64)).list
    made = frame.with_columns(
        past.tail(5).list.mean().alias("week"), past.mean().alias("month"), past.std().alias("spread")
    )
    return made.select("date", *(c for columns in SOURCES.values() for c in columns), "label")


def recipe(effort: int) -> dict[str, Any]:
    return {
        "target": "label",
        "effort": effort,
        "ignore": ["date"],
        "disciplines": SOURCES,
        "columns": {"stock": "category", "sector": "category", "tweets": "text"},
        "report": {"cluster": "date"},
        "train": {"threads": 1},
    }


def walk_forward(frame: pl.DataFrame, cuts: tuple[str, ...], effort: int, out: Path) -> list[dict[str, Any]]:
    """A model for each cut date, trained on the days before (the last tenth of them validate), tested on two months."""
    found = []
    for cut in cuts:
        until = pl.Series([cut]).str.to_date().dt.offset_by("2mo").cast(pl.String)[0]
        past = frame.filter(pl.col("date") < cut)
        border = past["date"].unique().sort()[int(0.9 * past["date"].n_unique())]
        test = frame.filter((pl.col("date") >= cut) & (pl.col("date") < until))
        train, valid = past.filter(pl.col("date") < border), past.filter(pl.col("date") >= border)
        short = recipe(effort) | {"report": {"cluster": "date", "analyses": []}}
        model = cs.fit(table(train), recipe=short, valid=table(valid), test=table(test), run=out / f"cut-{cut}")
        found.append({"from": cut, "until": until, "rows": test.height, **figures(model.metrics["test"])})
    return found


def figures(scores: dict[str, dict[str, float]]) -> dict[str, list[float]]:
    """{metric: [value, low, high]}."""
    return {name: [round(scores[name][end], 4) for end in ("value", "low", "high")] for name in SHOWN}


def subsets(model: cs.Model, test: pl.DataFrame) -> dict[str, Any]:
    """Figures of every subset of the sources, the others hidden."""
    groups = {name: [g for g in model.groups if g == name or g.startswith(f"{name} ")] for name in SOURCES}
    found = {}
    for size in range(1, len(SOURCES) + 1):
        for chosen in combinations(SOURCES, size):
            hidden = [g for name in SOURCES if name not in chosen for g in groups[name]]
            found["+".join(chosen)] = figures(model.evaluate(table(test), hidden=hidden))
    return found


def measure(data: Path, out: Path, effort: int, cuts: tuple[str, ...]) -> dict[str, Any]:
    """Train by the official dates, then walk forward; plain JSON."""
    frame = pl.read_parquet(data / "stocknet.parquet")
    parts = {name: frame.filter(pl.col("split") == name) for name in ("train", "valid", "test")}
    given = {name: table(part) for name, part in parts.items()}
    model = cs.fit(
        given["train"], recipe=recipe(effort), valid=given["valid"], test=given["test"], run=out / "official"
    )
    published = parts["test"].filter(pl.col("tweets_every_day") == 1)
    return {
        "rows": {name: part.height for name, part in parts.items()} | {"published": published.height},
        "all": figures(model.metrics["test"]),
        "published": figures(model.evaluate(table(published))),
        "subsets": subsets(model, parts["test"]),
        "subsets_published": subsets(model, published),
        "verdict": [sentence.text for sentence in verdict(model.metrics)],
        "walk_forward": walk_forward(frame, cuts, effort, out) if cuts else [],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--effort", type=int, default=1)
    parser.add_argument("--cuts", nargs="*", default=CUTS)
    asked = parser.parse_args()
    data = Path(os.environ["CONSILIENCE_DATA"]) / "stocknet"
    print(json.dumps(measure(data, asked.out, asked.effort, tuple(asked.cuts)), indent=1, ensure_ascii=False))
