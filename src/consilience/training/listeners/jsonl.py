"""Events as JSON Lines in the run folder: append-only, one flushed line an event."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from consilience.core.errors import InputError
from consilience.core.events import Event
from consilience.core.files import finite


class JsonLines:
    """A listener that appends every event to `path`, with "time" (seconds since 1970) added.

    A line that an earlier process was killed in is cut off first: it was never a whole event.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _cut_torn_line(path)
        self._file = path.open("a", encoding="utf-8", newline="\n")

    def __call__(self, event: Event) -> None:
        line = json.dumps({**finite(event), "time": round(time.time(), 3)}, ensure_ascii=False, allow_nan=False)
        self._file.write(line + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _cut_torn_line(path: Path) -> None:
    if not path.exists():
        return
    with path.open("r+b") as file:
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            file.truncate(whole)


def read_events(path: Path) -> list[Event]:
    """Every whole event of the file, oldest first; [] when there is no file.

    Raises:
        InputError: when a line other than a torn last one is not an event.
    """
    if not path.exists():
        return []
    *whole, _torn = path.read_bytes().split(b"\n")
    events: list[Event] = []
    for number, line in enumerate(whole, 1):
        try:
            event = json.loads(line)
        except ValueError:  # UnicodeDecodeError and JSONDecodeError
            event = None
        if not isinstance(event, dict) or "event" not in event:
            raise InputError("not an event", where=f"{path}, line {number}", fix="The file was changed by hand")
        events.append(event)
    return events
