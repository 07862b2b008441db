"""`consilience serve`: models over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HOME = "127.0.0.1"


def command(
    models: Annotated[
        list[str] | None,
        typer.Argument(help="Bundle or run folders; name=folder gives a name, which later versions may share."),
    ] = None,
    repository: Annotated[
        Path | None, typer.Option(help="Folder of models, all served; a reload adds what comes later.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = HOME,
    port: Annotated[int, typer.Option(help="Port.", min=0, max=65535)] = 8000,
    keys: Annotated[Path | None, typer.Option(help="File with the digests of the keys that are let in.")] = None,
    trust: Annotated[Path | None, typer.Option(help="Public key: models not signed with its pair are refused.")] = None,
    new_key: Annotated[bool, typer.Option("--new-key", help="Print a new key and its digest, and stop.")] = False,
    insecure: Annotated[bool, typer.Option("--insecure", help="Listen beyond this machine without keys.")] = False,
    max_batch: Annotated[int, typer.Option(help="Rows of one call of a model.", min=1)] = 64,
    max_rows: Annotated[int, typer.Option(help="Rows of one request.", min=1)] = 1_000,
    max_body: Annotated[int, typer.Option(help="Bytes of one request.", min=1)] = 32 << 20,
    queue: Annotated[int, typer.Option(help="Requests that may wait for a model.", min=1)] = 256,
    deadline: Annotated[float, typer.Option(help="Seconds that a request may wait.", min=0.001)] = 30.0,
    log: Annotated[str | None, typer.Option(help="Log predictions: a SQLite file or a SQLAlchemy address.")] = None,
    log_inputs: Annotated[str, typer.Option(help="What the log keeps of inputs: summary or full.")] = "summary",
    log_days: Annotated[float | None, typer.Option(help="Days after which logged rows are deleted.", min=0)] = None,
    log_sync: Annotated[
        bool, typer.Option("--log-sync", help="Answer only when the log holds the answer on the disk.")
    ] = False,
    allow_url: Annotated[
        list[str] | None, typer.Option(help="Address below which media of requests may be fetched; again for more.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing at the start.")] = False,
) -> None:
    """Serve MODELS over HTTP: predictions as JSON, forms, tables, a page for people, Prometheus metrics."""
    from consilience.core.errors import InputError
    from consilience.serving.fetching import check_prefix
    from consilience.serving.keys import make_key, read_keys
    from consilience.serving.repository import models_of, name_models
    from consilience.serving.settings import Settings
    from consilience.serving.start import Logging, need_libraries, start

    if new_key:
        key, digest = make_key()
        print(f"key (for the caller, shown once): {key}\ndigest (a line of the --keys file): {digest}")
        return
    if not models and repository is None:
        raise InputError("no model is given", fix="consilience serve BUNDLE")
    known = read_keys(keys) if keys else frozenset()
    if host not in (HOME, "localhost", "::1") and not known and not insecure:
        fix = "Give --keys FILE, or --insecure if that is meant"
        raise InputError(f"anybody who reaches {host} could ask", where="--host", fix=fix)
    need_libraries()
    limits = Settings(max_batch, max_rows, max_body, queue, deadline, keys=known)
    urls = tuple(check_prefix(url) for url in allow_url or ())
    settings = limits._replace(urls=urls, log_sync=log_sync, repository=repository, trust=trust)
    named = name_models(models or ())
    if not quiet:
        names = [*(models_of(repository) if repository else ()), *named]
        print(
            f"Serving {', '.join(dict.fromkeys(names))} at http://{host}:{port} (form page, /v1/models, /v2, /metrics)",
            flush=True,
        )
    start(named, settings, (host, port), Logging(log, log_inputs, log_days))
