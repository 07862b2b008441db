"""Plain values and bytes between two processes: JSON, with bytes beside it, so that a picture is not written as text.

A frame is two lengths (uint32, of the JSON and of all), the JSON {"value", "sizes"}, then the bytes one after another;
in the value they stand as {"\\0bytes": place}.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO

import orjson

HEAD = struct.Struct(">IQ")
MARK = "\0bytes"


def write_frame(stream: BinaryIO, value: Any) -> None:
    """
    Raises:
        TypeError: as `frame_of`; nothing is written then.
    """
    stream.write(frame_of(value))
    stream.flush()


def frame_of(value: Any) -> bytes:
    """
    Raises:
        TypeError: for a value that is neither JSON's, NumPy's, a time, a path nor bytes.
    """
    parts: list[bytes] = []

    def beside(found: Any) -> dict[str, int] | str:
        if isinstance(found, Path):
            return str(found)
        if not isinstance(found, (bytes, bytearray, memoryview)):
            raise TypeError(f"{type(found).__name__} goes into no frame")
        parts.append(bytes(found))
        return {MARK: len(parts) - 1}

    written = orjson.dumps(value, default=beside, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
    text = orjson.dumps({"value": orjson.Fragment(written), "sizes": [len(part) for part in parts]})
    return b"".join([HEAD.pack(len(text), len(text) + sum(map(len, parts))), text, *parts])


def read_frame(stream: BinaryIO) -> Any | None:
    """The next value; None at the end, and where the last frame was cut short."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    text, whole = HEAD.unpack(head)
    body = stream.read(whole)
    if len(body) < whole:
        return None
    found = orjson.loads(body[:text])
    parts, start = [], text
    for size in found["sizes"]:
        parts.append(body[start : start + size])
        start += size
    holder = [found["value"]]
    if parts:
        _fill(holder, parts)
    return holder[0]


def _fill(value: list[Any] | dict[str, Any], parts: list[bytes]) -> None:
    """Put the bytes where they are marked; in place, as an answer's numbers are many and none of them is one."""
    for key, each in enumerate(value) if isinstance(value, list) else value.items():
        if type(each) is dict and len(each) == 1 and MARK in each:
            value[key] = parts[each[MARK]]  # type: ignore[index]
        elif type(each) is dict or type(each) is list:
            _fill(each, parts)
