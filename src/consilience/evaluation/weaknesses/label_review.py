"""Labels that deserve a second look, among validation and test rows, and the table of them for a person."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from consilience.core.files import write_text
from consilience.data.wording import clipped
from consilience.evaluation.evidence import Evidence, Rows
from consilience.evaluation.sheets import csv_text
from consilience.evaluation.weaknesses.confident import find_label_errors, find_label_set_errors
from consilience.modalities.cells import as_text

Array = np.ndarray[Any, Any]

MOST = 200
"""Rows listed, the most suspected."""
LONGEST = 200
MOST_COLUMNS = 40
DOUBT = 0.5
"""By how much the model must hold another answer for likelier than the given one."""


class Pooled(NamedTuple):
    """Rows that no judged model trained on. of: (table, rows, position) of each."""

    target: Array
    probability: Array
    of: list[tuple[str, Rows, int]]


def suspects_of(evidence: Evidence) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Suspected labels as JSON (with the row's cells), and counts: looked, suspected, and expected by the model.

    Only labels that another beats by DOUBT count: an unsure model doubts half of all labels a little.
    """
    pooled = _pooled(evidence)
    names, counts = evidence.classes, {"looked": len(pooled.of)}
    if evidence.kind == "multilabel":
        given = pooled.target > 0.5
        rows, labels, margin = find_label_set_errors(given, pooled.probability)
        rows, labels = rows[margin <= -DOUBT], labels[margin <= -DOUBT]
        rare = np.minimum(pooled.probability, 1 - pooled.probability)
        counts |= {"suspected": len(rows), "expected": round(float(rare[rare <= (1 - DOUBT) / 2].sum()))}
        listed = [
            _label(pooled, int(r), names[k], int(k), bool(given[r, k])) for r, k in zip(rows, labels, strict=True)
        ]
        return listed[:MOST], counts
    given = pooled.target.argmax(1)
    found = find_label_errors(given, pooled.probability)
    sure_rows = int((found.margin <= -DOUBT).sum())  # most doubted first
    counts |= {"suspected": sure_rows, "expected": _expected(pooled.probability)}
    listed = []
    for row, suggested in zip(found.rows[:sure_rows][:MOST], found.suggested[:sure_rows][:MOST], strict=True):
        sure = pooled.probability[row]
        answers = {"given": names[given[row]], "suggested": names[suggested]}
        figures = {"given_confidence": float(sure[given[row]]), "suggested_confidence": float(sure[suggested])}
        listed.append({**_place(pooled, int(row)), **answers, **figures})
    return listed, counts


def _expected(probability: Array) -> int:
    """Rows that a model with honest probabilities would doubt so much though no label is wrong."""
    best = probability.max(1, keepdims=True)
    return round(float(probability[probability - best <= -DOUBT].sum()))


def _label(pooled: Pooled, row: int, name: str, place: int, given: bool) -> dict[str, Any]:
    sure = float(pooled.probability[row, place])
    yes, no = name, f"not {name}"
    answers = {"given": yes if given else no, "suggested": no if given else yes}
    figures = {"given_confidence": sure if given else 1 - sure, "suggested_confidence": 1 - sure if given else sure}
    return {**_place(pooled, row), **answers, **figures}


def _place(pooled: Pooled, row: int) -> dict[str, Any]:
    table, rows, position = pooled.of[row]
    columns = rows.frame.columns[:MOST_COLUMNS]  # of a table of a thousand genes nobody reads every cell
    cells = {name: as_text(rows.frame[name][position : position + 1])[0] for name in columns}
    short = {name: None if text is None else clipped(text, LONGEST) for name, text in cells.items()}
    return {"table": table, "row": int(rows.index[position]), "cells": short}


def _pooled(evidence: Evidence) -> Pooled:
    """Test rows, and validation rows where they are known, with a label."""
    judged = evidence.judged
    parts = [(test_table(evidence), evidence.test, judged.target, np.asarray(evidence.opinion.final), judged.weight)]
    chosen = evidence.chosen
    if chosen is not None and chosen.rows is not None:
        parts.append((chosen.table, chosen.rows, chosen.target, chosen.final, chosen.weight))
    kept = [np.flatnonzero(weight > 0) for *_, weight in parts]
    return Pooled(
        np.concatenate([target[k] for (_, _, target, _, _), k in zip(parts, kept, strict=True)]),
        np.concatenate([said[k] for (_, _, _, said, _), k in zip(parts, kept, strict=True)]).astype(np.float64),
        [(table, rows, int(i)) for (table, rows, *_), k in zip(parts, kept, strict=True) for i in k],
    )


def test_table(evidence: Evidence) -> str:
    """The table that the test rows stand in: the training table where they were cut from it."""
    same = evidence.train is not None and evidence.train.features is evidence.test.features
    return "train" if same else "test"


def label_review(result: Mapping[str, Any]) -> pl.DataFrame | None:
    """The table for `label_review.csv`: table, row (0 = the first), given and suggested label with the model's
    confidence in each, and the row's cells. None where no label is suspected or labels were not looked at.

    Args:
        result: of a run, with the "examples" of its analyses.
    """
    rows = ((result.get("errors") or {}).get("examples") or {}).get("review") or []
    if not rows:
        return None
    own = {"table", "row", "given", "suggested", "given_confidence", "suggested_confidence"}
    names = list(dict.fromkeys(name for row in rows for name in row["cells"]))
    called = {name: f"{name} (cell)" if name in own else name for name in names}
    columns: dict[str, Any] = {
        "table": [row["table"] for row in rows],
        "row": [row["row"] for row in rows],
        "given": [row["given"] for row in rows],
        "given_confidence": [row["given_confidence"] for row in rows],
        "suggested": [row["suggested"] for row in rows],
        "suggested_confidence": [row["suggested_confidence"] for row in rows],
    }
    for name in names:
        columns[called[name]] = pl.Series([row["cells"].get(name) for row in rows], dtype=pl.String)
    return pl.DataFrame(columns)


def write_label_review(result: Mapping[str, Any], folder: Path) -> None:
    """Leave `label_review.csv` in the run folder where labels are suspected; formulas are made inert."""
    review = label_review(result)
    if review is not None:
        rows = [list(row) for row in review.rows()]
        write_text(folder / "label_review.csv", csv_text(review.columns, rows))
