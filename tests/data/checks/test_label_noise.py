from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from consilience.data.findings import NotApplicable

GOOD = ["lovely", "perfect", "soft", "great", "happy", "recommend"]
BAD = ["poor", "broken", "itchy", "return", "awful", "disappointed"]
OTHER = ["dress", "shirt", "sleeve", "colour", "size", "fabric", "store", "order", "summer", "week"]


def reviews(rows: int, flipped: float, seed: int = 0) -> tuple[pl.DataFrame, np.ndarray[Any, Any]]:
    """Texts with a clear label, and which labels were flipped."""
    random = np.random.default_rng(seed)
    good = random.random(rows) < 0.5
    texts = [
        " ".join([*random.choice(GOOD if g else BAD, 3), *random.choice(OTHER, 9), f"n{random.integers(10**6)}"])
        for g in good
    ]
    flip = random.random(rows) < flipped
    return pl.DataFrame({"review": texts, "y": np.where(good ^ flip, "up", "down")}), flip


def test_flipped_labels_are_listed(look: Any) -> None:
    table, flip = reviews(1500, 0.04)
    (found,) = look("label_noise", table, "y")
    assert found.severity == "warning"
    assert len(found.rows) == 20
    assert flip[list(found.rows)].mean() > 0.9
    assert 0.5 * flip.sum() <= found.details["count"] <= 1.3 * flip.sum()


def test_clean_labels_raise_no_alarm(look: Any) -> None:
    assert look("label_noise", reviews(1500, 0)[0], "y") == []
    random = np.random.default_rng(0)
    x = random.normal(0, 1, (300, 40))
    noisy = (x[:, 0] + random.normal(0, 1, 300) > 0).astype(int)
    table = pl.DataFrame({f"g{i}": x[:, i] for i in range(40)}).with_columns(pl.Series("y", noisy))
    assert look("label_noise", table, "y") == []


def test_equal_inputs_with_different_labels(look: Any) -> None:
    table, _ = reviews(300, 0)
    twins = table[4:7].with_columns(
        pl.when(pl.col("y") == "up").then(pl.lit("down")).otherwise(pl.lit("up")).alias("y")
    )
    twins = twins.with_columns(pl.col("review").str.to_uppercase())
    found = look("label_noise", pl.concat([table, twins]), "y")
    equal = next(f for f in found if f.title == "Equal rows, different labels")
    assert equal.details["count"] == 6
    assert set(equal.rows) == {4, 300, 5, 301, 6, 302}


def test_where_it_cannot_look(look: Any) -> None:
    with pytest.raises(NotApplicable):
        look("label_noise", {"a": range(30), "y": ["k", "l"] * 15}, "y", overrides={"a": "number"})
    with pytest.raises(NotApplicable):
        look("label_noise", {"a": range(300), "y": [i / 7 for i in range(300)]}, "y", overrides={"a": "number"})
