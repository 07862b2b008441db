"""The application: routes, page, guard, and what happens at its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from consilience.serving.front import Front
from consilience.serving.guard import Guard
from consilience.serving.house import House
from consilience.serving.page import make_page
from consilience.serving.protocol_v2 import make_routes_v2
from consilience.serving.routes import add_model, answered, make_routes


class Application(FastAPI):
    """FastAPI, but requests for predictions are answered before it is asked: see `Front`."""

    def __init__(self, house: House, **options: Any) -> None:
        super().__init__(title="Consilience", docs_url=None, redoc_url=None, **options)
        self._front = Guard(Front(house), house)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._front(scope, receive, send) if Front.takes(scope) else super().__call__(scope, receive, send))


def make_app(house: House, at_end: Callable[[], None] = lambda: None) -> FastAPI:
    """The ASGI application of the models in `house`; `at_end` runs when the last request is answered."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await house.close()
        at_end()

    app = Application(house, version=version("consilience"), lifespan=lifespan)
    app.include_router(make_routes(house))
    app.include_router(make_routes_v2(house))
    app.include_router(make_page(house))
    house.added = lambda name: _add(app, house, name)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_middleware(_guarded(house))
    return app


def _add(app: FastAPI, house: House, name: str) -> None:
    """Routes of a model that came while the server ran; the description is made anew when it is next asked for."""
    add_model(app.router, house, name)
    app.openapi_schema = None


def _guarded(house: House) -> Any:
    """The guard as Starlette builds middleware: called with the application."""

    def build(app: Any) -> Guard:
        return Guard(app, house)

    return build


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answered({"error": str(error.detail)}, error.status_code)
