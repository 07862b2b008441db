"""Keys that let callers in: long random words, of which the server's file holds only the SHA-256 digest.

A digest without salt is enough for words of 256 random bits, which nobody can guess or look up.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from consilience.core.errors import InputError

FIX = "consilience serve --new-key makes a key"
DIGEST = re.compile(r"[0-9a-f]{64}")


def make_key() -> tuple[str, str]:
    """A new key for the caller and its digest for the server's file."""
    key = secrets.token_urlsafe(32)
    return key, digest_of(key)


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def read_keys(path: Path) -> frozenset[str]:
    """Digests of a file, one a line; what follows "#" is a note.

    Raises:
        InputError: when there is no such file, a line is no digest, or there is no line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from None
    found = set()
    for number, line in enumerate(lines, 1):
        digest = line.split("#")[0].strip()
        if digest and not DIGEST.fullmatch(digest):
            raise InputError(
                "not the SHA-256 digest of a key",
                where=f"{path}, line {number}",
                fix=FIX,
            )
        found |= {digest} - {""}
    if not found:
        raise InputError("the file holds no key", where=str(path), fix=FIX)
    return frozenset(found)


def is_known(key: str | None, digests: Iterable[str]) -> bool:
    """Whether a key is one of those; takes as long for every key."""
    given = digest_of(key or "")
    matches = [hmac.compare_digest(given, digest) for digest in digests]
    return any(matches) and key is not None
