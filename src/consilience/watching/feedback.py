"""Labels that arrive later, filed beside the predictions that they judge."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from consilience.core.errors import InputError, nearest
from consilience.data.table import Table
from consilience.modalities.cells import as_text
from consilience.watching import audit
from consilience.watching.prediction_log import open_engine


def give_feedback(url: str, table: Table, audit_file: Path | None = None) -> dict[str, int]:
    """File the labels of a table with the columns "id" (of predictions) and "label"; a later label replaces an earlier.
    Of a model with several targets the table has a column "target" too: a row a label.

    Args:
        audit_file: gets a line with the number and a digest of the labels.
    Returns:
        {"filed", "unknown"}: rows whose id the log knows, and does not.
    Raises:
        InputError: when a column is missing.
    """
    for column in ("id", "label"):
        if column not in table.frame.columns:
            raise InputError(f"no column {column!r}", where=table.name, fix=nearest(column, table.frame.columns))
    from sqlalchemy import select

    from consilience.watching.tables import feedback, predictions

    given = _given(table)
    several = "target" in table.frame.columns
    engine = open_engine(url)
    filed = 0
    with engine.begin() as connection:
        for start in range(0, len(given), 500):
            ids = list(given)[start : start + 500]
            known = set(connection.execute(select(predictions.c.id).where(predictions.c.id.in_(ids))).scalars())
            if several:  # what was filed of other targets stays
                old = connection.execute(select(feedback.c.id, feedback.c.label).where(feedback.c.id.in_(known)))
                given |= {i: json.dumps({**json.loads(label), **json.loads(given[i])}) for i, label in old}
            connection.execute(feedback.delete().where(feedback.c.id.in_(known)))
            rows = [{"id": i, "time": datetime.now(UTC), "label": given[i]} for i in ids if i in known]
            if rows:
                connection.execute(feedback.insert(), rows)
            filed += len(rows)
    engine.dispose()
    if audit_file is not None:
        digest = hashlib.sha256(json.dumps(sorted(given.items())).encode()).hexdigest()
        audit.append(audit_file, "feedback", {"rows": filed, "digest": digest})
    return {"filed": filed, "unknown": len(given) - filed}


def _given(table: Table) -> dict[str, str]:
    """Id → label; where the table names targets, JSON {target: label}."""
    columns = [as_text(table.frame[name]).to_list() for name in ("id", "label")]
    if "target" not in table.frame.columns:
        return {i: label for i, label in zip(*columns, strict=True) if i is not None and label is not None}
    found: dict[str, dict[str, str]] = {}
    for i, label, target in zip(*columns, as_text(table.frame["target"]).to_list(), strict=True):
        if None not in (i, label, target):
            found.setdefault(i, {})[target] = label
    return {i: json.dumps(labels) for i, labels in found.items()}
