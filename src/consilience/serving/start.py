"""Start a server and stop it in good order."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from consilience.core.errors import InputError, MissingExtraError
from consilience.serving.settings import Settings
from consilience.watching import audit
from consilience.watching.log_process import LogProcess
from consilience.watching.prediction_log import Audits, Told, record

if TYPE_CHECKING:
    from consilience.serving.hosted import Hosted
    from consilience.serving.house import House, Record
    from consilience.serving.rows import Row

LIBRARIES = ("fastapi", "uvicorn", "orjson", "prometheus_client", "multipart")
GRACE = 30
"""Seconds that running requests get when the server is told to stop."""


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


def start(models: Mapping[str, Sequence[Path]], settings: Settings, at: tuple[str, int], logging: Logging) -> None:
    """Listen at host and port until told to stop; running requests are answered and logged first.

    Raises:
        InputError: when a model, the log or the settings cannot be used.
    """
    import uvicorn

    from consilience.serving.app import make_app
    from consilience.serving.heads import bounded_protocol

    house, log = open_house(models, settings, logging)
    _spare_collections()
    uvicorn.run(
        make_app(house, lambda: None if log is None else log.close()),
        host=at[0],
        port=at[1],
        log_level="warning",
        http=bounded_protocol(),
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=15,
        h11_max_incomplete_event_size=64 << 10,
    )


def _spare_collections() -> None:
    """What is loaded stays, and what a request leaves is freed by its counts: looking through it for cycles every
    few hundred objects took a tenth of a small model's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def open_house(
    models: Mapping[str, Sequence[Path]], settings: Settings, logging: Logging
) -> tuple[House, LogProcess | None]:
    """The models with their log; every model that has an audit beside it gets a line there when it is deployed.

    Raises:
        InputError: as `start`.
    """
    from consilience.serving.house import House

    deployed: dict[tuple[str, str], Path] = {}  # never shortened: rows of a model that was swapped still wait

    def loaded(hosted: Hosted) -> None:
        path = audit.beside(hosted.path)
        if path.is_file():
            audit.append(path, "deploy", {"name": hosted.name, "version": hosted.version})
            deployed[hosted.name, hosted.version] = path

    log = _open_log(logging, lambda model, version: deployed.get((model, version)))
    if settings.log_sync and log is None:
        raise InputError("nothing is logged that could be waited for", where="--log-sync", fix="Give --log too")
    house = House(models, settings, None if log is None else recorder(log), loaded)
    if log is not None:
        house.measures.watch(log)
    return house, log


def recorder(log: LogProcess) -> Record:
    """What a server calls after each answer."""

    def keep(
        hosted: Hosted,
        rows: Sequence[Row],
        answers: Sequence[Mapping[str, Any]],
        seconds: float,
        told: Told | None = None,
    ) -> list[str]:
        return record(log, (hosted.name, hosted.version), hosted.columns, rows, answers, seconds, told)

    return keep


def _open_log(logging: Logging, audits: Audits) -> LogProcess | None:
    if logging.url is None:
        return None
    if logging.keep not in ("summary", "full"):
        raise InputError(f"inputs are logged as summary or full, received {logging.keep!r}", where="--log-inputs")
    return LogProcess(logging.url, "full" if logging.keep == "full" else "summary", logging.days, audits)
