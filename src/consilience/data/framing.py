"""Messages between a process and its workers: a JSON object and a payload of bytes, both with their length
before them. Nothing is unpickled."""

from __future__ import annotations

import json
import struct
from typing import IO, Any

LENGTHS = struct.Struct("<QQ")


def send(stream: IO[bytes], message: dict[str, Any], payload: bytes | memoryview = b"") -> None:
    text = json.dumps(message).encode()
    stream.write(LENGTHS.pack(len(text), len(payload)) + text)
    stream.write(payload)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """The next message and its payload; None when the other side has closed the stream."""
    head = stream.read(LENGTHS.size)
    if len(head) < LENGTHS.size:
        return None
    length, size = LENGTHS.unpack(head)
    text, payload = stream.read(length), stream.read(size)
    if len(text) < length or len(payload) < size:
        return None
    message: dict[str, Any] = json.loads(text)
    return message, payload
