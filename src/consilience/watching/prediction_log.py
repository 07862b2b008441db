"""What a served model said, row by row: written by a thread of its own, never in a request's way.

SQLite by default (write-ahead log, every transaction synced), any SQLAlchemy address besides. What was handed over and
flushed is on the disk; at the end of the server everything is flushed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, final

from consilience.core.errors import InputError, MissingExtraError
from consilience.watching import audit
from consilience.watching.inputs import Row, Summaries, full_row

log = logging.getLogger("consilience.watching")

BATCH = 500
"""Rows of one transaction at most."""
WAITING = 100_000
"""Entries that may wait; beyond, the caller waits: nothing is dropped."""
WAITS = (0.05, 0.5, 2.0)
"""Seconds before each new attempt to write: a busy or absent database may come back."""
RETAIN_EVERY = 3600.0
"""Seconds between looks for rows that are too old."""

Keep = Literal["summary", "full"]
Audits = Mapping[str, Path]
NOTHING: Audits = MappingProxyType({})


class Entry(NamedTuple):
    """One request: its rows and answers, as the server has them; unpacked in the writer's thread."""

    model: str
    version: str
    columns: Mapping[str, str]
    rows: Sequence[Row]
    answers: Sequence[Mapping[str, Any]]
    seconds: float
    time: datetime
    ids: Sequence[str]


@final
class PredictionLog:
    """Args: url: of SQLAlchemy ("sqlite:///log.db"), or a file for SQLite. keep: of each input a summary, or all of it.
    retain_days: rows older than this are deleted; None = kept. audits: model → audit file, which gets a digest of every
    transaction.

    Raises:
        MissingExtraError: when SQLAlchemy is not installed.
        InputError: when the database cannot be opened.
    """

    def __init__(
        self, url: str, keep: Keep = "summary", retain_days: float | None = None, audits: Audits = NOTHING
    ) -> None:
        self.engine = open_engine(url)
        self._read = full_row if keep == "full" else Summaries().read
        self._retain, self._audits = retain_days, audits
        self.lost = 0
        self._queue: queue.Queue[Entry | threading.Event | None] = queue.Queue(WAITING)
        self._writer = threading.Thread(target=self._run, name="prediction-log", daemon=True)
        self._writer.start()

    def record(
        self,
        model: tuple[str, str],
        columns: Mapping[str, str],
        rows: Sequence[Row],
        answers: Sequence[Mapping[str, Any]],
        seconds: float,
    ) -> list[str]:
        """Hand one answered request over; returns the ids of its rows.

        Args:
            model: name and version. columns: column → modality. rows: every column's cell, media as bytes.
            answers: as `serving.hosted` makes them.
        """
        ids = [uuid.uuid4().hex for _ in rows]
        self._queue.put(Entry(*model, columns, rows, answers, seconds, datetime.now(UTC), ids))
        return ids

    def flush(self) -> None:
        """Wait until everything handed over is on the disk.

        Raises:
            InputError: when anything since the start could not be written.
        """
        done = threading.Event()
        self._queue.put(done)
        done.wait()
        if self.lost:
            raise InputError(f"{self.lost} rows or audit lines could not be written; the program's log says why")

    def close(self) -> None:
        """Write what waits and stop."""
        self._queue.put(None)
        self._writer.join()
        self.engine.dispose()

    def _run(self) -> None:
        last = 0.0
        while True:
            entries, others = self._take()
            self._write(entries)
            if self._retain is not None and time.monotonic() - last > RETAIN_EVERY:
                forget(self.engine, datetime.now(UTC) - timedelta(days=self._retain))
                last = time.monotonic()
            for other in others:
                if other is None:
                    return
                other.set()

    def _take(self) -> tuple[list[Entry], list[threading.Event | None]]:
        """What waits, up to a transaction's size, and the signals behind it."""
        first = self._queue.get()
        entries: list[Entry] = []
        while isinstance(first, Entry):
            entries.append(first)
            if sum(len(e.ids) for e in entries) >= BATCH or self._queue.empty():
                return entries, []
            first = self._queue.get()
        return entries, [first]

    def _write(self, entries: Iterable[Entry]) -> None:
        rows = [row for entry in entries for row in _rows(entry, self._read)]
        if not rows:
            return
        from sqlalchemy.exc import SQLAlchemyError

        from consilience.watching.tables import predictions

        for wait in (*WAITS, None):
            try:
                with self.engine.begin() as connection:
                    connection.execute(predictions.insert(), rows)
            except SQLAlchemyError as error:
                if wait is None:
                    self._lose(len(rows), error)
                    return
                time.sleep(wait)
            else:
                self._note(rows)
                return

    def _lose(self, number: int, error: Exception) -> None:
        """Count and tell what could not be written; the thread goes on."""
        self.lost += number
        log.error("the prediction log lost %d rows or audit lines", number, exc_info=error)

    def _note(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """What was written, as one line in the audit of each model."""
        for model, path in self._audits.items():
            own = [[row["id"], row["prediction"]] for row in rows if row["model"] == model]
            if own:
                digest = hashlib.sha256(json.dumps(own).encode()).hexdigest()
                try:
                    audit.append(path, "predict", {"model": model, "rows": len(own), "digest": digest})
                except (OSError, InputError) as error:
                    self._lose(1, error)


def open_engine(url: str) -> Any:
    """The database with its tables.

    Raises:
        MissingExtraError: when SQLAlchemy is not installed. InputError: when it cannot be opened.
    """
    try:
        import sqlalchemy
    except ImportError:
        raise MissingExtraError("sqlalchemy", "serve", "The prediction log") from None
    from consilience.watching.tables import metadata

    address = url if "://" in url else f"sqlite:///{url}"
    try:
        engine = sqlalchemy.create_engine(address, json_serializer=_json)
        if engine.dialect.name == "sqlite":
            sqlalchemy.event.listen(engine, "connect", _durable)
        metadata.create_all(engine)
    except (sqlalchemy.exc.SQLAlchemyError, ImportError) as error:
        raise InputError(f"cannot be opened: {str(error).splitlines()[0]}", where=url) from None
    return engine


def _json(value: Any) -> str:
    """As the standard library writes it, in a tenth of the time: a log writes some thousand values a second."""
    import orjson

    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def _durable(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=10000")


def forget(engine: Any, before: datetime) -> int:
    """Delete predictions made before a moment; returns how many."""
    from consilience.watching.tables import predictions

    with engine.begin() as connection:
        return int(connection.execute(predictions.delete().where(predictions.c.time < before)).rowcount)


def _rows(entry: Entry, read: Callable[[Row, Mapping[str, str]], dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "id": entry.ids[number],
            "time": entry.time,
            "model": entry.model,
            "version": entry.version,
            "inputs": read(row, entry.columns),
            "prediction": str(answer["prediction"]),
            "probabilities": answer.get("probabilities"),
            "given": answer["given"],
            "milliseconds": 1e3 * entry.seconds,
        }
        for number, (row, answer) in enumerate(zip(entry.rows, entry.answers, strict=True))
    ]
