"""Start a server and stop it in good order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from consilience.core.errors import InputError, MissingExtraError
from consilience.serving.settings import Settings

LIBRARIES = ("fastapi", "uvicorn", "orjson", "prometheus_client", "multipart")
GRACE = 30
"""Seconds that running requests get when the server is told to stop."""


def name_models(given: Sequence[str]) -> dict[str, Path]:
    """name → folder of "name=folder" or "folder" (named like the folder).

    Raises:
        InputError: for a name that fits no address, a name given twice, or no such folder.
    """
    found: dict[str, Path] = {}
    for text in given:
        name, _, folder = text.rpartition("=")
        path = Path(folder)
        if not path.is_dir():
            raise InputError("no such folder", where=text)
        name = name or re.sub(r"[^0-9A-Za-z_.-]+", "-", path.resolve().name)
        if not re.fullmatch(r"[0-9A-Za-z_.-]{1,80}", name):
            raise InputError(f"{name!r} cannot stand in an address", where=text, fix="Letters, digits, _ . and - can")
        if name in found:
            raise InputError(f"two models are named {name!r}", where=text, fix="Give names: name=folder")
        found[name] = path
    return found


def start(models: dict[str, Path], settings: Settings, host: str, port: int) -> None:
    """Listen until told to stop; running requests are answered first.

    Raises:
        MissingExtraError: when the serving libraries are not installed.
    """
    for library in LIBRARIES:
        if find_spec(library) is None:
            raise MissingExtraError(library, "serve", "Serving")
    import uvicorn

    from consilience.serving.app import make_app
    from consilience.serving.house import House

    house = House(models, settings)
    uvicorn.run(
        make_app(house),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=15,
        h11_max_incomplete_event_size=64 << 10,
    )
