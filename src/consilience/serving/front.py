"""Predictions of rows in JSON, answered before the application is asked.

A small model answers in a third of a millisecond: the application's middleware, its search through the routes and its
request and response objects cost as much again. The routes of `add_model` describe what is answered here.
"""

from __future__ import annotations

import asyncio
from typing import Any, final

import orjson

from consilience.serving.bodies import read_json, read_messages
from consilience.serving.fetching import fetched
from consilience.serving.hosted import Asked
from consilience.serving.house import House
from consilience.serving.past_rows import with_past
from consilience.serving.read_options import read_level, read_share, read_version
from consilience.serving.rows import read_rows

LARGE = 1 << 18
"""Bytes of a body."""
BEFORE, BEHIND = "/v1/models/", "/predict"


@final
class Front:
    """ASGI of POST /v1/models/NAME/predict; `takes` tells whether a request is one."""

    def __init__(self, house: House) -> None:
        self._house = house

    @staticmethod
    def takes(scope: Any) -> bool:
        return scope["type"] == "http" and scope["method"] == "POST" and _name(scope) != ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = await read_messages(scope["headers"], receive, self._house.settings)
        found = await predicted(self._house, _name(scope), body, scope.get("client"))
        data = orjson.dumps(found, option=orjson.OPT_SERIALIZE_NUMPY)
        headers = [(b"content-length", b"%d" % len(data)), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": data})


def _name(scope: Any) -> str:
    """The model of a request for predictions; "" for other requests, and where another server leads here under a path
    of its own."""
    path = scope["path"]
    if not path.startswith(BEFORE) or not path.endswith(BEHIND) or scope.get("root_path"):
        return ""
    name: str = path[len(BEFORE) : -len(BEHIND)]
    return "" if "/" in name else name


async def predicted(house: House, name: str, body: bytes, caller: Any = None) -> dict[str, Any]:
    """{"model", "version", "predictions"} for {"rows": [{column: value}], "level", "abstain", "explain", "version"}.

    Raises:
        RefusedError: when the body or a row cannot be taken, or there is no such model.
    """
    given = read_json(body)
    version = read_version(given.get("version"))
    hosted = house.of(name, version)
    columns = hosted.columns
    told = with_past(given.get("rows"), hosted.bundle, house.settings.max_rows)
    read = (await fetched(told, columns, house.settings), columns, house.settings)
    # much to read is read beside the loop, which answers others meanwhile; a thread costs a small request more
    rows = read_rows(*read) if len(body) < LARGE else await asyncio.to_thread(read_rows, *read)
    level, abstain = read_level(given.get("level")), read_share(given.get("abstain"), "abstain")
    explain = given.get("explain", False) is True
    answers = await house.answer(name, [Asked(row, level, explain, abstain) for row in rows], version, caller)
    return {"model": name, "version": answers.version, "predictions": answers.rows}
