"""Is the exported bundle the trained model? Both predict the same rows; a difference that matters stops the export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from consilience.artifacts.bundle import Bundle, Opinion, raw_outputs
from consilience.artifacts.network import Said
from consilience.artifacts.rules import subsets
from consilience.core.errors import ConsilienceError
from consilience.data.forecast_layout import layout_of
from consilience.data.table import Table
from consilience.deployment.proof_texts import NotWrittenError, compare_texts

Array = np.ndarray[Any, Any]

TOLERANCE = 1e-4
"""Largest difference of a probability; of a value, in standard deviations of the training rows' target."""
BATCHES = (1, 7, 64)
REPEATED = 50
"""How often a text is repeated to make it a long input."""


class Case(NamedTuple):
    """Rows that both models predict, with some groups hidden."""

    name: str
    table: Table
    hidden: frozenset[str]


class NotEqualError(ConsilienceError):
    """The exported model does not say what the trained one says."""


def prove(live: Bundle, exported: Bundle, table: Table) -> dict[str, Any]:
    """The largest differences of prediction, of each group alone and of presence, case by case.

    Cases: every pattern of absent groups (single ones and leave-one-out beyond five groups), batches of 1, 7 and 64
    rows, texts repeated to fifty times their length, rows in which every cell is missing.

    Of texts the logits of the next sub-word are compared after the same beginnings, and the texts of a greedy search.

    Boxes are compared before the best are picked: the scores and corners (shares of the image) of every position.

    Returns:
        {"tolerance", "largest", "rows", "cases": [{"name", "rows", "hidden", "difference"}]}.
    Raises:
        NotEqualError: when a difference is above the tolerance; names the case.
    """
    found: list[dict[str, Any]] = []
    for case in _cases(live, table):
        if live.task.kind == "text":
            found.append(_text_case(live, exported, case))
            continue
        difference = (
            _raw_difference(raw_outputs(live, case.table, case.hidden), raw_outputs(exported, case.table, case.hidden))
            if live.task.kind == "boxes"
            else _difference(live, _predict(live, case), _predict(exported, case))
        )
        _check(difference, case)
        found.append(
            {"name": case.name, "rows": case.table.rows, "hidden": sorted(case.hidden), "difference": difference}
        )
    return {
        "tolerance": TOLERANCE,
        "largest": max(f["difference"] for f in found),
        "rows": table.rows,
        "cases": found,
    }


def _check(difference: float, case: Case) -> None:
    """
    Raises:
        NotEqualError: when a difference is above the tolerance, or no number; names the case.
    """
    if not difference <= TOLERANCE:  # NaN is no proof either
        raise NotEqualError(
            f"the exported model differs from the trained one by {difference:.2g} ({case.name}; the limit is "
            f"{TOLERANCE:g}): nothing was exported"
        )


def _text_case(live: Bundle, exported: Bundle, case: Case) -> dict[str, Any]:
    """Texts: the difference is that of logits; greedy texts are the same but for ties.

    Raises:
        NotEqualError: when they are not; names the case.
    """
    try:
        found = compare_texts(live, exported, case.table, case.hidden)
    except NotWrittenError as error:
        raise NotEqualError(f"{error} ({case.name}): nothing was exported") from None
    _check(found.difference, case)
    facts = {"name": case.name, "rows": case.table.rows, "hidden": sorted(case.hidden), "difference": found.difference}
    return {**facts, "same_texts": found.texts - found.ties, "ties": found.ties}


def prove_all(live: Bundle, exported: Bundle, table: Table) -> dict[str, Any]:
    """`prove` of the bundle, of several targets of each with its references and rules: "<target>: <case>".

    Raises:
        NotEqualError: as `prove`; names the target.
    """
    if not live.views:
        return prove(live, exported, table)
    cases: list[dict[str, Any]] = []
    for target, view in live.views.items():
        try:
            found = prove(view, exported.views[target], table)
        except NotEqualError as error:
            raise NotEqualError(f"target {target!r}: {error}") from None
        cases += [{**case, "name": f"{target}: {case['name']}", "target": target} for case in found["cases"]]
    return {
        "tolerance": TOLERANCE,
        "largest": max(case["difference"] for case in cases),
        "rows": table.rows,
        "cases": cases,
    }


def _cases(bundle: Bundle, table: Table) -> Iterator[Case]:
    few = table.take(np.arange(min(table.rows, BATCHES[-1])))
    groups = frozenset(bundle.groups)
    for shown in subsets(bundle.groups):
        hidden = groups - set(shown)
        yield Case(f"only {', '.join(shown)}" if hidden else "complete", few, hidden)
    for size in BATCHES:
        rows = np.resize(np.arange(table.rows), size)
        yield Case(f"batch of {size}", table.take(rows), frozenset())
    if bundle.text_columns:
        yield Case("long texts", _longer(bundle, few), frozenset())
    yield Case("nothing given", _empty(few), frozenset())


def _longer(bundle: Bundle, table: Table) -> Table:
    texts = [
        pl.concat_str([pl.col(c).cast(pl.String)] * REPEATED, separator=" ").alias(c)
        for c in bundle.text_columns
        if c in table.frame.columns
    ]
    return replace(table, frame=table.frame.with_columns(texts))


def _empty(table: Table) -> Table:
    return replace(
        table, frame=table.frame.with_columns(pl.lit(None, dtype=t).alias(c) for c, t in table.frame.schema.items())
    )


def _predict(bundle: Bundle, case: Case) -> Opinion:
    """The first chunk: cases are small."""
    return next(bundle.opinions(case.table, case.hidden))[0]


def _raw_difference(a: list[Said], b: list[Said]) -> float:
    """Largest absolute difference of raw outputs, network by network; 1 where presence differs."""
    if not all(np.array_equal(x.has, y.has) for x, y in zip(a, b, strict=True)):
        return 1.0
    return max(float(np.abs(x.logits - y.logits).max(initial=0.0)) for x, y in zip(a, b, strict=True))


def _difference(bundle: Bundle, a: Opinion, b: Opinion) -> float:
    """Largest absolute difference; 1 where the two do not agree on which groups a row has."""
    if not np.array_equal(a.has, b.has):
        return 1.0
    scale = _unit(bundle)
    pairs = [(a.final, b.final), *((a.alone[g], b.alone[g]) for g in a.alone), *zip(a.members, b.members, strict=True)]
    return max(float((np.abs(x - y) / scale).max(initial=0.0)) for x, y in pairs)


def _unit(bundle: Bundle) -> Array:
    """What a difference of predictions is counted in: 1, or standard deviations of the training rows' target."""
    if bundle.task.kind == "forecast":
        layout = layout_of(bundle.task.kind)
        return np.tile(np.repeat(layout.sd, 1 + len(layout.levels)), layout.horizon)
    return np.array(float(bundle.facts["task"].get("scale", 1.0)) if bundle.task.kind == "regression" else 1.0)
