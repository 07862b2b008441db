"""What a model's rows looked like when it was exported: the side that drift is measured against."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from consilience.artifacts.bundle import Bundle, Opinion
from consilience.artifacts.decoded import decoded
from consilience.data.history import add_history
from consilience.data.table import Table
from consilience.watching import embedding
from consilience.watching.embedding import Array, Projection, Projections
from consilience.watching.figures.base import figures_of
from consilience.watching.inputs import LEFT_OUT, Row, figures, summary_row

ROWS = 2_000
"""Rows of the reference at most."""
VALUES = 500
"""Values of a figure that are kept, evenly spaced in their order: its quantiles."""
MOST_CATEGORIES = 1_000


class Reference(NamedTuple):
    """summary: plain JSON, see `make_reference`. projections: of the groups of media and texts, with the reference's
    rows; none where the model is not exported."""

    summary: dict[str, Any]
    projections: Projections


def summarise(rows: Iterable[Row], columns: Mapping[str, str]) -> dict[str, Any]:
    """Figures of rows that were summarised by `inputs.summary_row`, column by column.

    Returns:
        {column: {"modality", "rows", "missing", "figures": {name: sorted values}, "counts": {category: rows}}}; figures
        of numbers are {"value": …}; dates have none, as time goes on by itself.
    """
    table = [dict(row) for row in rows]
    return {c: _column([row.get(c) for row in table], modality) for c, modality in columns.items()}


def _column(cells: list[Any], modality: str) -> dict[str, Any]:
    present = [c for c in cells if c is not None and c != ""]
    found: dict[str, Any] = {"modality": modality, "rows": len(cells), "missing": len(cells) - len(present)}
    if modality == "number":
        return {**found, "figures": {"value": _sample([number for c in present if (number := _number(c)) is not None])}}
    if modality == "category":
        values, counts = np.unique([str(c) for c in present] or np.zeros(0, str), return_counts=True)
        order = np.argsort(-counts, kind="stable")[:MOST_CATEGORIES]
        return {**found, "counts": {str(values[i]): int(counts[i]) for i in order}}
    if figures_of(modality) is not None:
        looked = [c for c in present if c != LEFT_OUT]
        names = sorted({n for c in looked for n, v in c.items() if isinstance(v, float)})
        return {**found, "figures": {n: _sample([float(c.get(n, 0.0)) for c in looked]) for n in names}}
    return found


def _number(cell: Any) -> float | None:
    try:
        value = float(cell)
    except (TypeError, ValueError):
        return None
    return value if np.isfinite(value) else None


def _sample(values: list[float]) -> list[float]:
    """At most VALUES of the sorted values, evenly spaced."""
    ordered = np.sort(np.asarray(values, np.float64))
    if len(ordered) > VALUES:
        ordered = ordered[np.linspace(0, len(ordered) - 1, VALUES).round().astype(np.int64)]
    return [float(f"{v:.6g}") for v in ordered]


def summarise_predictions(
    predictions: Iterable[Any], probabilities: Iterable[Mapping[str, float] | None]
) -> dict[str, Any]:
    """{"counts": {class: rows}, "confidence": sorted largest probabilities}, {"value": sorted values} of numbers, or
    {"figures": {name: sorted values}} of texts, which come as figures (see `countable`)."""
    said, shares = list(predictions), [p for p in probabilities if p]
    if said and isinstance(said[0], Mapping):
        return {"rows": len(said), "figures": _column(said, "text")["figures"]}
    if not shares:
        return {"rows": len(said), "value": _sample([v for p in said if (v := _number(p)) is not None])}
    values, counts = np.unique([str(p) for p in said], return_counts=True)
    return {
        "rows": len(said),
        "counts": {str(v): int(n) for v, n in zip(values, counts, strict=True)},
        "confidence": _sample([max(p.values()) for p in shares]),
    }


def countable(bundle: Bundle, said: Iterable[Any]) -> list[Any]:
    """Predictions as drift is looked for in them: of lists of boxes (JSON) how many there are, of texts figures
    (length, words, letters …)."""
    if bundle.task.kind == "text":
        return [figures(str(text), "text") for text in said]
    if bundle.task.kind != "boxes":
        return list(said)
    return [len(json.loads(str(boxes))) for boxes in said]


def make_reference(bundle: Bundle, table: Table, projections: Projections | None = None) -> Reference:
    """The reference of a bundle from labelled or unlabelled rows that it was not trained on, up to 2,000.

    Args:
        projections: those that logged rows were projected by; learned from the rows when None.
    Returns:
        summary: {"rows", "columns": see `summarise`, "prediction": see `summarise_predictions`, "accuracy": share of
        right predictions where classes are predicted and labels known, else None}.
    """
    part = add_history(table, bundle.recipe.history)[0].spread(ROWS)
    columns = bundle.modalities
    adapted, _ = bundle.adapt(part)
    opinions = [opinion for opinion, _ in bundle.opinions(part)]
    final = np.concatenate([o.final for o in opinions])
    said, shares = decoded(bundle.task, final)
    said = countable(bundle, said)
    summary = {
        "rows": part.rows,
        "columns": summarise((summary_row(r, columns) for r in adapted.frame.iter_rows(named=True)), columns),
        "prediction": summarise_predictions(said, shares),
        "accuracy": _accuracy(bundle, part, final),
    }
    pooled, has = _all_pooled(bundle, opinions)
    if projections is None:
        return Reference(summary, embedding.learn(pooled, has))
    return Reference(summary, _sampled(projections, pooled, has))


def has_groups(bundle: Bundle, opinion: Opinion) -> dict[str, Array]:
    """group → bool [N], the rows that have it."""
    return {group: opinion.has[:, place] for place, group in enumerate(bundle.groups)}


def _all_pooled(bundle: Bundle, opinions: list[Opinion]) -> tuple[dict[str, Array], dict[str, Array]]:
    has = [has_groups(bundle, o) for o in opinions]
    pooled = {g: np.concatenate([o.pooled[g] for o in opinions]) for g in opinions[0].pooled}
    return pooled, {g: np.concatenate([h[g] for h in has]) for g in bundle.groups}


def _sampled(projections: Projections, pooled: dict[str, Array], has: dict[str, Array]) -> dict[str, Projection]:
    """The same projections with a sample of these rows."""
    found = embedding.gathered(embedding.embedded(projections, pooled, has))
    return {g: projections[g]._replace(sample=rows) for g, rows in found.items()}


def _accuracy(bundle: Bundle, table: Table, final: np.ndarray[Any, Any]) -> float | None:
    target = bundle.recipe.target
    if target not in table.frame.columns or bundle.task.kind not in ("binary", "multiclass"):
        return None
    targets = bundle.task.encode(table.frame[target])
    known = targets.weight > 0
    return float((final[known].argmax(1) == targets.target[known].argmax(1)).mean()) if known.any() else None
