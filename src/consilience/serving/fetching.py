"""Media that a request names by address: fetched only from below addresses that whoever runs the server has listed,
none by default, and within limits.

An address in a request makes the server ask others in its own name (server-side request forgery, OWASP Top 10:2021
A10). So the host is resolved once and the connection made to the very address that was checked; private and local
addresses count only where the list itself names them as numbers; a redirect must stay below the list.
"""

from __future__ import annotations

import asyncio
import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from consilience.core.errors import InputError
from consilience.core.registry import get
from consilience.serving.refused import RefusedError
from consilience.serving.settings import Settings

SCHEMES = {"http": 80, "https": 443}
SECONDS = 10.0
"""For one address, redirects included."""
REDIRECTS = 3
AT_ONCE = 8
BLOCK = 1 << 16
PLAIN = re.compile(r"[!-~]+")
"""Printable ASCII without blanks."""
CLIMBS = re.compile(r"(^|/)\.{1,2}(/|$)|\\|%2e|%2f|%5c", re.IGNORECASE)
"""What could leave the path that is written before it."""


class _Address(NamedTuple):
    """scheme, host and port as they are asked, path with its query, and the path alone."""

    scheme: str
    host: str
    port: int
    path: str
    target: str


class _FetchError(Exception):
    """Why an address was not fetched: said to the caller."""


def check_prefix(url: str) -> str:
    """The address as it is kept in `Settings.urls`.

    Raises:
        InputError: when it is no http or https address, or has a user, query or fragment.
    """
    try:
        address = _read(url)
    except _FetchError as error:
        raise InputError(str(error), where=f"--allow-url {url}", fix="https://host/prefix/") from None
    if address.target != address.path:
        raise InputError("a prefix has no query", where=f"--allow-url {url}", fix="https://host/prefix/")
    return url


async def fetched(rows: Any, columns: Mapping[str, str], settings: Settings) -> Any:
    """The rows with the content of listed addresses in place of them, as bytes; all else as it is, refused later where
    it is no file.

    Args:
        rows: of a request, unread. columns: column → modality.
    Raises:
        RefusedError: 422 naming row and column when an address is not listed or cannot be fetched, 413 when the files
            of one request are larger than a request may be.
    """
    if not settings.urls or not isinstance(rows, list):
        return rows
    media = [c for c, modality in columns.items() if get("modality", modality).media]
    wanted = [(n, c) for n, row in enumerate(rows) if isinstance(row, dict) for c in media if _is_url(row.get(c))]
    if not wanted:
        return rows
    if len(rows) > settings.max_rows:
        raise RefusedError(413, f"{len(rows)} rows in one request, the limit is {settings.max_rows}")
    files = await _all(wanted, rows, settings)
    rows = [dict(row) if isinstance(row, dict) else row for row in rows]
    for (number, column), data in files.items():
        rows[number][column] = data
    return rows


async def _all(
    wanted: Sequence[tuple[int, str]], rows: Sequence[Mapping[str, Any]], settings: Settings
) -> dict[tuple[int, str], bytes]:
    """All files; their total is bounded like a request's, whatever each of them says of itself."""
    slots, left = asyncio.Semaphore(AT_ONCE), settings.max_body
    found: dict[tuple[int, str], bytes] = {}

    async def one(number: int, column: str) -> None:
        nonlocal left
        async with slots:
            try:
                data = await asyncio.to_thread(_fetch, rows[number][column], settings.urls, left)
            except _FetchError as error:
                raise RefusedError(422, f"row {number}, column {column!r}: {error}") from None
        left -= len(data)
        if left < 0:
            raise RefusedError(413, f"the files of one request have {settings.max_body} bytes at most")
        found[number, column] = data

    tasks = [asyncio.ensure_future(one(number, column)) for number, column in wanted]
    try:
        async with asyncio.timeout(settings.deadline):
            await asyncio.gather(*tasks)
    except TimeoutError:
        raise RefusedError(422, f"the files could not be fetched within {settings.deadline:g} s") from None
    finally:
        for task in tasks:
            task.cancel()
    return found


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and value[:8].lower().startswith(("http://", "https://"))


def _fetch(url: str, allowed: Sequence[str], most: int) -> bytes:
    """
    Raises:
        _FetchError: when it is not listed, or no file comes.
    """
    until = time.monotonic() + SECONDS
    for _ in range(REDIRECTS + 1):
        address = _read(url)
        prefix = next((p for p in map(_read, allowed) if _below(address, p)), None)
        if prefix is None:
            raise _FetchError("the address is not on the list of this server")
        try:
            status, where, data = _ask(address, _numbers(address, prefix), until, most)
        except (OSError, http.client.HTTPException) as error:
            raise _FetchError(f"the address could not be fetched ({type(error).__name__})") from None
        if where is None and status == 200:
            return data
        if where is None:
            raise _FetchError(f"the address answered {status}")
        url = urljoin(url, where)
    raise _FetchError(f"more than {REDIRECTS} redirects")


def _read(url: str) -> _Address:
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _FetchError("not an address") from None
    scheme = parts.scheme.lower()
    if not PLAIN.fullmatch(url) or scheme not in SCHEMES or not parts.hostname:
        raise _FetchError("not an http or https address")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _FetchError("an address has no user and no fragment")
    path = parts.path or "/"
    if CLIMBS.search(path):
        raise _FetchError("the path of an address climbs")
    target = path + (f"?{parts.query}" if parts.query else "")
    return _Address(scheme, parts.hostname.lower().rstrip("."), port or SCHEMES[scheme], path, target)


def _below(address: _Address, prefix: _Address) -> bool:
    """The same host, and the prefix's path or one below it: `/media` lists `/media/a` and not `/media-of-others`."""
    folder = prefix.path.rstrip("/") + "/"
    return address[:3] == prefix[:3] and (address.path == prefix.path or address.path.startswith(folder))


def _numbers(address: _Address, prefix: _Address) -> tuple[Any, ...]:
    """The socket address to connect to: every address that the name stands for must be public, or listed as a number.

    Raises:
        _FetchError: when one of them is private.
    """
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    for *_, where in found:
        number = ipaddress.ip_address(str(where[0]).partition("%")[0])
        inner = getattr(number, "ipv4_mapped", None) or number
        if not inner.is_global and str(where[0]) != prefix.host:
            raise _FetchError("the address leads into a private network")
    return found[0]


def _ask(address: _Address, number: tuple[Any, ...], until: float, most: int) -> tuple[int, str | None, bytes]:
    """Status, where it redirects to, and the content."""
    family, kind, protocol, _, where = number
    with socket.socket(family, kind, protocol) as plain:
        plain.settimeout(_left(until))
        plain.connect(where)
        wrap = address.scheme == "https"
        raw = ssl.create_default_context().wrap_socket(plain, server_hostname=address.host) if wrap else plain
        connection = http.client.HTTPConnection(address.host, address.port)
        connection.sock = raw  # the very socket that was checked: the library would resolve the name again
        end = threading.Timer(_left(until), raw.shutdown, (socket.SHUT_RDWR,))  # a slow drip of headers ends too
        end.daemon = True
        end.start()
        try:
            connection.request(
                "GET", address.target, headers={"User-Agent": "consilience", "Accept-Encoding": "identity"}
            )
            answer = connection.getresponse()
            if 300 <= answer.status < 400 and answer.headers.get("location"):
                return answer.status, str(answer.headers["location"]), b""
            return answer.status, None, _content(answer, raw, until, most) if answer.status == 200 else b""
        finally:
            end.cancel()
            connection.close()


def _content(answer: http.client.HTTPResponse, raw: socket.socket, until: float, most: int) -> bytes:
    """At most `most` bytes and one more, before `until`."""
    parts, size = [], 0
    while size <= most:
        raw.settimeout(_left(until))
        part = answer.read1(min(BLOCK, most + 1 - size))
        if not part:
            break
        parts.append(part)
        size += len(part)
    _left(until)
    if size <= most and answer.length:
        raise http.client.IncompleteRead(b"", answer.length)
    return b"".join(parts)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
