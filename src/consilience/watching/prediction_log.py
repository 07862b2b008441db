"""What a served model said, row by row: written by a thread of its own, never in a request's way.

SQLite by default (write-ahead log, every transaction synced), any SQLAlchemy address besides. An entry is acknowledged
when the transaction that holds it is committed and its audit line written: `written` counts those rows, and whoever
handed it over can be told. At the end of the server everything is flushed; a killed process loses what was not yet
acknowledged.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import queue
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, final

from consilience.artifacts.decoded import as_line
from consilience.core.errors import InputError, MissingExtraError
from consilience.watching import audit
from consilience.watching.inputs import Row, Summaries, full_row

log = logging.getLogger("consilience.watching")

BATCH = 500
"""Rows of one transaction at most."""
WAITING = 100_000
"""Entries that may wait; beyond, the caller waits: nothing is dropped."""
LINGER = 0.1
"""Seconds that the first entry waits for others, where no one waits for it: a transaction costs as much as 50 rows."""
WAITS = (0.05, 0.5, 2.0)
"""Seconds before each new attempt to write: a busy or absent database may come back."""
RETAIN_EVERY = 3600.0
"""Seconds between looks for rows that are too old."""

Keep = Literal["summary", "full"]
Audits = Callable[[str, str], Path | None]
"""Model and version → audit file."""
Wrote = Callable[[Sequence["Entry"], bool], None]
"""Told in the writer's thread what became of the entries of a transaction."""
Told = Callable[[bool], None]
"""Told in the writer's thread that an entry is on the disk, or (False) that it could not be written."""


def no_audit(model: str, version: str) -> Path | None:
    """Nothing is audited."""


def untold(entries: Sequence[Entry], sound: bool) -> None:
    """Nobody asks."""


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
    told: Told | None


@final
class PredictionLog:
    """Args: url: of SQLAlchemy ("sqlite:///log.db"), or a file for SQLite. keep: of each input a summary, or all of it.
    retain_days: rows older than this are deleted; None = kept. audits: the file of a model and version, which gets a
    digest of every transaction. wrote: told of every transaction.

    Attributes: written: rows that are on the disk. lost: rows and audit lines that could not be written.

    Raises:
        MissingExtraError: when SQLAlchemy is not installed.
        InputError: when the database cannot be opened.
    """

    def __init__(
        self,
        url: str,
        keep: Keep = "summary",
        retain_days: float | None = None,
        audits: Audits = no_audit,
        wrote: Wrote = untold,
    ) -> None:
        self.engine = open_engine(url)
        self._wrote = wrote
        self._read = full_row if keep == "full" else Summaries().read
        self._retain, self._audits = retain_days, audits
        self.written, self.lost = 0, 0
        self._queue: queue.Queue[Entry | threading.Event | None] = queue.Queue(WAITING)
        self._hurry = threading.Event()
        self._writer = threading.Thread(target=self._run, name="prediction-log", daemon=True)
        self._writer.start()

    def put(self, entry: Entry) -> None:
        """Hand one answered request over."""
        self._queue.put(entry)

    def flush(self) -> None:
        """Wait until everything handed over is on the disk.

        Raises:
            InputError: when anything since the start could not be written.
        """
        done = threading.Event()
        self._queue.put(done)
        self._hurry.set()
        done.wait()
        if self.lost:
            raise InputError(f"{self.lost} rows or audit lines could not be written; the program's log says why")

    @property
    def waiting(self) -> int:
        """Requests that wait to be written."""
        return self._queue.qsize()

    def close(self) -> None:
        """Write what waits and stop."""
        self._queue.put(None)
        self._hurry.set()
        self._writer.join()
        self.engine.dispose()

    def _run(self) -> None:
        last = 0.0
        while True:
            entries, others = self._take()
            try:
                sound = self._write(entries)
            except Exception as error:  # whatever a cell does to its summary: without its writer the log is deaf
                self._lose(sum(len(e.ids) for e in entries), error)
                sound = False
            for entry in entries:
                if entry.told is not None:
                    entry.told(sound)
            if entries:
                self._wrote(entries, sound)
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
        if isinstance(first, Entry) and first.told is None:
            self._hurry.wait(LINGER)
            self._hurry.clear()
        entries: list[Entry] = []
        rows = 0
        while isinstance(first, Entry):
            entries.append(first)
            rows += len(first.ids)
            if rows >= BATCH or self._queue.empty():
                return entries, []
            first = self._queue.get()
        return entries, [first]

    def _write(self, entries: Sequence[Entry]) -> bool:
        """Whether all of it is on the disk."""
        rows = [row for entry in entries for row in _rows(entry, self._read)]
        embedded = [row for entry in entries for row in _embedded(entry)]
        if not rows:
            return True
        from sqlalchemy.exc import SQLAlchemyError

        from consilience.watching.tables import embeddings, predictions

        for wait in (*WAITS, None):
            try:
                with self.engine.begin() as connection:
                    connection.execute(predictions.insert(), rows)
                    if embedded:
                        connection.execute(embeddings.insert(), embedded)
            except SQLAlchemyError as error:
                if wait is None:
                    self._lose(len(rows), error)
                    return False
                time.sleep(wait)
            else:
                self.written += len(rows)
                return self._note(rows)
        return False

    def _lose(self, number: int, error: Exception) -> None:
        """Count and tell what could not be written; the thread goes on."""
        self.lost += number
        log.error("the prediction log lost %d rows or audit lines", number, exc_info=error)

    def _note(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """What was written, as one line in the audit of each model; whether all of them were written."""
        own: dict[tuple[str, str], list[list[str]]] = {}
        for row in rows:
            own.setdefault((row["model"], row["version"]), []).append([row["id"], row["prediction"]])
        sound = True
        for model, said in own.items():
            path = self._audits(*model)
            if path is None:
                continue
            digest = hashlib.sha256(json.dumps(said).encode()).hexdigest()
            try:
                facts = {"model": model[0], "version": model[1], "rows": len(said), "digest": digest}
                audit.append(path, "predict", facts)
            except (OSError, InputError) as error:
                self._lose(1, error)
                sound = False
        return sound


class Log(Protocol):
    """What answered requests are handed to."""

    def put(self, entry: Entry) -> None: ...


def record(
    log: Log,
    model: tuple[str, str],
    columns: Mapping[str, str],
    rows: Sequence[Row],
    answers: Sequence[Mapping[str, Any]],
    seconds: float,
    told: Told | None = None,
) -> list[str]:
    """Hand one answered request over; returns the ids of its rows.

    Args:
        model: name and version. columns: column → modality. rows: every column's cell, media as bytes.
        answers: as `serving.hosted` makes them, "embedded" among them. told: called once, when the entry is
            acknowledged or lost.
    """
    now = datetime.now(UTC)
    ids = [new_id(now) for _ in rows]
    log.put(Entry(*model, columns, rows, answers, seconds, now, ids, told))
    return ids


def new_id(now: datetime) -> str:
    """32 hexadecimal digits, UUID version 7 (RFC 9562): names of one time lie together in the table's index, where
    random ones would touch a page each."""
    chance = int.from_bytes(os.urandom(10))
    upper = int(now.timestamp() * 1000) << 16 | 7 << 12 | chance >> 68
    return f"{upper << 64 | 0b10 << 62 | chance & (1 << 62) - 1:032x}"


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
    if address.startswith("postgresql://"):
        address = address.replace("://", "+psycopg://", 1)  # the driver of the extra
    try:
        engine = sqlalchemy.create_engine(address, json_serializer=_json)
        if engine.dialect.name == "sqlite":
            sqlalchemy.event.listen(engine, "connect", _durable)
        metadata.create_all(engine)
    except ImportError as error:
        if "psycopg" in str(error.name):
            raise MissingExtraError("psycopg", "postgres", "A log in PostgreSQL") from None
        raise InputError(f"cannot be opened: {error}", where=shown(url)) from None
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise InputError(f"cannot be opened: {str(error).splitlines()[0]}", where=shown(url)) from None
    return engine


def shown(url: str) -> str:
    """The address without its password, for messages.

    Example:
        >>> shown("postgresql://me:secret@host/log")
        'postgresql://me:***@host/log'
    """
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", url)


def _json(value: Any) -> str:
    """As the standard library writes it, in a tenth of the time: a log writes some thousand values a second. Numbers
    that are not finite become null: PostgreSQL refuses them."""
    import orjson

    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def _durable(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=10000")


def forget(engine: Any, before: datetime) -> int:
    """Delete predictions made before a moment; returns how many."""
    from sqlalchemy import select

    from consilience.watching.tables import embeddings, predictions

    old = select(predictions.c.id).where(predictions.c.time < before)
    with engine.begin() as connection:
        connection.execute(embeddings.delete().where(embeddings.c.id.in_(old)))
        return int(connection.execute(predictions.delete().where(predictions.c.time < before)).rowcount)


def _embedded(entry: Entry) -> list[dict[str, Any]]:
    pairs = zip(entry.ids, entry.answers, strict=True)
    return [{"id": i, "embedded": answer["embedded"]} for i, answer in pairs if answer.get("embedded")]


def said_text(prediction: Any) -> str:
    """How a prediction stands in the log: as text, of several targets as JSON {target: text}."""
    if isinstance(prediction, Mapping):
        return json.dumps({target: as_line(value) for target, value in prediction.items()}, ensure_ascii=False)
    return as_line(prediction)


def _rows(entry: Entry, read: Callable[[Row, Mapping[str, str]], dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "id": entry.ids[number],
            "time": entry.time,
            "model": entry.model,
            "version": entry.version,
            "inputs": read(row, entry.columns),
            "prediction": said_text(answer["prediction"]),
            "probabilities": answer.get("probabilities"),
            "given": answer["given"],
            "milliseconds": 1e3 * entry.seconds,
        }
        for number, (row, answer) in enumerate(zip(entry.rows, entry.answers, strict=True))
    ]
