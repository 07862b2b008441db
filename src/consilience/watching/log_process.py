"""A prediction log that is written by a process of its own.

A thread that writes shares the interpreter's lock with the model: it took a quarter of a small model's throughput.
Here the server only hands rows and answers over.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple, final

from consilience.core.errors import InputError
from consilience.watching.frames import frame_of, read_frame
from consilience.watching.prediction_log import (
    WAITING,
    Audits,
    Entry,
    Keep,
    Told,
    no_audit,
    open_engine,
    shown,
)

log = logging.getLogger("consilience.watching")

MOST = 500
"""Entries that are handed over at once."""
LINGER = 0.05
"""Seconds between them where no one waits: waking the other process costs as much as ten entries."""
REST = 1.0
"""Seconds before the next process where one has died before it wrote anything."""


class _Handed(NamedTuple):
    """An entry as it is handed over: written at once, as what is kept while others are answered makes these slower."""

    frame: bytes
    rows: int
    told: Told | None


class _Flush(NamedTuple):
    done: threading.Event


class _End(NamedTuple):
    """Nothing comes behind it."""


@final
class LogProcess:
    """`PredictionLog` in a process of its own: the same arguments, methods and attributes.

    Where the process dies, what it had not acknowledged counts as lost (some of it may be written), which is logged;
    the next entries start another one.

    Raises:
        MissingExtraError, InputError: as `PredictionLog`.
    """

    def __init__(
        self, url: str, keep: Keep = "summary", retain_days: float | None = None, audits: Audits = no_audit
    ) -> None:
        open_engine(url).dispose()  # an address that cannot be opened is an error here and now
        self._settings = {"url": url, "keep": keep, "retain_days": retain_days}
        self._audits = audits
        self._before = (0, 0)  # written and lost by processes that died
        self.written = self._own = self._theirs = 0
        # a deque and two signals: the locks of a queue cost as much as all the rest of `record`
        self._queue: deque[_Handed | _Flush | _End] = deque()
        self._come, self._hurry = threading.Event(), threading.Event()
        self._sent: deque[_Handed] = deque()
        self._flushing: deque[_Flush] = deque()
        self._ready = threading.Event()
        self._start()
        self._ready.wait()
        if self._process.poll() is not None:
            raise InputError("the process that writes the log ended at once: it says why above", where=shown(url))
        self._sender = threading.Thread(target=self._send, name="prediction-log", daemon=True)
        self._sender.start()

    def put(self, entry: Entry) -> None:
        """Hand one answered request over."""
        audit = self._audits(entry.model, entry.version)
        try:
            frame = frame_of([*entry[:-1], entry.told is not None, audit])
        except TypeError as error:  # a cell that no JSON holds
            self._lose([_Handed(b"", len(entry.ids), entry.told)], error)
            return
        while len(self._queue) >= WAITING:  # nothing is dropped
            time.sleep(LINGER)
        self._queue.append(_Handed(frame, len(entry.ids), entry.told))
        if entry.told is not None:
            self._hurry.set()
        if not self._come.is_set():
            self._come.set()

    @property
    def lost(self) -> int:
        """Rows and audit lines that could not be written, or that nobody knows of."""
        return self._own + self._theirs

    @property
    def waiting(self) -> int:
        """Requests that are not on the disk yet."""
        return len(self._queue) + len(self._sent)

    def flush(self) -> None:
        """See `PredictionLog.flush`."""
        flush = _Flush(threading.Event())
        self._queue.append(flush)
        self._hurry.set()
        self._come.set()
        flush.done.wait()
        if self.lost:
            raise InputError(f"{self.lost} rows or audit lines could not be written; the program's log says why")

    def close(self) -> None:
        """Write what waits and stop."""
        self._queue.append(_End())
        self._hurry.set()
        self._come.set()
        self._sender.join()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "consilience.watching.log_writer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # what stops the server does not stop it: it ends when all is written
        )
        listener = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
        listener.start()
        self._listener = listener
        self._write(frame_of(self._settings))

    def _write(self, frames: bytes) -> None:
        """Where the process is gone, nothing is written; `_send` sees to it."""
        stream = self._process.stdin
        assert stream is not None
        with suppress(OSError):
            stream.write(frames)
            stream.flush()

    def _send(self) -> None:
        """Hand over what comes, until the end is wanted."""
        while True:
            self._come.wait()
            self._hurry.wait(LINGER)
            self._hurry.clear()
            self._come.clear()  # before the look: who dies after it is told of by its listener, which sets it again
            if self._process.poll() is not None:
                self._bury()
                if self.written == self._before[0]:
                    time.sleep(REST)  # it wrote nothing at all: the next one may not either
                self._before = (self.written, self._theirs)
                self._start()
            while self._queue and self._process.poll() is None:
                entries, other = self._take()
                self._sent.extend(entries)
                self._write(b"".join(entry.frame for entry in entries))
                if isinstance(other, _Flush):
                    self._flushing.append(other)
                    self._write(frame_of("flush"))
                elif isinstance(other, _End):
                    with suppress(OSError):  # it died
                        self._process.stdin.close()  # type: ignore[union-attr]
                    self._bury()
                    return

    def _take(self) -> tuple[list[_Handed], _Flush | _End | None]:
        """What waits, up to MOST, and what stands behind it."""
        entries: list[_Handed] = []
        while self._queue and len(entries) < MOST:
            first = self._queue.popleft()
            if not isinstance(first, _Handed):
                return entries, first
            entries.append(first)
        return entries, None

    def _bury(self) -> None:
        """Wait for the end of the process; what it has not acknowledged is lost."""
        self._process.wait()
        self._listener.join()
        entries = list(self._sent)
        self._sent.clear()
        if entries:
            self._lose(entries, RuntimeError(f"its process ended with {self._process.returncode}"))
        while self._flushing:
            self._flushing.popleft().done.set()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Hear what became of the entries; ends with the process."""
        assert process.stdout is not None
        before = self._before
        while (said := read_frame(process.stdout)) is not None:  # type: ignore[arg-type]
            self._ready.set()
            self.written, self._theirs = before[0] + said["written"], before[1] + said["lost"]
            for _ in range(said.get("entries", 0)):
                told = self._sent.popleft().told
                if told is not None:
                    told(said["sound"])
            if said.get("flushed"):
                self._flushing.popleft().done.set()
        process.stdout.close()
        process.wait()
        self._ready.set()
        self._come.set()

    def _lose(self, entries: Sequence[_Handed], error: Exception) -> None:
        number = sum(entry.rows for entry in entries)
        self._own += number
        log.error("the prediction log lost %d rows", number, exc_info=error)
        for entry in entries:
            if entry.told is not None:
                entry.told(False)
