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

    pairs = zip(as_text(table.frame["id"]).to_list(), as_text(table.frame["label"]).to_list(), strict=True)
    given = {i: label for i, label in pairs if i is not None and label is not None}
    engine = open_engine(url)
    filed = 0
    with engine.begin() as connection:
        for start in range(0, len(given), 500):
            ids = list(given)[start : start + 500]
            known = set(connection.execute(select(predictions.c.id).where(predictions.c.id.in_(ids))).scalars())
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
