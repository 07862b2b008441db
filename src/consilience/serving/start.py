"""Start a server and stop it in good order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from consilience.core.errors import InputError, MissingExtraError
from consilience.serving.settings import Settings
from consilience.watching import audit
from consilience.watching.prediction_log import PredictionLog

if TYPE_CHECKING:
    from consilience.serving.hosted import Hosted
    from consilience.serving.house import Record
    from consilience.serving.rows import Row

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


class Logging(NamedTuple):
    """url: of the prediction log; None = nothing is logged. keep: "summary" or "full". days: kept; None = for ever."""

    url: str | None = None
    keep: str = "summary"
    days: float | None = None


def need_libraries() -> None:
    """
    Raises:
        MissingExtraError: when a library for serving is not installed.
    """
    for library in LIBRARIES:
        if find_spec(library) is None:
            raise MissingExtraError(library, "serve", "Serving")


def start(models: dict[str, Path], settings: Settings, at: tuple[str, int], logging: Logging) -> None:
    """Listen at host and port until told to stop; running requests are answered and logged first."""
    import uvicorn

    from consilience.serving.app import make_app
    from consilience.serving.house import House

    audits = {name: path for name, folder in models.items() if (path := audit.beside(folder)).is_file()}
    log = _open_log(logging, audits)
    house = House(models, settings, None if log is None else recorder(log))
    for name in house.names:
        if name in audits:
            audit.append(audits[name], "deploy", {"name": name, "version": house.of(name).version})
    uvicorn.run(
        make_app(house, lambda: None if log is None else log.close()),
        host=at[0],
        port=at[1],
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=15,
        h11_max_incomplete_event_size=64 << 10,
    )


def recorder(log: PredictionLog) -> Record:
    """What a server calls after each answer."""

    def record(hosted: Hosted, rows: Sequence[Row], answers: Sequence[Mapping[str, Any]], seconds: float) -> list[str]:
        return log.record((hosted.name, hosted.version), hosted.columns, rows, answers, seconds)

    return record


def _open_log(logging: Logging, audits: Mapping[str, Path]) -> PredictionLog | None:
    if logging.url is None:
        return None
    if logging.keep not in ("summary", "full"):
        raise InputError(f"inputs are logged as summary or full, received {logging.keep!r}", where="--log-inputs")
    return PredictionLog(logging.url, "full" if logging.keep == "full" else "summary", logging.days, audits)
