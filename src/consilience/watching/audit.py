"""An append-only record whose lines hold one another: no line can be edited, dropped or moved unseen.

Every line holds the SHA-256 of the line before it (a hash chain: Haber & Stornetta 1991, "How to Time-Stamp a Digital
Document"). The head file beside it holds the last line's number and hash, so that lines cut off the end are missed too.
Who can write both files can forge both: keep the head's hash elsewhere where that matters.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from consilience.core.errors import InputError, nearest
from consilience.core.files import write_text

KINDS = ("train", "export", "deploy", "predict", "feedback")
START = "0" * 64
"""What the first line holds in place of an earlier hash."""


class Verdict(NamedTuple):
    """sound: whether the chain holds. lines: sound lines from the start. problem: what is wrong, with its line."""

    sound: bool
    lines: int
    problem: str | None = None


def beside(folder: Path) -> Path:
    """The audit of a bundle lies beside it: nothing inside a bundle changes."""
    path = folder.resolve()
    return path.with_name(path.name + ".audit.jsonl")


def append(path: Path, kind: str, facts: Mapping[str, Any]) -> str:
    """Add a line and return its hash; it is on the disk when this returns. Safe among processes.

    A last line that a killed process left unfinished was never acknowledged: it is cut off first.

    Raises:
        InputError: for an unknown kind, or when the file's last whole line is no line of an audit.
    """
    if kind not in KINDS:
        raise InputError(f"no kind of audit line {kind!r}", fix=nearest(kind, KINDS))
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path), path.open("a+b") as file:
        last = _last_line(file, path)
        number, before = (last["number"] + 1, last["hash"]) if last else (1, START)
        line = {"number": number, "time": datetime.now(UTC).isoformat(), "kind": kind, "facts": dict(facts)}
        line |= {"before": before}
        line |= {"hash": _hash(line)}
        file.write(json.dumps(line, ensure_ascii=False, sort_keys=True).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
        write_text(_head(path), json.dumps({"number": number, "hash": line["hash"]}))
        return str(line["hash"])


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The lines, unverified.

    Raises:
        InputError: when there is no such file or a line is not JSON.
    """
    if not path.is_file():
        raise InputError("no such audit", where=str(path))
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                found = json.loads(line)
            except ValueError:
                raise InputError("not JSON", where=f"{path}, line {number}") from None
            yield found


def verify(path: Path) -> Verdict:
    """Whether every line is as it was written, in its place, and none is missing.

    A last line without its end is what a killed process leaves: it was never acknowledged and is no fault.

    Raises:
        InputError: when there is no such file.
    """
    if not path.is_file():
        raise InputError("no such audit", where=str(path))
    before, count = START, 0
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            if not text.endswith(b"\n"):
                break
            problem = _problem(text, number, before)
            if problem is not None:
                return Verdict(False, count, f"line {number}: {problem}")
            before, count = str(json.loads(text)["hash"]), number
    return _against_head(path, count, before)


def _problem(text: bytes, number: int, before: str) -> str | None:
    try:
        line = json.loads(text)
        said, held, place = line.pop("hash"), line["before"], line["number"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return "not a line of an audit"
    if place != number:
        return f"it is numbered {place}: a line was dropped, added or moved"
    if held != before:
        return "it does not follow the line before it"
    if said != _hash(line):
        return "its content was changed"
    return None


def _against_head(path: Path, count: int, last: str) -> Verdict:
    """The head may be one line behind, where a process was killed between the two writes; never ahead."""
    head = _head(path)
    if not head.is_file():
        return Verdict(count == 0, count, None if count == 0 else "the head file is missing")
    try:
        known = json.loads(head.read_text(encoding="utf-8"))
        number, digest = int(known["number"]), str(known["hash"])
    except (ValueError, KeyError, TypeError, UnicodeDecodeError):
        return Verdict(False, count, "the head file is damaged")
    if number > count:
        return Verdict(False, count, f"{number - count} lines at the end are missing")
    if number == count and digest != last:
        return Verdict(False, count, "the head file holds another hash than the last line")
    return Verdict(number >= count - 1, count, None if number >= count - 1 else "the head file is behind")


def _hash(line: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(line, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _head(path: Path) -> Path:
    return path.with_name(path.name + ".head")


def _last_line(file: Any, path: Path) -> dict[str, Any] | None:
    """The last whole line; anything behind it is cut off."""
    size = file.seek(0, os.SEEK_END)
    reach = 1 << 16
    while True:
        start = max(0, size - reach)
        file.seek(start)
        tail = file.read(size - start)
        end = tail.rfind(b"\n")
        begin = tail.rfind(b"\n", 0, end) if end > 0 else -1
        if begin >= 0 or start == 0:
            break
        reach *= 4
    if size and end + 1 < len(tail):
        file.truncate(start + end + 1)
        file.seek(0, os.SEEK_END)
    if end < 0:
        return None
    try:
        line = json.loads(tail[begin + 1 : end])
        return {"number": int(line["number"]), "hash": str(line["hash"])}
    except (ValueError, KeyError, TypeError):
        raise InputError("the last line is no line of an audit", where=str(path)) from None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer at a time, in whichever process."""
    with path.with_name(path.name + ".lock").open("a+b") as lock:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
            yield
            return
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
