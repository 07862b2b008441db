"""Reading what a request carries, within limits: JSON, forms, tables."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
from starlette.requests import Request

from consilience.core.errors import ConsilienceError
from consilience.core.registry import get
from consilience.data.table import read_table
from consilience.serving.refused import RefusedError
from consilience.serving.settings import Settings

TABLES = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/x-ndjson": ".jsonl",
    "application/vnd.apache.parquet": ".parquet",
    "application/x-parquet": ".parquet",
}


async def read_body(request: Request, settings: Settings) -> bytes:
    """The whole body, counted while it arrives.

    Raises:
        RefusedError: 413 when it is longer than allowed, 408 when it arrives too slowly.
    """
    return await read_messages(request.scope["headers"], request.receive, settings)


async def read_messages(headers: Iterable[tuple[bytes, bytes]], receive: Any, settings: Settings) -> bytes:
    """`read_body` of a request that no object was made of. headers, receive: as ASGI has them."""
    limit = settings.max_body
    announced = next((value for name, value in headers if name == b"content-length"), b"0")
    if announced.isdigit() and int(announced) > limit:
        raise RefusedError(413, f"a request has {limit} bytes at most")
    try:
        async with asyncio.timeout(settings.deadline):
            return await _read(receive, limit)
    except TimeoutError:
        raise RefusedError(408, f"the request did not arrive within {settings.deadline:g} s") from None


async def _read(receive: Any, limit: int) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RefusedError(400, "the request ended before its body did")  # nobody is there to read it
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise RefusedError(413, f"a request has {limit} bytes at most")
        parts.append(part)
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def read_json(body: bytes) -> dict[str, Any]:
    """
    Raises:
        RefusedError: 422 when it is no JSON object.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RefusedError(422, f"not JSON: {error.msg} at character {error.pos}") from None
    if not isinstance(value, dict):
        raise RefusedError(422, "a JSON object is expected")
    return value


async def read_form(request: Request, columns: Mapping[str, str], settings: Settings) -> dict[str, Any]:
    """One row of a multipart form: fields are cells, files are media.

    Raises:
        RefusedError: for a body that is too long or no form.
    """
    from starlette.exceptions import HTTPException

    body = await read_body(request, settings)

    async def again() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        form = await Request(request.scope, again).form(max_files=len(columns) + 4, max_fields=len(columns) + 20)
    except HTTPException:
        raise RefusedError(422, "not a multipart form that can be read") from None
    row: dict[str, Any] = {}
    for name, value in form.items():
        row[name] = value if isinstance(value, str) else await value.read()
    for name, value in row.items():
        if name in columns and not get("modality", columns[name]).media and isinstance(value, bytes):
            raise RefusedError(422, f"column {name!r} is no file")
    return {name: None if value == "" else value for name, value in row.items()}


def read_table_rows(body: bytes, kind: str, columns: Mapping[str, str]) -> list[dict[str, Any]]:
    """Rows of a CSV, TSV, JSON Lines or Parquet body with the model's columns.

    Raises:
        RefusedError: 415 for another kind, 422 when it cannot be read.
    """
    kind = kind.split(";")[0].strip().lower()
    if kind not in TABLES:
        raise RefusedError(415, f"a table is one of {', '.join(TABLES)}; received {kind[:60]!r}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{TABLES[kind]}"
        path.write_bytes(body)
        try:
            frame = read_table(path).frame
            return frame.select([c for c in columns if c in frame.columns]).to_dicts()
        except ConsilienceError as error:
            raise RefusedError(422, str(error).replace(str(path), "table").replace(folder, "")) from None
