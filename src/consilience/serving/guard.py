"""Before and after every request: keys, safe headers, errors without internals. Plain ASGI, which costs little."""

from __future__ import annotations

import base64
import binascii
import logging
import secrets
from typing import Any, final

import orjson

from consilience.core.errors import ConsilienceError
from consilience.serving.house import House
from consilience.serving.keys import is_known
from consilience.serving.refused import RefusedError

log = logging.getLogger("consilience.serving")

OPEN = frozenset({"/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"})
"""Answered without a key: they tell nothing but whether the server stands."""
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
POLICY = b"default-src 'none'; img-src data: blob:; media-src data: blob:; connect-src 'self'; form-action 'self'"
WITH_POLICY = (*HEADERS, (b"content-security-policy", POLICY))


@final
class Guard:
    """ASGI around the application."""

    def __init__(self, app: Any, house: House) -> None:
        self._app, self._house = app, house

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_safely(message: Any) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = message["headers"]
                has_policy = any(name == b"content-security-policy" for name, _ in headers)
                message = {**message, "headers": [*headers, *(HEADERS if has_policy else WITH_POLICY)]}
                if message["status"] >= 400:
                    self._house.measures.errors.labels(str(message["status"])).inc()
            await send(message)

        try:
            self._check_key(scope)
            await self._app(scope, receive, send_safely)
        except Exception as error:  # the last place where anything can be caught: the caller learns a number only
            if begun:
                raise
            await _say(send_safely, *told(error))

    def _check_key(self, scope: Any) -> None:
        keys = self._house.settings.keys
        if not keys or scope["path"] in OPEN:
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-api-key") or _authorised(headers.get(b"authorization", b""))
        if not is_known(given.decode("latin-1") or None, keys):
            raise RefusedError(401, "a key is needed: X-API-Key, Authorization: Bearer, or the password of Basic")


def _authorised(header: bytes) -> bytes:
    """The key of an Authorization header: a bearer token, or the password that a browser asked a person for."""
    scheme, _, value = header.partition(b" ")
    if scheme.lower() != b"basic":
        return value if scheme.lower() == b"bearer" else b""
    try:
        return base64.b64decode(value, validate=True).partition(b":")[2]
    except binascii.Error:
        return b""


def told(error: Exception) -> tuple[int, dict[str, Any], list[tuple[bytes, bytes]]]:
    """Status, body and headers for an error; what was not meant for the caller is logged under a number."""
    if isinstance(error, RefusedError):
        wait = [(b"retry-after", str(error.retry).encode())] if error.retry else []
        wait += [(b"www-authenticate", b'Basic realm="Consilience"')] if error.status == 401 else []
        return error.status, {"error": error.message}, wait
    if isinstance(error, ConsilienceError):
        return 422, {"error": str(error)}, []
    number = secrets.token_hex(6)
    log.error("request %s failed", number, exc_info=error)
    return 500, {"error": f"the server failed; its log tells more under {number}"}, []


async def _say(send: Any, status: int, body: dict[str, Any], headers: list[tuple[bytes, bytes]]) -> None:
    data = orjson.dumps(body)
    kind = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*kind, *headers]})
    await send({"type": "http.response.body", "body": data})
