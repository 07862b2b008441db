"""What a server allows."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Settings(NamedTuple):
    """max_batch: rows of one call of a model. max_rows: of one request. max_body: bytes of a request. queue: requests
    that may wait for a model. deadline: seconds until a waiting request is given up. max_pixels: of an image.
    max_seconds: of a recording. keys: SHA-256 digests (hex) of the keys that are let in; nobody is asked when empty.
    urls: addresses below which media may be fetched, see `serving.fetching`. log_sync: answer only when the log's entry
    is on the disk. repository: folder of models, which a reload may add from. trust: public key; only models signed
    with its pair are loaded.
    """

    max_batch: int = 64
    max_rows: int = 1_000
    max_body: int = 32 << 20
    queue: int = 256
    deadline: float = 30.0
    max_pixels: int = 40_000_000
    max_seconds: float = 600.0
    keys: frozenset[str] = frozenset()
    urls: tuple[str, ...] = ()
    log_sync: bool = False
    repository: Path | None = None
    trust: Path | None = None
