"""The process that writes a server's prediction log: `python -m consilience.watching.log_writer`, started by
`log_process.LogProcess`.

It reads frames from standard input: first its settings, then entries, or "flush". On standard output it says
what became of them. The end of its input, also where the server was killed, is the sign to write what has come and to
stop.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from consilience.core.errors import InputError
from consilience.watching.frames import read_frame, write_frame
from consilience.watching.prediction_log import Entry, PredictionLog


def main() -> None:
    given = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    said = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing that a library prints goes between the frames
    settings = read_frame(given)
    if settings is not None:
        write_all(settings, given, said)


def write_all(settings: Mapping[str, Any], given: BinaryIO, said: BinaryIO) -> None:
    """Write every entry that comes. settings: {"url", "keep", "retain_days"}."""
    talking = threading.Lock()

    def tell(**facts: Any) -> None:
        try:
            with talking:
                write_frame(said, {**facts, "written": log.written, "lost": log.lost})
        except BrokenPipeError:
            return  # the server is gone; what it handed over is written all the same

    def wrote(entries: Sequence[Entry], sound: bool) -> None:
        tell(entries=len(entries), sound=sound)

    audits: dict[tuple[str, str], Path] = {}
    log = PredictionLog(
        settings["url"], settings["keep"], settings["retain_days"], lambda *model: audits.get(model), wrote
    )
    tell(ready=True)
    while (frame := read_frame(given)) is not None:
        if frame == "flush":
            with suppress(InputError):  # told as "lost"
                log.flush()
            tell(flushed=True)
            continue
        *fields, hurry, audit = frame
        entry = Entry._make([*fields, _nobody if hurry else None])
        if audit is not None:
            audits[entry.model, entry.version] = Path(audit)
        log.put(entry._replace(time=datetime.fromisoformat(fields[6])))
    log.close()


def _nobody(sound: bool) -> None:
    """Who waits is told by the other process; the entry is only not to wait for company."""


if __name__ == "__main__":
    main()
