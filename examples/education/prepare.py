"""Logs of answers → one row an answer. The past of each student is not made here: the recipe declares it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import polars as pl


def answers(folder: Path) -> pl.DataFrame:
    """student, step (0, 1, …), skill, skill_name, correct (0 or 1) and split, one row an answer.

    folder: of ASSISTments 2009 (updated): sequences of skills and answers, and the names of the skills.
    """
    sequences = pl.read_csv(folder / "assist2009_updated_sequences.csv.gz", infer_schema=False)
    rows = sequences.with_columns(pl.col("skills").str.split(" "), pl.col("correct").str.split(" "))
    rows = rows.explode("skills", "correct").rename({"skills": "skill"})
    rows = rows.with_columns(pl.int_range(pl.len()).over("student").alias("step"), pl.col("correct").cast(pl.Int64))
    names = (folder / "assist2009_updated_skill_mapping.txt").read_text(encoding="utf-8").splitlines()
    known = dict(line.split("\t", 1) for line in names if "\t" in line)
    named = pl.col("skill").replace_strict(known, default=None).str.strip_chars().alias("skill_name")
    return rows.with_columns(named, ("s" + pl.col("skill")).alias("skill")).select(
        "student", "step", "skill", "skill_name", "correct", "split"
    )


def first_answers(rows: pl.DataFrame, seen: int = 20) -> pl.DataFrame:
    """One row a student with more than `seen` answers: figures of the first `seen`, and the share of later ones that
    are right (`later_share`, the target)."""
    early = rows.filter(pl.col("step") < seen).group_by("student").agg(
        pl.col("split").first(),
        pl.col("correct").mean().alias("share"),
        pl.col("correct").head(seen // 2).mean().alias("share_first_half"),
        pl.col("correct").tail(seen // 2).mean().alias("share_second_half"),
        pl.col("skill").n_unique().alias("skills"),
        (pl.col("skill") + pl.when(pl.col("correct") == 1).then(pl.lit("right")).otherwise(pl.lit("wrong")))
        .str.join(" ")
        .alias("answers"),
    )  # fmt: skip
    later = rows.filter(pl.col("step") >= seen).group_by("student").agg(pl.col("correct").mean().alias("later_share"))
    return early.join(later, on="student").sort(pl.col("student").cast(pl.Int64))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    table = answers(Path(os.environ["CONSILIENCE_DATA"]) / "assistments")
    for part in ("train", "test"):
        table.filter(pl.col("split") == part).drop("split").write_parquet(out / f"{part}.parquet")
        first_answers(table.filter(pl.col("split") == part)).drop("split").write_csv(out / f"students_{part}.csv")
