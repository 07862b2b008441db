"""`consilience monitor`: what was asked of a model lately, beside what it was made for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.decoded import decoded
from consilience.artifacts.forecasts import windows_to_judge
from consilience.artifacts.manifest import version_of
from consilience.artifacts.run_folder import find_bundle
from consilience.artifacts.several import view_named
from consilience.artifacts.store import REFERENCE
from consilience.core.errors import InputError, nearest
from consilience.data.table import Table
from consilience.evaluation.intervals import with_intervals
from consilience.model import load
from consilience.watching import embedding
from consilience.watching.drift import FEWEST, LEVEL, Samples, find_drift
from consilience.watching.inputs import logged_row, summary_row
from consilience.watching.prediction_log import open_engine, shown
from consilience.watching.reference import (
    Reference,
    countable,
    has_groups,
    make_reference,
    summarise,
    summarise_predictions,
)

MOST_ROWS = 20_000
"""Latest rows of the log that are looked at."""


def monitor(
    path: Path,
    log: str | None = None,
    table: Table | None = None,
    days: float | None = None,
    reference: Table | None = None,
    model: str | None = None,
    target: str | None = None,
) -> dict[str, Any]:
    """Compare logged rows, or those of a table, with the bundle's reference.

    Args:
        log: address of the prediction log. table: rows in its place. days: only the last so many days of the log.
        model: name in the log, needed where it holds several.
        reference: rows that take the place of the bundle's own reference. target: of several the one whose predictions
        are looked at; inputs are the same for all.
    Returns:
        {"model", "rows", "from", "to", "alarms": [...], "looks": [...], "level", "performance", "missing", "columns",
        "predictions"}; the last two hold the summaries of "reference" and "now".
    Raises:
        InputError: when neither or both are given, nothing was logged, or the bundle holds no reference.
    """
    whole = load(path).bundle
    bundle = view_named(whole, target)
    if (log is None) == (table is None):
        raise InputError("rows come either from a log or from a table", fix="Give --log URL or --table TABLE")
    # a forecast watches windows: those of a table of steps are cut as they are to judge it
    table, reference = (None if t is None else windows_to_judge(bundle, t)[0] for t in (table, reference))
    kept = embedding.load(find_bundle(path))
    several = bundle.recipe.target if whole.views else None
    made = _reference(path, kept, several) if reference is None else make_reference(bundle, reference, kept or None)
    known, columns = made.summary, bundle.modalities
    rows = _of_target(read_log(str(log), days, model), several) if table is None else _predicted(bundle, table, made)
    now = summarise((logged_row(row["inputs"], columns) for row in rows), columns)
    predicted = summarise_predictions(
        countable(bundle, [r["prediction"] for r in rows]), [r["probabilities"] for r in rows]
    )
    version = None if table is not None else version_of(find_bundle(path))
    drift = find_drift(known, now, predicted, _vocabularies(bundle), _embeddings(bundle, made, rows, version))
    times = [row["time"] for row in rows if row.get("time")]
    return {
        "model": str(path),
        "rows": drift.rows,
        "enough": drift.rows >= FEWEST,
        "from": min(times).isoformat() if times else None,
        "to": max(times).isoformat() if times else None,
        "level": LEVEL,
        "alarms": [look._asdict() for look in drift.alarms],
        "looks": [look._asdict() for look in drift.looks],
        "missing": {c: [_share(known["columns"][c]), _share(now[c])] for c in columns if c in known["columns"]},
        "performance": _performance(bundle, rows, known),
        "columns": {"reference": known["columns"], "now": now},
        "predictions": {"reference": known["prediction"], "now": predicted},
    }


def _share(column: Mapping[str, Any]) -> float:
    return float(column["missing"] / max(column["rows"], 1))


def _of_target(rows: list[dict[str, Any]], target: str | None) -> list[dict[str, Any]]:
    """What the log says of one of several targets; the rows as they are where there is one only."""
    if target is None:
        return rows
    return [
        {
            **row,
            "prediction": json.loads(row["prediction"])[target],
            "probabilities": (row["probabilities"] or {}).get(target),
            "label": None if row["label"] is None else json.loads(row["label"]).get(target),
        }
        for row in rows
    ]


def _reference(path: Path, projections: embedding.Projections, target: str | None) -> Reference:
    """target: of several; None of a single one."""
    file = find_bundle(path) / REFERENCE
    if not file.is_file():
        raise InputError(
            "the model holds no reference to compare with",
            where=str(path),
            fix="Export it (consilience export RUN BUNDLE), or give rows: --reference TABLE",
        )
    summary = json.loads(file.read_text(encoding="utf-8"))
    return Reference(summary if target is None else summary["targets"][target], projections)


def _embeddings(
    bundle: Bundle, reference: Reference, rows: Sequence[Mapping[str, Any]], version: str | None
) -> Samples:
    """Both sides of each group. version: only rows that this version of the model answered: another's encoders see
    otherwise; None = all."""
    own = [r["embedded"] for r in rows if r["embedded"] and (version is None or r["version"] == version)]
    today = embedding.gathered(own)
    return {
        ", ".join(bundle.recipe.groups[g].columns): (projection.sample, today[g])
        for g, projection in reference.projections.items()
        if g in today
    }


def _vocabularies(bundle: Bundle) -> dict[str, list[str]]:
    return {
        column: facts["vocabulary"][place]
        for facts in bundle.facts["groups"].values()
        if facts["modality"] == "category"
        for place, column in enumerate(facts["columns"])
        if facts["separator"][place] is None
    }


def read_log(url: str, days: float | None, model: str | None) -> list[dict[str, Any]]:
    """The latest rows with their labels, where feedback came, and their embeddings, where they were kept.

    Args:
        days: only the last so many; None = all. model: name in the log, needed where it holds several.
    Returns:
        [{"id", "time", "model", "version", "inputs", "prediction", "probabilities", "given", "milliseconds", "label",
        "embedded"}], the latest first, MOST_ROWS at most.
    Raises:
        InputError: when the model is not named and there are several, or nothing was logged.
    """
    from sqlalchemy import select

    from consilience.watching.tables import embeddings, feedback, predictions

    joined = predictions.outerjoin(feedback, predictions.c.id == feedback.c.id)
    joined = joined.outerjoin(embeddings, predictions.c.id == embeddings.c.id)
    query = select(predictions, feedback.c.label, embeddings.c.embedded).select_from(joined)
    query = query.order_by(predictions.c.time.desc())
    if days is not None:
        query = query.where(predictions.c.time >= datetime.now(UTC) - timedelta(days=days))
    if model is not None:
        query = query.where(predictions.c.model == model)
    engine = open_engine(url)
    with engine.connect() as connection:
        names = list(connection.execute(select(predictions.c.model).distinct()).scalars())
        rows = [dict(row) for row in connection.execute(query.limit(MOST_ROWS)).mappings()]
    engine.dispose()
    if model is not None and model not in names:
        raise InputError(f"no predictions of a model {model!r}", where=shown(url), fix=nearest(model, names))
    if model is None and len(names) > 1:
        raise InputError(
            "several models were logged", where=shown(url), fix=f"Give --model: {', '.join(sorted(names))}"
        )
    if not rows:
        raise InputError("nothing was logged" + (f" in the last {days:g} days" if days else ""), where=shown(url))
    return rows


def _predicted(bundle: Bundle, table: Table, reference: Reference) -> list[dict[str, Any]]:
    adapted, _ = bundle.adapt(table)
    final, seen, columns = [], [], bundle.modalities
    for opinion, _ in bundle.opinions(table):
        final.append(opinion.final)
        seen += embedding.embedded(reference.projections, opinion.pooled, has_groups(bundle, opinion))
    said, shares = decoded(bundle.task, np.concatenate(final))
    target = bundle.recipe.target
    labels = table.frame[target].to_list() if target in table.frame.columns else [None] * table.rows
    return [
        {
            "inputs": summary_row(row, columns),
            "prediction": str(said[i]),
            "probabilities": shares[i],
            "label": None if labels[i] is None else str(labels[i]),
            "embedded": seen[i] if seen else None,
        }
        for i, row in enumerate(adapted.frame.iter_rows(named=True))
    ]


def _performance(bundle: Bundle, rows: Sequence[Mapping[str, Any]], known: Mapping[str, Any]) -> dict[str, Any]:
    """Measured on labelled rows, and estimated on all where the reference's accuracy is known.

    The estimate is the reference's accuracy moved by the change of mean confidence (Guillory et al. 2021, "Predicting
    with Confidence on Unseen Distributions", difference of confidences): honest only where the calibration still holds.
    """
    found: dict[str, Any] = {"labelled": 0, "measured": None, "estimated": None}
    confidence = [max(r["probabilities"].values()) for r in rows if r["probabilities"]]
    if known.get("accuracy") is not None and confidence and known["prediction"].get("confidence"):
        change = float(np.mean(confidence)) - float(np.mean(known["prediction"]["confidence"]))
        found["estimated"] = {"accuracy": float(np.clip(known["accuracy"] + change, 0, 1)), "was": known["accuracy"]}
    labelled = [r for r in rows if r.get("label") is not None]
    if not labelled or bundle.task.kind not in ("binary", "multiclass"):
        return found
    import polars as pl

    targets = bundle.task.encode(pl.Series("label", [r["label"] for r in labelled]))
    final = np.array([[r["probabilities"][str(c)] for c in bundle.facts["task"]["classes"]] for r in labelled])
    known_labels = targets.weight > 0
    if known_labels.any():
        metrics = with_intervals(bundle.task.kind, targets.target, targets.weight, final, bundle.recipe.seed)
        found |= {"labelled": int(known_labels.sum()), "measured": metrics}
    return found
